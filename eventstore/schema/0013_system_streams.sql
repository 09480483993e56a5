-- What only the system writes is written only as the log bears it out, whoever has the password of the
-- runtime role. Not by a trigger: PostgreSQL makes its condition ready for each INSERT anew, which is a
-- tenth of what an append of one event costs; here it is a comparison.
-- Compatible: programs that don't know it append as before; only an export by them is refused.

DO $$
BEGIN
    IF EXISTS (SELECT FROM muster.event e
               WHERE e.stream >= 'export/' AND e.stream < 'export0' AND e.schema_version > 1) THEN
        RAISE EXCEPTION 'an export claims to have been recorded by functions that were not there yet';
    END IF;
END
$$;

-- The streams that a function of this schema is appending to right now, each to its own system event.
-- A row is never there outside of the transaction that made it.
CREATE TABLE muster.system_append (
    stream text COLLATE "C" PRIMARY KEY
);

-- Whether this is a divergence that a program can read: domain.record.divergence.Diverged, under a name.
CREATE FUNCTION muster.is_divergence(name text, what json) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    texts   CONSTANT text[] := '{doubt,expected,found,root,signed_root,stream}';
    numbers CONSTANT text[] := '{lineage,position,signed_size,size,version}';
    doubts  CONSTANT text[] := '{position,version,stream,recorded_at,content,leaf,root,heads,'
        'checkpoint,archive,folder,witness,end}';
    field   text;
BEGIN
    IF name IS NULL OR what IS NULL OR name !~ '^[a-z0-9][a-z0-9._-]{0,63}$'
       OR octet_length(what::text) > 65536 OR json_typeof(what) <> 'object' THEN
        RETURN false;
    END IF;
    IF ARRAY(SELECT k COLLATE "C" FROM json_object_keys(what) k ORDER BY 1)
       <> ARRAY(SELECT k COLLATE "C" FROM unnest(texts || numbers) k ORDER BY 1) THEN
        RETURN false;
    END IF;
    FOREACH field IN ARRAY texts LOOP
        IF json_typeof(what -> field) <> 'string' OR what ->> field IS NULL THEN
            RETURN false;
        END IF;
    END LOOP;
    FOREACH field IN ARRAY numbers LOOP
        IF json_typeof(what -> field) <> 'number'
           OR what ->> field !~ '^(0|-?[1-9][0-9]{0,18})$' THEN
            RETURN false;
        END IF;
        IF (what ->> field)::numeric NOT BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN what ->> 'doubt' = ANY (doubts)
        AND what ->> 'root' ~ '^[0-9a-f]{64}$'
        AND what ->> 'signed_root' ~ '^([0-9a-f]{64})?$'
        AND (what ->> 'lineage')::bigint BETWEEN 1 AND 2147483646
        AND (what ->> 'size')::bigint >= 0
        AND (what ->> 'signed_size')::bigint >= 0;
EXCEPTION WHEN data_exception THEN  -- a text that is none, such as one with a zero byte
    RETURN false;
END
$$;

-- Refuse an event of a system stream that the log does not bear out.
CREATE FUNCTION muster.check_system_event(
    to_stream text, version bigint, type text, schema smallint, data json, meta json
) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    category CONSTANT text := split_part(to_stream, '/', 1);
    actor    CONSTANT text := coalesce(meta ->> 'actor', '');
    incident CONSTANT text := data ->> 'incident';
    valid    boolean;
BEGIN
    IF type = 'ExportRecorded' OR category = 'export' THEN
        valid := EXISTS (SELECT FROM muster.system_append s WHERE s.stream = to_stream);
    ELSIF category = 'log' THEN
        valid := type = 'DivergenceAcknowledged' AND version = 1 AND schema = 1
            AND coalesce(meta ->> 'reason', '') <> ''
            AND ARRAY(SELECT json_object_keys(data) ORDER BY 1) = '{divergence,what}'
            AND muster.is_divergence(data ->> 'divergence', data -> 'what')
            AND EXISTS (SELECT FROM (SELECT r.divergence, r.what FROM muster.refusal r
                                     UNION ALL
                                     SELECT a.divergence, a.what FROM muster.alarm a) AS known
                        WHERE to_stream = 'log/' || known.divergence
                          AND data ->> 'divergence' = known.divergence
                          -- What stands and can't be read is acknowledged as one that can.
                          AND CASE WHEN muster.is_divergence(known.divergence, known.what)
                                   THEN (data -> 'what')::jsonb = known.what::jsonb ELSE true END);
    ELSIF category = 'disclosure' THEN
        valid := type = 'PersonalDataDisclosed' AND to_stream = 'disclosure/' || actor
            AND coalesce(meta ->> 'reason', '') <> ''
            AND (incident IS NULL OR EXISTS (
                SELECT FROM muster.event e WHERE e.stream = 'incident/' || incident));
    ELSE
        RETURN;
    END IF;
    IF actor = '' OR json_typeof(meta -> 'actor') <> 'string' OR valid IS NOT TRUE THEN
        RAISE EXCEPTION '% does not take this %: it is written by the system alone',
            to_stream, type USING ERRCODE = 'check_violation';
    END IF;
