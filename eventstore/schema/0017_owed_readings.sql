-- Readings of cases that were answered while the log took no events: appended once it takes them again.
-- Compatible: a table of its own.

CREATE TABLE muster.owed_reading (
    -- Of which the event's id is derived: a reading that is appended twice is there once.
    command_id uuid        PRIMARY KEY,
    incident   text,       -- the whole log if NULL
    command    json        NOT NULL,
    actor      text        NOT NULL,
    roles      text[]      NOT NULL,
    reason     text,
    read_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON muster.owed_reading TO muster_runtime;
