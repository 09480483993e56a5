-- A share of each key lies outside the database, and each backup of the keys says until when it may be kept.

-- A key is wrapped by the vault's key and a share together. The share lies in a folder, under this number; NULL for keys
-- that the vault's key wraps alone. A destroyed key keeps its number, so that a share from an old copy is destroyed again.
ALTER TABLE muster_vault.key ADD COLUMN share bigint UNIQUE CHECK (share >= 0);
CREATE SEQUENCE muster_vault.share_number AS bigint MINVALUE 0 START 0;
GRANT USAGE ON SEQUENCE muster_vault.share_number TO muster_runtime;

-- Which file of shares is the one, so that no process makes another in a folder that is not mounted, or on another host.
CREATE TABLE muster_vault.share_block (
    block   bigint PRIMARY KEY CHECK (block >= 0),
    file_id bytea  NOT NULL CHECK (length(file_id) = 32)
);
GRANT SELECT, INSERT ON muster_vault.share_block TO muster_runtime;

-- What may still hold a key that is destroyed, and until when. Entered before the backup is begun.
CREATE TABLE muster_vault.backup (
    made_at    timestamptz PRIMARY KEY,
    expires_at timestamptz NOT NULL CHECK (expires_at > made_at)
);
GRANT SELECT ON muster_vault.backup TO muster_runtime;
