DROP TABLE used_proofs;
ALTER TABLE api_keys DROP COLUMN require_bound_tokens;
ALTER TABLE api_keys DROP COLUMN public_credential;
