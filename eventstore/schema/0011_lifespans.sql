-- Which incidents are open, and how their workflows compared with that when last looked at.
-- Compatible: an index and a table that only those who know them use.

-- The first event of each stream and the events that end an incident: what is open is found without
-- reading the log. eventstore/lifespans.py asks in the same words.
CREATE INDEX event_lifespan ON muster.event (position)
    WHERE version = 1 OR type IN ('IncidentClosed', 'IncidentStoodDown');

-- At most one row: the latest comparison, whichever follower made it.
CREATE TABLE muster.reconciliation (
    only_one    boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    compared_at timestamptz NOT NULL DEFAULT now(),
    -- How many incidents are open, and how many of their workflows run.
    open        int         NOT NULL CHECK (open >= 0),
    running     int         NOT NULL CHECK (running >= 0),
    -- How many were found at fault, by kind of fault; mended or not.
    faults      json        NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON muster.reconciliation TO muster_runtime;
