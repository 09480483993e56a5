-- What follows the log: how far each follower has come, and the views themselves.

CREATE TABLE muster.bookmark (
    name     text   PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0),
    moved_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT, UPDATE, DELETE ON muster.bookmark TO muster_runtime;

-- Views are made and dropped by the process that keeps them: nothing in here is worth a backup.
CREATE SCHEMA muster_view;
REVOKE ALL ON SCHEMA muster_view FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA muster_view TO muster_runtime;

CREATE TABLE muster_view.checkpoint (
    view     text   PRIMARY KEY,
    -- Which columns and rules the rows were made with; when these change, the view is made again.
    shape    text   NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    -- Why it came to a stop there, if it did.
    stopped  text
);
GRANT SELECT, INSERT, UPDATE, DELETE ON muster_view.checkpoint TO muster_runtime;
