-- Status lists (draft-ietf-oauth-status-list). given: how many places of the list were ever given to an epoch.
CREATE TABLE status_lists (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id BETWEEN 1 AND 4294967295),
    size INTEGER NOT NULL CHECK (size > 0 AND size % 8 = 0),
    given INTEGER NOT NULL CHECK (given BETWEEN 0 AND size),
    created_at INTEGER NOT NULL
) STRICT;

-- Every epoch of every key, also of deleted ones: a place in a list is given once, and this key sees to it. Rows go only
-- when no more places of their list are given.
CREATE TABLE key_epochs (
    list_id INTEGER NOT NULL REFERENCES status_lists (id),
    list_index INTEGER NOT NULL CHECK (list_index >= 0),
    client_id TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    PRIMARY KEY (list_id, list_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_epochs_closed ON key_epochs (closed_at) WHERE closed_at IS NOT NULL;

-- The key's present epoch; none while it is disabled.
ALTER TABLE api_keys ADD COLUMN status_list INTEGER;
ALTER TABLE api_keys ADD COLUMN status_index INTEGER;

-- The keys that are there get their places at random. Sorted once more by key, so that a million are written in the order in
-- which they lie.
CREATE TEMP TABLE drawn (client_id TEXT PRIMARY KEY NOT NULL, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO drawn (client_id, number)
SELECT client_id, number
FROM (SELECT client_id, row_number() OVER (ORDER BY random()) - 1 AS number FROM api_keys WHERE disabled_at IS NULL)
ORDER BY client_id;
UPDATE api_keys SET (status_list, status_index) =
    (SELECT 1 + drawn.number / 131072, drawn.number % 131072 FROM drawn WHERE drawn.client_id = api_keys.client_id)
WHERE disabled_at IS NULL;
DROP TABLE drawn;

INSERT INTO status_lists (id, size, given, created_at)
SELECT status_list, 131072, count(*), CAST(strftime('%s', 'now') AS INTEGER) FROM api_keys WHERE status_list IS NOT NULL GROUP BY status_list;

-- There is always one with room.
INSERT INTO status_lists (id, size, given, created_at)
SELECT 1 + coalesce(max(id), 0), 131072, 0, CAST(strftime('%s', 'now') AS INTEGER) FROM status_lists;

INSERT INTO key_epochs (list_id, list_index, client_id, opened_at)
SELECT status_list, status_index, client_id, CAST(strftime('%s', 'now') AS INTEGER) FROM api_keys WHERE status_list IS NOT NULL ORDER BY status_list, status_index;
