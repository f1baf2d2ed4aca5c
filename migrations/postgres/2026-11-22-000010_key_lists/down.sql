DROP INDEX api_keys_by_last_use;
DROP INDEX api_keys_by_name;