END
$$;

-- The appends as they were (0010), with that.
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
    total      CONSTANT int := cardinality(ids);
    first      int := 1;   -- of this request's events, among all
    past       int;        -- the first that is not its own
    pos        bigint;
    before     bigint;     -- where the log ended
    inserted   bigint;
    now_at     timestamptz;
    now_sent   bytea;
    named      bytea;      -- the stream, length first
    head       bytea;
    seen       record;
    stored     boolean := false;
    repeated   boolean := false;
    any_known  boolean;    -- whether any id of the call is in the log already
    any_reference CONSTANT boolean := 'ExportRecorded' = ANY (types);
    kept_at    bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(ids)]);
    versions   bigint[] := kept_at;
    hashes     bytea[] := array_fill(NULL::bytea, ARRAY[cardinality(ids)]);
    homes      text[] := array_fill(NULL::text, ARRAY[cardinality(ids)]);
BEGIN
    IF array_dims(streams) IS DISTINCT FROM '[1:' || cardinality(streams) || ']'
       OR array_dims(expected) IS DISTINCT FROM array_dims(streams)
       OR array_dims(counts) IS DISTINCT FROM array_dims(streams)
       OR array_dims(ids) IS DISTINCT FROM '[1:' || total || ']'
       OR array_dims(types) IS DISTINCT FROM array_dims(ids)
       OR array_dims(schemas) IS DISTINCT FROM array_dims(ids)
       OR array_dims(occurred) IS DISTINCT FROM array_dims(ids)
       OR array_dims(datas) IS DISTINCT FROM array_dims(ids)
       OR array_dims(metas) IS DISTINCT FROM array_dims(ids) THEN
        RAISE EXCEPTION 'the arrays of an append are not equally long'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- The log lock, held to the end of the commit: so the order of positions is that of commits.
    PERFORM pg_advisory_xact_lock(7309940773834519397);
    IF EXISTS (SELECT FROM muster.epoch) THEN
        PERFORM muster.refuse_superseded();
    END IF;
    SELECT e.position, e.recorded_at INTO pos, now_at
        FROM muster.event e ORDER BY e.position DESC LIMIT 1;
    pos := coalesce(pos, 0);
    before := pos;
    now_at := greatest(clock_timestamp(), now_at + interval '1 microsecond');
    now_sent := timestamptz_send(now_at);
    at := now_at;
    any_known := EXISTS (SELECT FROM muster.event e WHERE e.event_id = ANY (ids));

    FOR k IN 1 .. cardinality(streams) LOOP
        request := k;
        IF counts[k] IS NULL OR counts[k] < 1 OR counts[k] > total - first + 1 THEN
            RAISE EXCEPTION 'counts[%] of an append is %: each is at least 1, their sum is that of the events',
                k, coalesce(counts[k]::text, 'NULL') USING ERRCODE = 'invalid_parameter_value';
        END IF;
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

        IF any_reference OR left(streams[k], 4) = ANY ('{expo,log/,disc}'::text[]) THEN
            FOR i IN first .. past - 1 LOOP
                PERFORM muster.check_system_event(
                    streams[k], at_version + 1 + i - first, types[i], schemas[i], datas[i], metas[i]);
            END LOOP;
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
    IF first <= total THEN
        RAISE EXCEPTION 'the counts of an append sum up to %, its events are %', first - 1, total
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    IF stored THEN
        INSERT INTO muster.event (position, recorded_at, occurred_at, event_id, version,
                schema_version, stream, type, data, meta, hash)
            SELECT n.position, now_at, n.occurred_at, n.event_id, n.version,
                   n.schema_version, n.stream, n.type, n.data, n.meta, n.hash
            FROM unnest(kept_at, occurred, ids, versions, schemas, homes, types, datas, metas, hashes)
                AS n (position, occurred_at, event_id, version, schema_version, stream, type, data,
                      meta, hash)
            WHERE n.position IS NOT NULL;
        GET DIAGNOSTICS inserted = ROW_COUNT;
        IF inserted IS DISTINCT FROM pos - before THEN
            RAISE EXCEPTION 'an append numbered % events and stored %', pos - before, inserted;
        END IF;
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

    IF left(to_stream, 4) = ANY ('{expo,log/,disc}'::text[]) OR type = 'ExportRecorded' THEN
        PERFORM muster.check_system_event(to_stream, at_version + 1, type, schema, data, meta);
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

