-- Several servers, of which one is the primary. An epoch is the time in which a server is: that of its
-- timeline, which PostgreSQL raises with every promotion, so that nobody can forget to.

-- The highest epoch that this server was told of, and of which cluster: a dump that is restored
-- elsewhere is of none. At most one row; the append refuses while it is higher than the server's own.
CREATE TABLE muster.epoch (
    only_one boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    system   bigint      NOT NULL,
    highest  bigint      NOT NULL,
    told_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT ON muster.epoch TO muster_runtime;

-- What this server is. Where its provider hides that: system 0, epoch 0.
CREATE FUNCTION muster.server(
    OUT is_standby boolean, OUT system bigint, OUT epoch bigint, OUT highest bigint,
    OUT started_at timestamptz, OUT commits_wait_for text
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    is_standby := pg_is_in_recovery();
    started_at := pg_postmaster_start_time();
    commits_wait_for := current_setting('synchronous_standby_names');
    BEGIN
        system := (SELECT c.system_identifier FROM pg_control_system() c);
        IF NOT is_standby THEN
            epoch := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    system := coalesce(system, 0);
    epoch := coalesce(epoch, 0);
    highest := coalesce(
        (SELECT e.highest FROM muster.epoch e WHERE e.system = server.system), 0);
END
$$;

-- Tell a server that there is a later primary. It believes whoever may append.
CREATE FUNCTION muster.supersede(of_system bigint, by_epoch bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO muster.epoch AS e (system, highest) VALUES (of_system, by_epoch)
    ON CONFLICT (only_one) DO UPDATE
        SET system = excluded.system, highest = excluded.highest, told_at = clock_timestamp()
        WHERE e.system <> excluded.system OR e.highest < excluded.highest;
END
$$;

-- The state is that of a server which may not be written: who meets it looks for another one.
CREATE FUNCTION muster.refuse_superseded() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here record;
BEGIN
    SELECT s.epoch, s.highest INTO here FROM muster.server() s;
    IF here.highest > here.epoch THEN
        RAISE EXCEPTION 'this server is of epoch %, and was superseded by epoch %',
            here.epoch, here.highest USING ERRCODE = 'read_only_sql_transaction';
    END IF;
END
$$;

-- Whatever could be read before this commits is on the standby when it has committed, if commits wait
-- for one: its own record comes after all of it.
CREATE FUNCTION muster.settle() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM muster.epoch) THEN
        PERFORM muster.refuse_superseded();
    END IF;
    IF current_setting('synchronous_standby_names') <> '' THEN
        PERFORM pg_logical_emit_message(true, 'muster', '');
    END IF;
END
$$;

-- What a server is may be asked by everybody whom the schema is open to.
REVOKE ALL ON FUNCTION muster.supersede, muster.refuse_superseded, muster.settle FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster.supersede, muster.settle TO muster_runtime;

-- The appends as they were (0001), with the two things more.
CREATE OR REPLACE FUNCTION muster.append(
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
    repeated   boolean := false;
    any_known  boolean;    -- whether any id of the call is in the log already
    kept_at    bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(ids)]);
    versions   bigint[] := kept_at;
    hashes     bytea[] := array_fill(NULL::bytea, ARRAY[cardinality(ids)]);
    homes      text[] := array_fill(NULL::text, ARRAY[cardinality(ids)]);
BEGIN
    -- The log lock, held to the end of the commit: so the order of positions is that of commits.
    PERFORM pg_advisory_xact_lock(7309940773834519397);
    IF EXISTS (SELECT FROM muster.epoch) THEN
        PERFORM muster.refuse_superseded();
    END IF;
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
                repeated := repeated OR status = 'duplicate';
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
    ELSIF repeated THEN
        -- What is there already is acknowledged again: not before a standby has it, either.
        PERFORM muster.settle();
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION muster.append(
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
    IF EXISTS (SELECT FROM muster.epoch) THEN
        PERFORM muster.refuse_superseded();
    END IF;
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
