-- A snapshot tells the digest of what it holds, so that one whose bytes are not those that were kept
-- is recognised. Those without one are thrown away: they are made again as their streams grow.
DELETE FROM muster.snapshot;
ALTER TABLE muster.snapshot ADD COLUMN digest bytea NOT NULL CHECK (octet_length(digest) = 32);
