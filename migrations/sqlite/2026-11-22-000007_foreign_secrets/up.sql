-- Keys that came from another server keep the client id that they had there as a second name. The name stays taken when
-- its key is deleted: importing the same file again must not bring the key back.
ALTER TABLE api_keys ADD COLUMN foreign_client_id TEXT CHECK (length(foreign_client_id) BETWEEN 1 AND 255);
CREATE UNIQUE INDEX api_keys_foreign_client_id ON api_keys (foreign_client_id) WHERE foreign_client_id IS NOT NULL;
ALTER TABLE deleted_api_keys ADD COLUMN foreign_client_id TEXT;
CREATE UNIQUE INDEX deleted_api_keys_foreign_client_id ON deleted_api_keys (foreign_client_id) WHERE foreign_client_id IS NOT NULL;

-- The other server's hash of a secret, encrypted, until the secret is first used. Meanwhile its digest is 32 zero
-- bytes, which is no secret's.
ALTER TABLE api_secrets ADD COLUMN foreign_hash BLOB;
