-- Keys of personal data, outside the log and of another backup: destroying one erases for good.

CREATE SCHEMA muster_vault;
REVOKE ALL ON SCHEMA muster_vault FROM PUBLIC;
GRANT USAGE ON SCHEMA muster_vault TO muster_runtime;

CREATE TABLE muster_vault.key (
    key_id     uuid        PRIMARY KEY,
    subject    text        NOT NULL,
    -- The key, sealed by the key-encryption key of the settings; NULL once it was destroyed.
    wrapped    bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    erased_at  timestamptz,
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);
CREATE UNIQUE INDEX key_in_use ON muster_vault.key (subject) WHERE wrapped IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON muster_vault.key TO muster_runtime;
