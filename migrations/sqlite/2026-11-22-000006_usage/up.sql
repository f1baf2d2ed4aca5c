-- For finding what was done to something, and by somebody.
CREATE INDEX audit_events_by_target ON audit_events (target, seq) WHERE target IS NOT NULL;
CREATE INDEX audit_events_by_actor ON audit_events (actor, seq);

-- What tokens were issued for. Most keys always ask for the same, so that counts name a set instead of its scopes.
CREATE TABLE scope_sets (
    -- A digest of the two texts, so that all nodes come to the same. 0: sets that are not kept apart.
    id INTEGER NOT NULL PRIMARY KEY,
    -- Names in their order, with spaces between them.
    granted TEXT NOT NULL,
    -- NULL: the requests named no scope.
    requested TEXT,
    -- The start of the day (UTC) of the last use, for cleaning.
    last_used_on INTEGER NOT NULL
) STRICT;
CREATE INDEX scope_sets_by_age ON scope_sets (last_used_on);

-- Tokens issued. Without foreign keys: deleting a key must not wait for its counts, which go by age.
CREATE TABLE token_usage (
    client_id TEXT NOT NULL,
    -- Its start.
    hour INTEGER NOT NULL,
    scope_set_id INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (client_id, hour, scope_set_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_usage_by_hour ON token_usage (hour, client_id);

CREATE TABLE refusal_usage (
    client_id TEXT NOT NULL,
    hour INTEGER NOT NULL,
    reason TEXT NOT NULL,
    refusals INTEGER NOT NULL,
    PRIMARY KEY (client_id, hour, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_usage_by_hour ON refusal_usage (hour, client_id);

-- From when on usage is counted: what was not seen before that says nothing.
INSERT INTO meta (name, value) VALUES ('usage_counted_since', CAST(CAST(strftime('%s', 'now') AS INTEGER) AS TEXT));
