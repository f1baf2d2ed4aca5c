DELETE FROM meta WHERE name = 'usage_counted_since';
DROP TABLE refusal_usage;
DROP TABLE token_usage;
DROP TABLE scope_sets;
DROP INDEX audit_events_by_actor;
DROP INDEX audit_events_by_target;
