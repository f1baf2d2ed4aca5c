ALTER TABLE organizations DROP COLUMN profile;
