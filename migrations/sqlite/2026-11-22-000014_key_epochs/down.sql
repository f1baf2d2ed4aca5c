ALTER TABLE api_keys DROP COLUMN status_index;
ALTER TABLE api_keys DROP COLUMN status_list;
DROP TABLE key_epochs;
DROP TABLE status_lists;
