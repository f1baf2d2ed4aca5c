-- How strict the organization is by itself, besides what the server demands: fapi2, or default for no more than that.
ALTER TABLE organizations ADD COLUMN profile TEXT NOT NULL DEFAULT 'default' CHECK (profile IN ('default', 'fapi2'));
