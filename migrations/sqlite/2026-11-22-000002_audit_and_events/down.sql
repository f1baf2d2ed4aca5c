DROP TABLE idempotent_requests;
DROP TABLE events;
DROP TABLE audit_head;
DROP TABLE audit_events;
