ALTER TABLE api_secrets DROP COLUMN foreign_hash;
DROP INDEX deleted_api_keys_foreign_client_id;
ALTER TABLE deleted_api_keys DROP COLUMN foreign_client_id;
DROP INDEX api_keys_foreign_client_id;
ALTER TABLE api_keys DROP COLUMN foreign_client_id;