-- Which events belong to a case as the log stands: eventstore/bundle/FORMAT.md says which. Versions
-- that follow each other are one span; hash is that of its last event. Of plan and units only those
-- streams are looked at that are named, if any are.
CREATE FUNCTION muster.case_spans(
    of_incident text, only_of text[], OUT place int, OUT stream text, OUT first bigint, OUT last bigint, OUT hash bytea
) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH said AS MATERIALIZED (
        SELECT e.version, e.type, e.data FROM muster.event e
        WHERE e.stream = 'incident/' || of_incident AND e.type IN ('IncidentOpened', 'UnitDispatched')
    ), unit AS MATERIALIZED (
        SELECT e.stream FROM muster.event e
        WHERE e.version = 1 AND e.stream IN (
            SELECT 'unit/' || (s.data ->> 'unit') FROM said s WHERE s.type = 'UnitDispatched')
            AND (only_of IS NULL OR e.stream = ANY (only_of))
    ), chosen (place, stream, versions) AS (
        SELECT 1, e.stream, int8range(1, max(e.version), '[]') FROM muster.event e
            WHERE e.stream = 'incident/' || of_incident GROUP BY e.stream
        UNION ALL
        SELECT 2, p.stream, int8range(p.version, p.version, '[]')
            FROM (SELECT o.ref FROM (
                      SELECT s.data -> 'plan' AS ref FROM said s WHERE s.type = 'IncidentOpened'
                      ORDER BY s.version LIMIT 1) AS o
                  WHERE only_of IS NULL OR 'plan/' || (o.ref ->> 'id') = ANY (only_of)) AS pinned
            CROSS JOIN LATERAL (
                SELECT e.stream, e.version,
                       min(e.version) FILTER (WHERE e.type = 'PlanPublished') OVER () AS published
                FROM muster.event e
                WHERE e.stream = 'plan/' || (pinned.ref ->> 'id')
                  -- A plan is long: only those are parsed that hold the digest.
                  AND CASE WHEN strpos(e.data::text, pinned.ref ->> 'hash') > 0
                           THEN (e.data -> 'ref')::jsonb = pinned.ref::jsonb END) AS p
            WHERE p.version <= p.published
        UNION ALL
        SELECT 3, u.stream, int8range(1, 1, '[]') FROM unit u
        UNION ALL
        SELECT 3, u.stream, int8range(reserved.version, coalesce(
                (SELECT min(e.version) FROM muster.event e
                 WHERE e.stream = u.stream AND e.version > reserved.version
                   AND e.type = 'UnitReservationReleased'),
                (SELECT max(e.version) FROM muster.event e WHERE e.stream = u.stream)), '[]')
            FROM unit u JOIN muster.event reserved ON reserved.stream = u.stream
            WHERE reserved.type = 'UnitReserved' AND reserved.data ->> 'incident' = of_incident
        UNION ALL
        SELECT 4, e.stream, int8range(1, max(e.version), '[]') FROM muster.event e
            WHERE e.stream >= 'log/' AND e.stream < 'log0' GROUP BY e.stream
    )
    -- Not a join: by the planner's guess of the spans that would read the whole log.
    SELECT c.place, c.stream, lower(c.versions), upper(c.versions) - 1,
           (SELECT e.hash FROM muster.event e
            WHERE e.stream = c.stream AND e.version = upper(c.versions) - 1)
    FROM (SELECT n.place, n.stream, unnest(range_agg(n.versions)) AS versions
          FROM chosen n GROUP BY n.place, n.stream) AS c
    ORDER BY c.place, c.stream, lower(c.versions)
$$;

-- The id of a command's n-th event; eventstore/ids.py documents it.
CREATE FUNCTION muster.event_id(command uuid, number int) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made bytea := substr(uuid_send(command), 1, 6)
               || substr(sha256(uuid_send(command) || int4send(number)), 1, 10);
BEGIN
    made := set_byte(made, 6, get_byte(made, 6) & 15 | 128);
    made := set_byte(made, 8, get_byte(made, 8) & 63 | 128);
    RETURN encode(made, 'hex')::uuid;
END
$$;

