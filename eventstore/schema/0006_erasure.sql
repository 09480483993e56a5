-- Erasing: the log orders it, and whoever follows the log destroys the keys.

-- A destroyed key's row leaves its old version behind until it is vacuumed: as soon as there is one.
ALTER TABLE muster_vault.key SET (
    autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
    toast.autovacuum_vacuum_threshold = 0, toast.autovacuum_vacuum_scale_factor = 0);

-- How far in the log its orders to erase were carried out. It lies with the keys, and so is saved and
-- restored with them: a vault from an old backup carries out again what it had forgotten.
CREATE TABLE muster_vault.obeyed (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint  NOT NULL CHECK (position >= 0)
);
INSERT INTO muster_vault.obeyed (position) VALUES (0);
GRANT SELECT, UPDATE ON muster_vault.obeyed TO muster_runtime;
