-- What the second clocks of the workers let pass because Temporal was late, for `status` and `doctor`.
-- Compatible: a table that only those who know it use.

-- A row each time that a worker says so, kept for a day.
CREATE TABLE muster.second_clock (
    acted_at  timestamptz NOT NULL DEFAULT now(),
    deadlines int         NOT NULL CHECK (deadlines > 0),
    -- How late the latest of them was when it had passed.
    late_s    float8      NOT NULL
);
CREATE INDEX second_clock_acted_at ON muster.second_clock (acted_at);
GRANT SELECT, INSERT, DELETE ON muster.second_clock TO muster_runtime;
