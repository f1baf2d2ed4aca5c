-- From now on last_used_at of a key is at most a minute older than the newest of its secrets' in api_secret_uses: a list
-- in that order needs an index over one table.
UPDATE api_keys SET
    last_used_ip = (SELECT u.last_used_ip FROM api_secrets s JOIN api_secret_uses u ON u.secret_id = s.id
        WHERE s.client_id = api_keys.client_id ORDER BY u.last_used_at DESC NULLS LAST LIMIT 1),
    last_used_at = (SELECT max(u.last_used_at) FROM api_secrets s JOIN api_secret_uses u ON u.secret_id = s.id
        WHERE s.client_id = api_keys.client_id)
WHERE coalesce(last_used_at, 0) < (SELECT max(u.last_used_at) FROM api_secrets s JOIN api_secret_uses u ON u.secret_id = s.id
    WHERE s.client_id = api_keys.client_id);

CREATE INDEX api_keys_by_last_use ON api_keys (organization_id, coalesce(last_used_at, 0), client_id);
-- The case of ASCII letters does not matter, that of others does: as SQLite knows it.
CREATE INDEX api_keys_by_name ON api_keys (organization_id, lower(name COLLATE "C"), client_id);
