-- A plan in a dry run is counted and reported, and refuses nothing.
ALTER TABLE plans ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0 CHECK (dry_run IN (0, 1));
-- Its limits are those of the organization.
INSERT INTO plans (name, requests_per_minute, requests_per_day, concurrent_connections) VALUES ('enterprise', NULL, NULL, NULL);

-- NULL: the server's default plan.
ALTER TABLE organizations ADD COLUMN plan TEXT CONSTRAINT organizations_plan REFERENCES plans (name);
-- What the plan 'enterprise' means for this organization's keys; NULL means without limit.
ALTER TABLE organizations ADD COLUMN enterprise_requests_per_minute INTEGER CHECK (enterprise_requests_per_minute > 0);
ALTER TABLE organizations ADD COLUMN enterprise_requests_per_day INTEGER CHECK (enterprise_requests_per_day > 0);
ALTER TABLE organizations ADD COLUMN enterprise_concurrent_connections INTEGER CHECK (enterprise_concurrent_connections > 0);

-- What foreign keys look up from the other side.
CREATE INDEX organizations_by_plan ON organizations (plan) WHERE plan IS NOT NULL;
CREATE INDEX api_keys_by_plan ON api_keys (plan) WHERE plan IS NOT NULL;

-- How many requests the nodes have taken of a key's minute or day, in batches. No foreign key: this is written all the
-- time and swept by age.
CREATE TABLE rate_windows (
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('minute', 'day')),
    starts_at INTEGER NOT NULL,
    taken INTEGER NOT NULL CHECK (taken >= 0),
    PRIMARY KEY (client_id, kind, starts_at)
) STRICT, WITHOUT ROWID;

-- For the sweep.
CREATE INDEX rate_windows_by_start ON rate_windows (starts_at);

-- How many of a key's requests each node has in progress; what is not renewed is a dead node's.
CREATE TABLE rate_connections (
    node_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    connections INTEGER NOT NULL CHECK (connections > 0),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (node_id, client_id)
) STRICT, WITHOUT ROWID;
