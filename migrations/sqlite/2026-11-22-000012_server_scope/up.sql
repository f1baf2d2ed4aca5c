-- The scope to see how a server is. Where the catalogue has one of this name already, that one stays.
INSERT INTO scopes (id, name, resource_server_id, level, description, created_at)
SELECT 'scope_0000000000000000000000000h', 'server:read', 'rs_00000000000000000000000000', 'platform', 'See how the server is', CAST(strftime('%s', 'now') AS INTEGER)
WHERE NOT EXISTS (SELECT 1 FROM scopes WHERE name = 'server:read');

-- What was given up lately is counted whenever somebody looks.
CREATE INDEX deliveries_given_up ON deliveries (finished_at) WHERE state = 'dead';
