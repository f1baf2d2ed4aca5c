-- What a key without a secret is recognised by: a JSON object with the one member of RFC 7591 or RFC 8705 that its method
-- needs. Nothing in it is secret.
ALTER TABLE api_keys ADD COLUMN public_credential TEXT;
-- Whether every token of the key must be bound to a key of the client (RFC 8705, RFC 9449).
ALTER TABLE api_keys ADD COLUMN require_bound_tokens BOOLEAN NOT NULL DEFAULT FALSE;

-- What may be used once and has been: assertions and proofs of clients, by a digest of whose they are and their jti. A row goes
-- when what it stands for would be refused anyway.
CREATE TABLE used_proofs (
    digest TEXT PRIMARY KEY NOT NULL CHECK (length(digest) = 43),
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_proofs_by_expiry ON used_proofs (expires_at);
