-- The audit log. Rows are only ever added; each one's hash covers the row and the hash before it, under a key that the
-- database does not have.
CREATE TABLE audit_events (
    seq INTEGER NOT NULL PRIMARY KEY,
    id TEXT NOT NULL CONSTRAINT audit_events_id UNIQUE,
    -- Unix milliseconds.
    occurred_at INTEGER NOT NULL,
    -- Without a foreign key: the log outlives what it tells of. NULL: the platform's alone.
    organization_id TEXT,
    actor TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    action TEXT NOT NULL,
    target TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason TEXT,
    before TEXT,
    after TEXT,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_events_by_organization ON audit_events (organization_id, seq);

-- The end of the chain: without it, cutting off the newest rows would go unnoticed.
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    seal BLOB NOT NULL
) STRICT;

-- What owners and webhooks are to be told, written together with what it tells of.
CREATE TABLE events (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    kind TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    data TEXT NOT NULL,
    -- Set when there is a delivery for everybody who is to be told.
    dispatched_at INTEGER
) STRICT;
CREATE INDEX events_undispatched ON events (id) WHERE dispatched_at IS NULL;
CREATE INDEX events_by_organization ON events (organization_id, id);

-- Requests with an Idempotency-Key of the last 24 hours. Written in the transaction of what the request does.
CREATE TABLE idempotent_requests (
    caller TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    location TEXT,
    -- Without secrets.
    body TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (caller, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotent_requests_by_age ON idempotent_requests (created_at);
