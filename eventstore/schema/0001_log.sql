-- The log. Insert-only, by grants and by triggers; muster.append is the only way in.

REVOKE ALL ON SCHEMA muster FROM PUBLIC;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'muster_runtime') THEN
        -- It has no password and so cannot come in by one until somebody sets it.
        CREATE ROLE muster_runtime LOGIN;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA muster TO muster_runtime;
GRANT SELECT ON muster.migration TO muster_runtime;

CREATE TABLE muster.event (
    -- Dense, 1..N, in the order of commits: whoever has seen position P has seen all before it.
    position       bigint      NOT NULL,
    -- Later in every append than in the one before, also when the clock is put back.
    recorded_at    timestamptz NOT NULL,
    occurred_at    timestamptz NOT NULL,
    event_id       uuid        NOT NULL,
    version        bigint      NOT NULL CHECK (version > 0),
    schema_version smallint    NOT NULL CHECK (schema_version > 0),
    -- <category>/<id>
    stream         text        COLLATE "C" NOT NULL CHECK (strpos(stream, '/') > 1),
    type           text        COLLATE "C" NOT NULL,
    -- json, never jsonb: the text is kept byte for byte, and it is what is hashed.
    data           json        NOT NULL,
    meta           json        NOT NULL,
    hash           bytea       NOT NULL CHECK (octet_length(hash) = 32),
    CONSTRAINT event_position PRIMARY KEY (position),
    CONSTRAINT event_stream_version UNIQUE (stream, version) INCLUDE (hash),
    CONSTRAINT event_event_id UNIQUE (event_id)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.02, fillfactor = 100);

CREATE FUNCTION muster.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is never changed: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON muster.event
    FOR EACH STATEMENT EXECUTE FUNCTION muster.refuse_change();
ALTER TABLE muster.event ENABLE ALWAYS TRIGGER never_changed;

GRANT SELECT ON muster.event TO muster_runtime;

-- The seal of an event; eventstore/seal.py documents what is hashed. Plain SQL, to be inlined.
CREATE FUNCTION muster.event_hash(
    before bytea, named bytea, version bigint, event_id uuid, recorded_at timestamptz,
    occurred_at timestamptz, type bytea, schema_version smallint, data json, meta json
) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(
        '\x6d75737465722f6576656e742f763100'::bytea   -- muster/event/v1 NUL
        || before || named || int8send(version) || uuid_send(event_id)
        || timestamptz_send(recorded_at) || timestamptz_send(occurred_at)
        || int4send(octet_length(type)) || type || int2send(schema_version)
        || sha256(convert_to(data::text, 'UTF8')) || sha256(convert_to(meta::text, 'UTF8')))
$$;

-- Append to several streams at once, each standing or falling alone. Request k names a stream, the
-- version it expects to find, and how many of the events that follow are its own. Per request:
--   appended   version and position are those of its last event
--   conflict   the stream is at another version, which is returned; nothing of it was appended
--   duplicate  exactly these events are there already; version and position are theirs
--   id_reused  one of its ids is there already, with other content or in another place
-- A stream and an id come at most once in a call. eventstore/seal.py documents what is hashed.
CREATE FUNCTION muster.append(
    streams text[], expected bigint[], counts int[],
    ids uuid[], types text[], schemas smallint[], occurred timestamptz[],
    datas json[], metas json[]
) RETURNS TABLE (request int, status text, at_version bigint, at_position bigint, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- Plans are kept from when the table was empty: never let one scan the whole log.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    stream_tag CONSTANT bytea := 'muster/stream/v1'::bytea || '\x00'::bytea;
    first      int := 1;   -- of this request's events, among all
    past       int;        -- the first that is not its own
    pos        bigint;
    now_at     timestamptz;
    now_sent   bytea;
    named      bytea;      -- the stream, length first
    head       bytea;
    seen       record;
    stored     boolean := false;
    any_known  boolean;    -- whether any id of the call is in the log already
    kept_at    bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(ids)]);
    versions   bigint[] := kept_at;
    hashes     bytea[] := array_fill(NULL::bytea, ARRAY[cardinality(ids)]);
    homes      text[] := array_fill(NULL::text, ARRAY[cardinality(ids)]);