-- Export a case, under the log's lock: first its own stream takes the reference to the export, so that
-- it ends with that; then the export takes the spans that this function finds. The caller says who and
-- why, the rest is set here. The status is as in muster.append. The spans of plan and units grow with
-- their lives, so they are found before the lock; under it, only those of streams that grew since are.
CREATE FUNCTION muster.export_case(of_incident text, meta json)
RETURNS TABLE (request int, status text, at_version bigint, at_position bigint, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    command uuid := (meta ->> 'command_id')::uuid;
    mine    text := 'export/' || command;
    its     text := 'incident/' || of_incident;
    by_whom jsonb := meta::jsonb || jsonb_build_object('database_role', session_user);
    seen    record;
    head    bigint;
    spans   text;
    known   record;   -- the spans, before the lock
    grown   text[];   -- the streams that have events since, or came to belong to the case
BEGIN
    IF EXISTS (SELECT FROM muster.refusal) THEN
        RAISE EXCEPTION 'the log takes no events' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF command IS NULL OR meta -> 'command' ->> 'kind' IS DISTINCT FROM 'ExportCase'
       OR meta -> 'command' ->> 'incident' IS DISTINCT FROM of_incident THEN
        RAISE EXCEPTION 'an export says which command it is' USING ERRCODE = 'check_violation';
    END IF;
    SELECT coalesce((SELECT max(e.position) FROM muster.event e), 0) AS until,
           array_agg(s.place) AS places, array_agg(s.stream) AS streams,
           array_agg(s.first) AS firsts, array_agg(s.last) AS lasts, array_agg(s.hash) AS hashes
        INTO known FROM muster.case_spans(of_incident, NULL) s WHERE s.place IN (2, 3);
    PERFORM pg_advisory_xact_lock(7309940773834519397);
    request := 1;
    SELECT e.stream, e.version, e.position, e.recorded_at, e.data INTO seen FROM muster.event e
        WHERE e.event_id = muster.event_id(command, 0);
    IF FOUND THEN
        status := 'id_reused';
        IF seen.stream = mine AND seen.data ->> 'incident' = of_incident THEN
            status := 'duplicate'; at_version := 1; at_position := seen.position; at := seen.recorded_at;
            PERFORM muster.settle();
        END IF;
        RETURN NEXT;
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM muster.event e
                   WHERE e.stream = its AND e.version = 1 AND e.type = 'IncidentOpened') THEN
        RAISE EXCEPTION 'there is no incident %', of_incident USING ERRCODE = 'no_data_found';
    END IF;
    SELECT e.version INTO head FROM muster.event e WHERE e.stream = its ORDER BY e.version DESC LIMIT 1;

    INSERT INTO muster.system_append (stream) VALUES (mine), (its);
    SELECT a.status, a.at_position INTO seen FROM muster.append(
        its, head, muster.event_id(command, 1), 'ExportRecorded', 1::smallint, clock_timestamp(),
        json_build_object('export', command), (by_whom - 'command')::json) a;
    IF seen.status <> 'appended' THEN  -- by somebody who took the id
        DELETE FROM muster.system_append s WHERE s.stream IN (mine, its);
        status := 'id_reused';
        RETURN NEXT;
        RETURN;
    END IF;
    grown := ARRAY(
        SELECT e.stream FROM muster.event e WHERE e.position > known.until
        UNION
        SELECT 'unit/' || (e.data ->> 'unit') FROM muster.event e
            WHERE e.position > known.until AND e.stream = its AND e.type = 'UnitDispatched');
    SELECT string_agg(format('{"stream":%s,"first":%s,"last":%s,"hash":"%s"}', to_json(s.stream),
                             s.first, s.last, encode(s.hash, 'hex')),
                      ',' ORDER BY s.place, s.stream, s.first)
        INTO spans FROM (
            SELECT * FROM unnest(known.places, known.streams, known.firsts, known.lasts, known.hashes)
                AS before (place, stream, first, last, hash)
            WHERE before.stream <> ALL (grown)
            UNION ALL
            SELECT * FROM muster.case_spans(of_incident, grown)) AS s;
    RETURN QUERY SELECT * FROM muster.append(
        mine, 0, muster.event_id(command, 0), 'CaseExported', 2::smallint, clock_timestamp(),
        format('{"incident":"%s","spans":[%s],"as_of":%s}', of_incident, spans, seen.at_position)::json,
        by_whom::json);
    DELETE FROM muster.system_append s WHERE s.stream IN (mine, its);
END
$$;

REVOKE ALL ON FUNCTION muster.is_divergence, muster.check_system_event, muster.case_spans, muster.event_id,
    muster.export_case FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster.is_divergence, muster.export_case TO muster_runtime;
