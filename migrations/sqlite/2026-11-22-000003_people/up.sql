-- People who sign in.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    -- Lower case; one person has one login, whatever the organization.
    email TEXT NOT NULL CONSTRAINT users_email UNIQUE CHECK (email = lower(email)),
    name TEXT CHECK (length(name) BETWEEN 1 AND 64),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer')),
    -- A PHC string; NULL until the invitation is accepted.
    password_hash TEXT,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER
) STRICT;
CREATE INDEX users_by_organization ON users (organization_id, id);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Of what the cookie holds; that itself is nowhere.
    digest BLOB NOT NULL CONSTRAINT sessions_digest UNIQUE CHECK (length(digest) = 32),
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- When the password was last given.
    proved_at INTEGER NOT NULL,
    address TEXT,
    user_agent TEXT
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_age ON sessions (expires_at);

-- Links that were sent by mail: an invitation or a new password. Each can be used once.
CREATE TABLE user_links (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'password_reset')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX user_links_by_user ON user_links (user_id, purpose);
CREATE INDEX user_links_by_age ON user_links (expires_at);

-- Mails with a link that are to be sent. The link is made when its mail leaves: it stands nowhere but there.
CREATE TABLE pending_mails (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'password_reset')),
    created_at INTEGER NOT NULL,
    -- How often it was taken to be sent, and until when nobody else takes it.
    attempts INTEGER NOT NULL,
    taken_until INTEGER,
    sent_at INTEGER
) STRICT;
CREATE INDEX pending_mails_by_user ON pending_mails (user_id, purpose, created_at);
CREATE INDEX pending_mails_unsent ON pending_mails (id) WHERE sent_at IS NULL;

-- From where people have signed in: guessers elsewhere must not slow them down.
CREATE TABLE known_addresses (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address TEXT NOT NULL,
    last_login_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_addresses_by_age ON known_addresses (last_login_at);
