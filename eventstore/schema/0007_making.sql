-- Views that are made anew beside the ones that are read, until they take their place.

CREATE TABLE muster_view.making (
    view     text   PRIMARY KEY,
    -- By which columns and rules; whoever knows others leaves it alone.
    shape    text   NOT NULL,
    position bigint NOT NULL CHECK (position >= 0),
    -- Why it came to a stop there, if it did.
    stopped  text
);
GRANT SELECT, INSERT, UPDATE, DELETE ON muster_view.making TO muster_runtime;
