-- Single tokens that were revoked before their end; a row goes when the token would have expired anyway.
CREATE TABLE revoked_tokens (
    token_id TEXT PRIMARY KEY NOT NULL CHECK (length(token_id) = 22),
    client_id TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX revoked_tokens_by_expiry ON revoked_tokens (expires_at);