BEGIN
    -- The log lock, held to the end of the commit: so the order of positions is that of commits.
    PERFORM pg_advisory_xact_lock(7309940773834519397);
    SELECT e.position, e.recorded_at INTO pos, now_at
        FROM muster.event e ORDER BY e.position DESC LIMIT 1;
    pos := coalesce(pos, 0);
    now_at := greatest(clock_timestamp(), now_at + interval '1 microsecond');
    now_sent := timestamptz_send(now_at);
    at := now_at;
    any_known := EXISTS (SELECT FROM muster.event e WHERE e.event_id = ANY (ids));

    FOR k IN 1 .. cardinality(streams) LOOP
        request := k;
        past := first + counts[k];
        IF any_known THEN
            SELECT count(*) AS ids, bool_and(
                    e.stream = streams[k] AND e.type = given.type
                    AND e.schema_version = given.schema_version
                    AND e.data::text = given.data::text) AS same
                INTO seen
                FROM unnest(ids[first:past - 1], types[first:past - 1], schemas[first:past - 1],
                            datas[first:past - 1]) AS given (event_id, type, schema_version, data)
                JOIN muster.event e USING (event_id);
            IF seen.ids > 0 THEN
                status := CASE WHEN seen.ids = counts[k] AND seen.same
                               THEN 'duplicate' ELSE 'id_reused' END;
                at_version := NULL; at_position := NULL;
                SELECT e.version, e.position, e.recorded_at INTO at_version, at_position, at
                    FROM muster.event e
                    WHERE e.event_id = ids[past - 1] AND status = 'duplicate';
                RETURN NEXT;
                at := now_at; first := past;
                CONTINUE;
            END IF;
        END IF;

        named := convert_to(streams[k], 'UTF8');
        named := int4send(octet_length(named)) || named;
        SELECT e.version, e.hash INTO at_version, head
            FROM muster.event e WHERE e.stream = streams[k] ORDER BY e.version DESC LIMIT 1;
        IF NOT FOUND THEN
            at_version := 0;
            head := sha256(stream_tag || named);
        END IF;
        IF expected[k] IS DISTINCT FROM at_version THEN
            status := 'conflict'; at_position := NULL;
            RETURN NEXT;
            first := past;
            CONTINUE;
        END IF;

        FOR i IN first .. past - 1 LOOP
            at_version := at_version + 1;
            pos := pos + 1;
            head := muster.event_hash(head, named, at_version, ids[i], now_at, occurred[i],
                convert_to(types[i], 'UTF8'), schemas[i], datas[i], metas[i]);
            homes[i] := streams[k]; kept_at[i] := pos; versions[i] := at_version; hashes[i] := head;
        END LOOP;
        stored := true;
        status := 'appended'; at_position := pos;
        RETURN NEXT;
        first := past;
    END LOOP;

    IF stored THEN
        INSERT INTO muster.event (position, recorded_at, occurred_at, event_id, version,
                schema_version, stream, type, data, meta, hash)
            SELECT n.position, now_at, n.occurred_at, n.event_id, n.version,
                   n.schema_version, n.stream, n.type, n.data, n.meta, n.hash
            FROM unnest(kept_at, occurred, ids, versions, schemas, homes, types, datas, metas, hashes)
                AS n (position, occurred_at, event_id, version, schema_version, stream, type, data,
                      meta, hash)
            WHERE n.position IS NOT NULL;
        PERFORM pg_notify('muster_log', pos::text);   -- a doorbell, never the data
    END IF;
END
$$;

-- The same for one event, which is what most calls bring: a quarter faster. What cannot simply be
-- appended is left to the one above, which knows how to say so.
CREATE FUNCTION muster.append(
    to_stream text, expected bigint, id uuid, type text, schema smallint, occurred timestamptz,
    data json, meta json
) RETURNS TABLE (request int, status text, at_version bigint, at_position bigint, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    named bytea := convert_to(to_stream, 'UTF8');
    head  bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(7309940773834519397);
    named := int4send(octet_length(named)) || named;
    SELECT e.version, e.hash INTO at_version, head
        FROM muster.event e WHERE e.stream = to_stream ORDER BY e.version DESC LIMIT 1;
    IF NOT FOUND THEN
        at_version := 0;
        head := sha256('muster/stream/v1'::bytea || '\x00'::bytea || named);
    END IF;
    IF expected IS DISTINCT FROM at_version
       OR EXISTS (SELECT FROM muster.event e WHERE e.event_id = id) THEN
        RETURN QUERY SELECT * FROM muster.append(
            ARRAY[to_stream], ARRAY[expected], ARRAY[1], ARRAY[id], ARRAY[type], ARRAY[schema],
            ARRAY[occurred], ARRAY[data], ARRAY[meta]);
        RETURN;
    END IF;

    SELECT e.position, e.recorded_at INTO at_position, at
        FROM muster.event e ORDER BY e.position DESC LIMIT 1;
    at_version := at_version + 1;
    at_position := coalesce(at_position, 0) + 1;
    at := greatest(clock_timestamp(), at + interval '1 microsecond');
    INSERT INTO muster.event (position, recorded_at, occurred_at, event_id, version,
            schema_version, stream, type, data, meta, hash)
        VALUES (at_position, at, occurred, id, at_version, schema, to_stream, type, data, meta,
                muster.event_hash(head, named, at_version, id, at, occurred,
                                  convert_to(type, 'UTF8'), schema, data, meta));
    PERFORM pg_notify('muster_log', at_position::text);
    request := 1;
    status := 'appended';
    RETURN NEXT;
END
$$;

-- The last position recorded at or before an instant; 0 before the first. Positions are dense and
-- recorded_at only grows, so halving finds it without an index.
CREATE FUNCTION muster.position_at(instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    low  bigint := 0;
    high bigint := coalesce((SELECT max(e.position) FROM muster.event e), 0);
    mid  bigint;
BEGIN
    WHILE low < high LOOP
        mid := (low + high + 1) / 2;
        IF (SELECT e.recorded_at FROM muster.event e WHERE e.position = mid) <= instant THEN
            low := mid;
        ELSE
            high := mid - 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA muster FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    muster.append (text[], bigint[], int[], uuid[], text[], smallint[], timestamptz[], json[], json[]),
    muster.append (text, bigint, uuid, text, smallint, timestamptz, json, json),
    muster.position_at TO muster_runtime;
