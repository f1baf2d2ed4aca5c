DROP TABLE rate_connections;
DROP TABLE rate_windows;
DROP INDEX api_keys_by_plan;
DROP INDEX organizations_by_plan;
ALTER TABLE organizations DROP COLUMN enterprise_concurrent_connections;
ALTER TABLE organizations DROP COLUMN enterprise_requests_per_day;
ALTER TABLE organizations DROP COLUMN enterprise_requests_per_minute;
ALTER TABLE organizations DROP COLUMN plan;
-- Keys on the plan that the earlier version does not know fall back to no plan of their own.
UPDATE api_keys SET plan = NULL WHERE plan = 'enterprise';
DELETE FROM plans WHERE name = 'enterprise';
ALTER TABLE plans DROP COLUMN dry_run;
