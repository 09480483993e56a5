-- convert_to is STABLE, so what calls it can't be IMMUTABLE and be inlined: it was called instead,
-- at twice the time that hashing takes. What it returns is the same.
ALTER FUNCTION muster.event_hash (
    bytea, bytea, bigint, uuid, timestamptz, timestamptz, bytea, smallint, json, json
) STABLE;
