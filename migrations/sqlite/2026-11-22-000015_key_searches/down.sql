DROP INDEX api_keys_newest;
DROP INDEX api_keys_by_last_use;
CREATE INDEX api_keys_by_last_use ON api_keys (organization_id, coalesce(last_used_at, 0), client_id);
