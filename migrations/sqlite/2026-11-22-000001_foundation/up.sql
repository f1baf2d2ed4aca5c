-- Facts about this database that are not about anything in it: the check value of its master key.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- The number of the newest change. Every write transaction raises it last, so that its row lock makes the numbers
-- come out in the order of the commits: a reader that has seen number n has seen every change up to n.
CREATE TABLE feed_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;
INSERT INTO feed_head (id, seq) VALUES (1, 0);

CREATE TABLE changes (
    seq INTEGER NOT NULL PRIMARY KEY,
    what TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    platform INTEGER NOT NULL CHECK (platform IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX organizations_one_platform ON organizations (platform) WHERE platform;

CREATE TABLE accounts (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    created_at INTEGER NOT NULL,
    -- What the foreign keys below need to hold an account to its own organization.
    CONSTRAINT accounts_of_organization UNIQUE (organization_id, id)
) STRICT;

CREATE TABLE resource_servers (
    id TEXT NOT NULL PRIMARY KEY,
    identifier TEXT NOT NULL CONSTRAINT resource_servers_identifier UNIQUE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    builtin INTEGER NOT NULL CHECK (builtin IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE scopes (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL CONSTRAINT scopes_name UNIQUE,
    resource_server_id TEXT NOT NULL REFERENCES resource_servers (id),
    level TEXT NOT NULL CHECK (level IN ('organization', 'account', 'platform')),
    description TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE scope_implications (
    scope TEXT NOT NULL REFERENCES scopes (name),
    implied TEXT NOT NULL REFERENCES scopes (name),
    PRIMARY KEY (scope, implied),
    CHECK (scope <> implied)
) STRICT;

-- NULL means without limit.
CREATE TABLE plans (
    name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    requests_per_minute INTEGER CHECK (requests_per_minute > 0),
    requests_per_day INTEGER CHECK (requests_per_day > 0),
    concurrent_connections INTEGER CHECK (concurrent_connections > 0)
) STRICT;
INSERT INTO plans (name, requests_per_minute, requests_per_day, concurrent_connections) VALUES
    ('starter', 60, 10000, 5),
    ('growth', 300, 100000, 25),
    ('unlimited', NULL, NULL, NULL);

CREATE TABLE api_keys (
    client_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    kind TEXT NOT NULL CHECK (kind IN ('admin', 'scoped')),
    -- The account of an admin key; NULL: the organization, or a scoped key.
    account_id TEXT,
    token_endpoint_auth_method TEXT NOT NULL,
    ip_allowlist TEXT NOT NULL,
    max_payout TEXT,
    token_lifetime_seconds INTEGER NOT NULL CHECK (token_lifetime_seconds BETWEEN 60 AND 3600),
    plan TEXT CONSTRAINT api_keys_plan REFERENCES plans (name),
    expires_at INTEGER,
    disabled_at INTEGER,
    -- Tokens issued before this moment are dead.
    tokens_revoked_at INTEGER,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT api_keys_of_organization UNIQUE (organization_id, client_id),
    CONSTRAINT api_keys_account FOREIGN KEY (organization_id, account_id) REFERENCES accounts (organization_id, id),
    CHECK (kind = 'admin' OR account_id IS NULL)
) STRICT;
CREATE UNIQUE INDEX api_keys_one_admin_per_organization ON api_keys (organization_id) WHERE kind = 'admin' AND account_id IS NULL;
CREATE UNIQUE INDEX api_keys_one_admin_per_account ON api_keys (account_id) WHERE kind = 'admin' AND account_id IS NOT NULL;

-- One row for each scope that a scoped key holds at a target: 'organization', '*' or an account's id.
CREATE TABLE grants (
    client_id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    target TEXT NOT NULL,
    account_id TEXT,
    scope TEXT NOT NULL REFERENCES scopes (name),
    PRIMARY KEY (client_id, target, scope),
    FOREIGN KEY (organization_id, client_id) REFERENCES api_keys (organization_id, client_id) ON DELETE CASCADE,
    CONSTRAINT grants_account FOREIGN KEY (organization_id, account_id) REFERENCES accounts (organization_id, id),
    CHECK (CASE WHEN target IN ('organization', '*') THEN account_id IS NULL ELSE account_id = target END)
) STRICT, WITHOUT ROWID;
-- Foreign keys are checked from the other side too.
CREATE INDEX grants_by_account ON grants (account_id) WHERE account_id IS NOT NULL;

CREATE TABLE api_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES api_keys (client_id) ON DELETE CASCADE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    hint TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT;
CREATE INDEX api_secrets_by_client ON api_secrets (client_id);

-- Apart from the secrets, because these rows change all the time and those never do.
CREATE TABLE api_secret_uses (
    secret_id TEXT NOT NULL PRIMARY KEY REFERENCES api_secrets (id) ON DELETE CASCADE,
    last_used_at INTEGER,
    last_used_ip TEXT,
    tokens_issued INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is left of a deleted key: enough to tell its owner why it is refused.
CREATE TABLE deleted_api_keys (
    client_id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    deleted_at INTEGER NOT NULL
) STRICT;

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('RS256', 'PS256', 'ES256', 'EdDSA')),
    public_jwk TEXT NOT NULL,
    encrypted_private_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    signs_from INTEGER NOT NULL CHECK (signs_from >= created_at),
    revoked_at INTEGER
) STRICT;

-- The platform's own organization, and this server's own API with its scopes. `serve` sets the API's identifier to
-- <issuer>/api.
INSERT INTO organizations (id, name, platform, created_at)
VALUES ('org_00000000000000000000000000', 'Platform', 1, CAST(strftime('%s', 'now') AS INTEGER));
INSERT INTO resource_servers (id, identifier, name, builtin, created_at)
VALUES ('rs_00000000000000000000000000', 'urn:claviger:api', 'Claviger management API', 1, CAST(strftime('%s', 'now') AS INTEGER));
INSERT INTO scopes (id, name, resource_server_id, level, description, created_at) VALUES
    ('scope_00000000000000000000000000', 'api-keys:read', 'rs_00000000000000000000000000', 'organization', 'See API keys, scopes, resource servers and usage', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000001', 'api-keys:write', 'rs_00000000000000000000000000', 'organization', 'Create, change and delete API keys', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000002', 'accounts:read', 'rs_00000000000000000000000000', 'organization', 'See the organization and its accounts', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000003', 'accounts:write', 'rs_00000000000000000000000000', 'organization', 'Create and change accounts', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000004', 'users:read', 'rs_00000000000000000000000000', 'organization', 'See the users of the organization', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000005', 'users:write', 'rs_00000000000000000000000000', 'organization', 'Invite, change and remove users', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000006', 'audit:read', 'rs_00000000000000000000000000', 'organization', 'Read the audit log', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000007', 'webhooks:read', 'rs_00000000000000000000000000', 'organization', 'See webhooks and their deliveries', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000008', 'webhooks:write', 'rs_00000000000000000000000000', 'organization', 'Create, change and delete webhooks', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_00000000000000000000000009', 'tokens:introspect', 'rs_00000000000000000000000000', 'organization', 'Ask whether a token is active', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000a', 'organizations:read', 'rs_00000000000000000000000000', 'platform', 'See every organization', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000b', 'organizations:write', 'rs_00000000000000000000000000', 'platform', 'Create and change organizations', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000c', 'plans:read', 'rs_00000000000000000000000000', 'platform', 'See the rate plans', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000d', 'plans:write', 'rs_00000000000000000000000000', 'platform', 'Create and change rate plans', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000e', 'signing-keys:read', 'rs_00000000000000000000000000', 'platform', 'See the signing keys', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000f', 'signing-keys:write', 'rs_00000000000000000000000000', 'platform', 'Rotate and import signing keys', CAST(strftime('%s', 'now') AS INTEGER)),
    ('scope_0000000000000000000000000g', 'catalogue:write', 'rs_00000000000000000000000000', 'platform', 'Create and change resource servers and scopes', CAST(strftime('%s', 'now') AS INTEGER));
INSERT INTO scope_implications (scope, implied) VALUES
    ('api-keys:write', 'api-keys:read'),
    ('accounts:write', 'accounts:read'),
    ('users:write', 'users:read'),
    ('webhooks:write', 'webhooks:read'),
    ('organizations:write', 'organizations:read'),
    ('plans:write', 'plans:read'),
    ('signing-keys:write', 'signing-keys:read');
