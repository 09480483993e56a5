-- States of long streams, so that a fold need not begin at the first event. None is ever needed:
-- DELETE FROM muster.snapshot is always safe. Each names the fold that made it and the hash of the
-- event after which it stood; one that does not fit the log is not used.
CREATE TABLE muster.snapshot (
    stream  text   COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    fold    text   NOT NULL,
    hash    bytea  NOT NULL CHECK (octet_length(hash) = 32),
    state   text   NOT NULL,
    PRIMARY KEY (stream, version)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON muster.snapshot TO muster_runtime;

-- The last version of a stream at or before a position; 0 before its first event. Versions and
-- positions grow together, so halving finds it without an index.
CREATE FUNCTION muster.version_at(of_stream text, at_position bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    low  bigint := 0;
    high bigint := coalesce(
        (SELECT e.version FROM muster.event e WHERE e.stream = of_stream
         ORDER BY e.version DESC LIMIT 1), 0);
    mid  bigint;
BEGIN
    WHILE low < high LOOP
        mid := (low + high + 1) / 2;
        IF (SELECT e.position FROM muster.event e
            WHERE e.stream = of_stream AND e.version = mid) <= at_position THEN
            low := mid;
        ELSE
            high := mid - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;
REVOKE ALL ON FUNCTION muster.version_at FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster.version_at TO muster_runtime;
