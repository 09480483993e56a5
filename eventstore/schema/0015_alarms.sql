-- Alarms about what proves the log, checkpoints that do not count yet, and a gate that keeps why it closed.
-- Compatible: a column with a default, a table of its own, and functions that are called as before.

-- Whether enough witnesses cosigned it to be shown as a proof. What was signed binds the notary all the same.
ALTER TABLE muster.checkpoint ADD COLUMN counts boolean NOT NULL DEFAULT true;
-- The root, too: what somebody else put in the place of a checkpoint is replaced once that is acknowledged.
GRANT UPDATE (root, counts) ON muster.checkpoint TO muster_runtime;

-- What is not right with the evidence while appends go on. One row for each kind.
CREATE TABLE muster.alarm (
    kind       text        PRIMARY KEY,
    says       text        NOT NULL,
    -- If it ends only when an administrator acknowledges it: its name, and what it is about.
    divergence text,
    what       json,
    since      timestamptz NOT NULL DEFAULT now(),
    CHECK ((divergence IS NULL) = (what IS NULL)),
    CHECK (divergence IS NULL OR muster.is_divergence(divergence, what))
);
GRANT SELECT, INSERT, UPDATE, DELETE ON muster.alarm TO muster_runtime;

-- Close the gate. The first divergence stays until it is acknowledged: a later one does not cover it.
ALTER TABLE muster.refusal ADD COLUMN found_by text NOT NULL DEFAULT 'notary';
-- A name that nobody could acknowledge was not given by a program of ours.
UPDATE muster.refusal r SET divergence = 'unreadable-' || md5(r.divergence)
    WHERE r.divergence !~ '^[a-z0-9][a-z0-9._-]{0,63}$';
DROP FUNCTION muster.refuse(text, json);
CREATE FUNCTION muster.refuse(divergence text, what json, found_by text DEFAULT 'notary') RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    way_in regprocedure;
BEGIN
    IF NOT muster.is_divergence(refuse.divergence, refuse.what) THEN
        RAISE EXCEPTION 'this is no divergence with its name' USING ERRCODE = 'check_violation';
    END IF;
    LOCK TABLE muster.refusal IN EXCLUSIVE MODE;
    INSERT INTO muster.refusal (divergence, what, found_by)
        VALUES (refuse.divergence, refuse.what, refuse.found_by) ON CONFLICT DO NOTHING;
    FOR way_in IN SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'muster'::regnamespace AND p.proname = 'append'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM muster_runtime', way_in);
    END LOOP;
END
$$;

REVOKE ALL ON FUNCTION muster.refuse FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster.refuse TO muster_runtime;

-- Open it again, by the very event that acknowledges why it was closed: both or neither. An alarm that waits for
-- an acknowledgement ends the same way, whether the gate is closed or not.
CREATE OR REPLACE FUNCTION muster.readmit(
    divergence text, streams text[], expected bigint[], counts int[],
    ids uuid[], types text[], schemas smallint[], occurred timestamptz[],
    datas json[], metas json[]
) RETURNS TABLE (request int, status text, at_version bigint, at_position bigint, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    way_in regprocedure;
BEGIN
    LOCK TABLE muster.refusal IN EXCLUSIVE MODE;
    IF streams IS DISTINCT FROM ARRAY['log/' || readmit.divergence] OR counts IS DISTINCT FROM '{1}' THEN
        RAISE EXCEPTION 'a divergence is acknowledged by one event in its own stream'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR request, status, at_version, at_position, at IN
        SELECT a.request, a.status, a.at_version, a.at_position, a.at
        FROM muster.append(streams, expected, counts, ids, types, schemas, occurred, datas, metas) a
    LOOP
        IF status = 'appended' THEN
            IF at_version IS DISTINCT FROM 1 OR NOT EXISTS (
                    SELECT FROM muster.event e WHERE e.stream = streams[1] AND e.version = 1) THEN
                RAISE EXCEPTION 'no event acknowledges the divergence %', readmit.divergence;
            END IF;
            DELETE FROM muster.refusal r WHERE r.divergence = readmit.divergence;
            IF NOT FOUND THEN
                DELETE FROM muster.alarm a WHERE a.divergence = readmit.divergence;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'no divergence % stands', readmit.divergence;
                END IF;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
    IF NOT EXISTS (SELECT FROM muster.refusal) THEN
        FOR way_in IN SELECT p.oid FROM pg_proc p
            WHERE p.pronamespace = 'muster'::regnamespace AND p.proname = 'append'
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO muster_runtime', way_in);
        END LOOP;
    END IF;
END
$$;
