-- What the notary signed, what proofs are made of, and the gate that closes when the log diverges.

CREATE TABLE muster.checkpoint (
    lineage   int         NOT NULL CHECK (lineage > 0),
    size      bigint      NOT NULL CHECK (size > 0),
    root      bytea       NOT NULL CHECK (octet_length(root) = 32),
    -- As it was signed, with the cosignatures that came since.
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT now(),
    -- An RFC 3161 token over the note, if there is one, and the note that it is over.
    stamped   bytea,
    stamp_of  text,
    PRIMARY KEY (lineage, size)
);
GRANT SELECT, INSERT ON muster.checkpoint TO muster_runtime;
GRANT UPDATE (note, stamped, stamp_of) ON muster.checkpoint TO muster_runtime;

-- Roots of whole tiles of the newest lineage: level 1 is over 256 events, level 2 over 65,536. They
-- follow from muster.event, and save reading it for a proof.
CREATE TABLE muster.subtree (
    level  smallint NOT NULL CHECK (level > 0),
    number bigint   NOT NULL CHECK (number >= 0),
    hash   bytea    NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, number)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON muster.subtree TO muster_runtime;

-- Why nothing may be appended, while that is so. At most one row.
CREATE TABLE muster.refusal (
    only_one   boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    divergence text        NOT NULL,
    what       json        NOT NULL,
    since      timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON muster.refusal TO muster_runtime;

-- Close the gate: the right to append is taken away, which costs an append nothing to know.
CREATE FUNCTION muster.refuse(divergence text, what json) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    way_in regprocedure;
BEGIN
    LOCK TABLE muster.refusal IN EXCLUSIVE MODE;
    DELETE FROM muster.refusal;
    INSERT INTO muster.refusal (divergence, what) VALUES (refuse.divergence, refuse.what);
    FOR way_in IN SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace = 'muster'::regnamespace AND p.proname = 'append'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM muster_runtime', way_in);
    END LOOP;
END
$$;

-- Open it again, by the very event that acknowledges why it was closed: both or neither.
CREATE FUNCTION muster.readmit(
    divergence text, streams text[], expected bigint[], counts int[],
    ids uuid[], types text[], schemas smallint[], occurred timestamptz[],
    datas json[], metas json[]
) RETURNS TABLE (request int, status text, at_version bigint, at_position bigint, at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    way_in regprocedure;
BEGIN
    LOCK TABLE muster.refusal IN EXCLUSIVE MODE;
    IF cardinality(streams) <> 1 OR streams[1] <> 'log/' || readmit.divergence THEN
        RAISE EXCEPTION 'a divergence is acknowledged in its own stream';
    END IF;
    FOR request, status, at_version, at_position, at IN
        SELECT a.request, a.status, a.at_version, a.at_position, a.at
        FROM muster.append(streams, expected, counts, ids, types, schemas, occurred, datas, metas) a
    LOOP
        IF status = 'appended' THEN
            DELETE FROM muster.refusal r WHERE r.divergence = readmit.divergence;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'no divergence % stands', readmit.divergence;
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

REVOKE ALL ON FUNCTION muster.refuse, muster.readmit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION muster.refuse, muster.readmit TO muster_runtime;
