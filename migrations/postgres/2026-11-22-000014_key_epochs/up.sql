-- Status lists (draft-ietf-oauth-status-list). given: how many places of the list were ever given to an epoch.
CREATE TABLE status_lists (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id BETWEEN 1 AND 4294967295),
    size BIGINT NOT NULL CHECK (size > 0 AND size % 8 = 0),
    given BIGINT NOT NULL CHECK (given BETWEEN 0 AND size),
    created_at BIGINT NOT NULL
);

-- Every epoch of every key, also of deleted ones: a place in a list is given once, and this key sees to it. Rows go only
-- when no more places of their list are given.
CREATE TABLE key_epochs (
    list_id BIGINT NOT NULL REFERENCES status_lists (id),
    list_index BIGINT NOT NULL CHECK (list_index >= 0),
    client_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    PRIMARY KEY (list_id, list_index)
);
CREATE INDEX key_epochs_closed ON key_epochs (closed_at) WHERE closed_at IS NOT NULL;

-- The key's present epoch; none while it is disabled.
ALTER TABLE api_keys ADD COLUMN status_list BIGINT;
ALTER TABLE api_keys ADD COLUMN status_index BIGINT;

-- The keys that are there get their places at random.
UPDATE api_keys SET status_list = 1 + (drawn.number - 1) / 131072, status_index = (drawn.number - 1) % 131072
FROM (SELECT client_id AS id, row_number() OVER (ORDER BY random()) AS number FROM api_keys WHERE disabled_at IS NULL) AS drawn
WHERE drawn.id = api_keys.client_id;

INSERT INTO status_lists (id, size, given, created_at)
SELECT status_list, 131072, count(*), CAST(extract(epoch FROM now()) AS BIGINT) FROM api_keys WHERE status_list IS NOT NULL GROUP BY status_list;

-- There is always one with room.
INSERT INTO status_lists (id, size, given, created_at)
SELECT 1 + coalesce(max(id), 0), 131072, 0, CAST(extract(epoch FROM now()) AS BIGINT) FROM status_lists;

INSERT INTO key_epochs (list_id, list_index, client_id, opened_at)
SELECT status_list, status_index, client_id, CAST(extract(epoch FROM now()) AS BIGINT) FROM api_keys WHERE status_list IS NOT NULL ORDER BY status_list, status_index;
