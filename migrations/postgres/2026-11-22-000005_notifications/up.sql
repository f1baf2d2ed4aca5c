-- Where organizations have their events posted to.
CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Names of events, separated by spaces; empty: all.
    events TEXT NOT NULL,
    disabled_at BIGINT,
    disabled_reason TEXT CHECK (disabled_reason IN ('by_hand', 'gone')),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
);
CREATE INDEX webhooks_by_organization ON webhooks (organization_id, id);

-- Encrypted under the master key. One without an end, and until its end the one before it.
CREATE TABLE webhook_secrets (
    id TEXT NOT NULL PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    hint TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX webhook_secrets_by_webhook ON webhook_secrets (webhook_id);

-- One event for one recipient. next_attempt_at is also the end of the lease of whoever is trying just now.
CREATE TABLE deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    channel TEXT NOT NULL CHECK (channel IN ('email', 'webhook')),
    webhook_id TEXT REFERENCES webhooks (id) ON DELETE CASCADE,
    -- Host and port of the webhook, or the user who gets the mail.
    destination TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts BIGINT NOT NULL,
    -- Since it was last put into the queue.
    failures BIGINT NOT NULL,
    next_attempt_at BIGINT,
    lease TEXT,
    last_status BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CHECK ((state = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((channel = 'webhook') = (webhook_id IS NOT NULL))
);
-- Everything that the choice of what is next looks at.
CREATE INDEX deliveries_due ON deliveries (channel, next_attempt_at, destination, organization_id, id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_by_destination ON deliveries (channel, destination, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, id) WHERE webhook_id IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);

-- What the daily sweep has told of a key, so that it tells it once.
CREATE TABLE announcements (
    client_id TEXT NOT NULL REFERENCES api_keys (client_id) ON DELETE CASCADE,
    what TEXT NOT NULL,
    announced_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, what)
);

-- Work that one node at a time does, and when it was last done.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    done_at BIGINT
);
