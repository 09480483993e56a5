-- What only the system writes is written only as the log bears it out, whoever has the password of the
-- runtime role. The trigger's condition is evaluated without a call: what it costs other events is too
-- little to be measured.
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

-- Refuse an event of a system stream that the log does not bear out.
CREATE FUNCTION muster.check_system_event() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    category CONSTANT text := split_part(NEW.stream, '/', 1);
    actor    CONSTANT text := coalesce(NEW.meta ->> 'actor', '');
    incident CONSTANT text := NEW.data ->> 'incident';
    valid    boolean;
BEGIN
    IF NEW.type = 'ExportRecorded' OR category = 'export' THEN
        valid := EXISTS (SELECT FROM muster.system_append s WHERE s.stream = NEW.stream);
    ELSIF category = 'log' THEN
        valid := NEW.type = 'DivergenceAcknowledged' AND NEW.version = 1
            AND coalesce(NEW.meta ->> 'reason', '') <> ''
            AND EXISTS (SELECT FROM muster.refusal r
                        WHERE NEW.stream = 'log/' || r.divergence
                          AND NEW.data ->> 'divergence' = r.divergence
                          AND (NEW.data -> 'what')::jsonb = r.what::jsonb);
    ELSE
        valid := NEW.type = 'PersonalDataDisclosed' AND NEW.stream = 'disclosure/' || actor
            AND coalesce(NEW.meta ->> 'reason', '') <> ''
            AND (incident IS NULL OR EXISTS (
                SELECT FROM muster.event e WHERE e.stream = 'incident/' || incident));
    END IF;
    IF actor = '' OR valid IS NOT TRUE THEN
        RAISE EXCEPTION '% does not take this %: it is written by the system alone',
            NEW.stream, NEW.type USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER system_event BEFORE INSERT ON muster.event FOR EACH ROW
    WHEN (starts_with(NEW.stream, 'export/') OR starts_with(NEW.stream, 'log/')
          OR starts_with(NEW.stream, 'disclosure/') OR NEW.type = 'ExportRecorded')
    EXECUTE FUNCTION muster.check_system_event();

-- Which events belong to a case as the log stands: eventstore/bundle/FORMAT.md says which. Versions
-- that follow each other are one span; hash is that of its last event.
CREATE FUNCTION muster.case_spans(
    of_incident text, OUT place int, OUT stream text, OUT first bigint, OUT last bigint, OUT hash bytea
) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH said AS MATERIALIZED (
        SELECT e.version, e.type, e.data FROM muster.event e
        WHERE e.stream = 'incident/' || of_incident AND e.type IN ('IncidentOpened', 'UnitDispatched')
    ), unit AS MATERIALIZED (
        SELECT e.stream FROM muster.event e
        WHERE e.version = 1 AND e.stream IN (
            SELECT 'unit/' || (s.data ->> 'unit') FROM said s WHERE s.type = 'UnitDispatched')
    ), chosen (place, stream, versions) AS (
        SELECT 1, e.stream, int8range(1, max(e.version), '[]') FROM muster.event e
            WHERE e.stream = 'incident/' || of_incident GROUP BY e.stream
        UNION ALL
        SELECT 2, p.stream, int8range(p.version, p.version, '[]')
            FROM (SELECT s.data -> 'plan' AS ref FROM said s WHERE s.type = 'IncidentOpened'
                  ORDER BY s.version LIMIT 1) AS pinned
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
    SELECT c.place, c.stream, lower(c.versions), upper(c.versions) - 1, e.hash
    FROM (SELECT n.place, n.stream, unnest(range_agg(n.versions)) AS versions
          FROM chosen n GROUP BY n.place, n.stream) AS c
    JOIN muster.event e ON e.stream = c.stream AND e.version = upper(c.versions) - 1
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
-- why, the rest is set here. The status is as in muster.append.
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
BEGIN
    IF EXISTS (SELECT FROM muster.refusal) THEN
        RAISE EXCEPTION 'the log takes no events' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF command IS NULL OR meta -> 'command' ->> 'kind' IS DISTINCT FROM 'ExportCase'
       OR meta -> 'command' ->> 'incident' IS DISTINCT FROM of_incident THEN
        RAISE EXCEPTION 'an export says which command it is' USING ERRCODE = 'check_violation';
    END IF;
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
    SELECT string_agg(format('{"stream":%s,"first":%s,"last":%s,"hash":"%s"}', to_json(s.stream),
                             s.first, s.last, encode(s.hash, 'hex')),
                      ',' ORDER BY s.place, s.stream, s.first)
        INTO spans FROM muster.case_spans(of_incident) s;
    RETURN QUERY SELECT * FROM muster.append(
        mine, 0, muster.event_id(command, 0), 'CaseExported', 2::smallint, clock_timestamp(),
        format('{"incident":"%s","spans":[%s],"as_of":%s}', of_incident, spans, seen.at_position)::json,
        by_whom::json);
    DELETE FROM muster.system_append s WHERE s.stream IN (mine, its);
END
$$;

REVOKE ALL ON FUNCTION muster.check_system_event, muster.case_spans, muster.event_id,
    muster.export_case FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster.export_case TO muster_runtime;
