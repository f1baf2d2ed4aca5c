DROP INDEX api_secrets_by_end;
ALTER TABLE api_secret_uses ADD COLUMN tokens_issued BIGINT NOT NULL DEFAULT 0;
-- Some minutes' uses at most were not written elsewhere yet.
DROP TABLE recent_secret_uses;
