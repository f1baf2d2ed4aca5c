-- A search looks at every key of an organization until a page is full. These indexes have all that lists are filtered by, so
-- that the keys themselves are looked up for those that match alone. PostgreSQL wants the plain column too beside an
-- expression over it.
CREATE INDEX api_keys_newest ON api_keys (organization_id, client_id, name, kind, account_id, disabled_at, expires_at);
DROP INDEX api_keys_by_last_use;
CREATE INDEX api_keys_by_last_use ON api_keys
    (organization_id, coalesce(last_used_at, 0), client_id, name, kind, account_id, disabled_at, expires_at, last_used_at);
