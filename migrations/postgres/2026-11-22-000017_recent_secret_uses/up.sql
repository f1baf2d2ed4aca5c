-- Uses of secrets that are not in api_secret_uses yet: with very many secrets in use, each row there would be written every few
-- seconds. `uses` has 40 bytes for each secret, in their order: its id, when, and from where.
CREATE TABLE recent_secret_uses (
    id BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    first_secret BYTEA NOT NULL CHECK (length(first_secret) = 16),
    last_secret BYTEA NOT NULL CHECK (length(last_secret) = 16),
    uses BYTEA NOT NULL CHECK (length(uses) > 0 AND length(uses) % 40 = 0)
);

-- Those that ended are looked for every minute.
CREATE INDEX api_secrets_by_end ON api_secrets (expires_at) WHERE expires_at IS NOT NULL;

-- Nobody has ever read it: usage is counted by key, hour and scope.
ALTER TABLE api_secret_uses DROP COLUMN tokens_issued;
