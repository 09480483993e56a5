-- The newest event of each stream and the incidents of each venue, as the notary signs them.
-- Compatible: tables that only those who know them use.

-- They follow from muster.event, and save reading it for a proof: not logged, made again when lost.
CREATE UNLOGGED TABLE muster.head (
    key      bytea  NOT NULL CHECK (octet_length(key) = 32),
    space    text   COLLATE "C" NOT NULL CHECK (space IN ('stream', 'venue')),
    name     text   COLLATE "C" NOT NULL,
    -- The newest version of a stream; how many incidents were opened at a venue.
    number   bigint NOT NULL CHECK (number > 0),
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32),
    -- Of the event that made it so.
    position bigint NOT NULL CHECK (position > 0),
    PRIMARY KEY (key)
) WITH (fillfactor = 70);

-- The incidents of each venue, in the order in which they were opened.
CREATE UNLOGGED TABLE muster.venue_incident (
    venue    text   COLLATE "C" NOT NULL,
    number   bigint NOT NULL CHECK (number > 0),
    position bigint NOT NULL CHECK (position > 0),
    stream   text   COLLATE "C" NOT NULL,
    -- The hash of the event that opened it, and of the venue's entry from then on.
    opened   bytea  NOT NULL CHECK (octet_length(opened) = 32),
    hash     bytea  NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (venue, number)
);

-- The map by the first byte of its keys, as it was under the newest checkpoints.
CREATE UNLOGGED TABLE muster.head_buckets (
    lineage int         NOT NULL CHECK (lineage > 0),
    size    bigint      NOT NULL CHECK (size >= 0),
    buckets bytea       NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (lineage, size)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON muster.head, muster.venue_incident, muster.head_buckets
    TO muster_runtime;
