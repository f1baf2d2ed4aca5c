DROP TABLE known_addresses;
DROP TABLE pending_mails;
DROP TABLE user_links;
DROP TABLE sessions;
DROP TABLE users;
