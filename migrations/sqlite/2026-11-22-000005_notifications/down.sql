DROP TABLE leases;
DROP TABLE announcements;
DROP TABLE deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;
