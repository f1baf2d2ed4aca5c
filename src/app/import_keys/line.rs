//! One line of an import: a JSON object, checked as far as that goes without the database.

use std::fmt;

use serde::Deserialize;

use crate::crypto::foreign_hash::ForeignHash;
use crate::domain::Invalid;
use crate::domain::api_key::{AuthMethod, KeySettings, TokenLifetime};
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::grant::{Grant, GrantTarget, Grants};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::time::Timestamp;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    foreign_client_id: String,
    name: String,
    secrets: Vec<RawSecret>,
    grants: Vec<RawGrant>,
    #[serde(default)]
    ip_allowlist: Vec<String>,
    max_payout: Option<String>,
    token_lifetime_seconds: Option<i64>,
    token_endpoint_auth_method: Option<String>,
    plan: Option<String>,
    expires_at: Option<String>,
    #[serde(default)]
    disabled: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSecret {
    hash: String,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGrant {
    account_id: GrantTarget,
    scopes: Vec<String>,
}

/// A key as its line describes it.
pub struct ImportedKey {
    /// The number of the line, from 1 on.
    pub line: usize,
    /// What the key was called where it comes from.
    pub foreign_client_id: ForeignClientId,
    /// What it will hold.
    pub grants: Grants,
    /// What an edit may change later.
    pub settings: KeySettings,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// One or two.
    pub secrets: Vec<ImportedSecret>,
    /// Whether it is to be refused until it is enabled.
    pub disabled: bool,
}

/// A secret as another server has hashed it.
pub struct ImportedSecret {
    /// The text of the hash, of a form that is known.
    pub hash: String,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// Without the hashes.
impl fmt::Debug for ImportedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, foreign_client_id, .. } = self;
        f.debug_struct("ImportedKey").field("line", line).field("foreign_client_id", foreign_client_id).finish_non_exhaustive()
    }
}

/// The most secrets that a key can have.
const MAX_SECRETS: usize = 2;

/// Reads the object on line number `line`.
///
/// # Errors
/// What is wrong with it, in a sentence that repeats no hash.
pub(super) fn parse(line: usize, text: &str) -> Result<ImportedKey, String> {
    let raw: RawKey = serde_json::from_str(text).map_err(|error| in_words(&error))?;
    check(line, raw).map_err(|invalid| invalid.to_string())
}

fn check(line: usize, raw: RawKey) -> Result<ImportedKey, Invalid> {
    if !(1..=MAX_SECRETS).contains(&raw.secrets.len()) {
        return Err(Invalid::new("secrets", "invalid_length", "must be one or two"));
    }
    let grant = |raw: RawGrant| {
        let scopes = raw.scopes.iter().map(|name| name.parse()).collect::<Result<_, _>>()?;
        Ok(Grant { target: raw.account_id, scopes })
    };
    let grants = raw.grants.into_iter().map(grant).collect::<Result<Vec<_>, Invalid>>()?;
    let time = |field: &'static str, text: Option<String>| {
        text.map(|text| text.parse::<Timestamp>().map_err(|invalid| Invalid { field, ..invalid })).transpose()
    };
    let secret = |raw: RawSecret| {
        raw.hash.parse::<ForeignHash>()?;
        Ok(ImportedSecret { hash: raw.hash, expires_at: time("secrets.expires_at", raw.expires_at)? })
    };
    let auth_method: AuthMethod = raw.token_endpoint_auth_method.map(|text| text.parse()).transpose()?.unwrap_or_default();
    if !auth_method.has_secret() {
        return Err(Invalid::new("token_endpoint_auth_method", "unsupported", "must be one with secrets"));
    }
    Ok(ImportedKey {
        line,
        foreign_client_id: raw.foreign_client_id.parse()?,
        grants: Grants::new(grants)?,
        settings: KeySettings {
            ip_allowlist: IpAllowlist::parse(raw.ip_allowlist.iter().map(String::as_str))?,
            max_payout: raw.max_payout.map(|text| text.parse()).transpose()?,
            token_lifetime: raw.token_lifetime_seconds.map(TokenLifetime::from_seconds).transpose()?.unwrap_or_default(),
            plan: raw.plan.map(|text| text.parse()).transpose()?,
            expires_at: time("expires_at", raw.expires_at)?,
            ..KeySettings::named(raw.name.parse()?)
        },
        auth_method,
        secrets: raw.secrets.into_iter().map(secret).collect::<Result<_, Invalid>>()?,
        disabled: raw.disabled,
    })
}

/// serde's message without the line, which is always 1, and without what stands in a wrong place and may be a hash: a value,
/// or a name that is none of a field's.
fn in_words(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let repeats_a_value = ["invalid type: string", "invalid value: string"].iter().any(|start| message.starts_with(start));
    let what = match message.rsplit_once(", expected ") {
        Some((_, expected)) if repeats_a_value => format!("a text stands where {expected} is expected"),
        Some((start, expected)) if start.strip_prefix("unknown field `").is_some_and(|name| !is_like_a_field(name)) => {
            format!("unknown field, expected {expected}")
        }
        _ => message.to_owned(),
    };
    format!("{what} (column {})", error.column())
}

fn is_like_a_field(name: &str) -> bool {
    name.len() <= 32 && name.trim_end_matches('`').bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HASH: &str = "zKM1pzXhBY1lCuh5d+I3TWbiz4hdkQlXbWvtvcVeVYc=";

    fn with(more: &str) -> String {
        let grants = r#"[{"account_id":null,"scopes":["a"]}]"#;
        format!(r#"{{"foreign_client_id":"c","name":"N","secrets":[{{"hash":"{HASH}"}}],"grants":{grants}{more}}}"#)
    }

    #[test]
    fn what_is_left_out_is_as_for_any_new_key() {
        let key = parse(1, &with("")).unwrap();
        assert_eq!(key.settings.token_lifetime, TokenLifetime::default());
        assert_eq!(key.auth_method, AuthMethod::ClientSecretBasic);
        assert!(!key.disabled && key.settings.expires_at.is_none() && key.settings.ip_allowlist.is_empty());
        assert_eq!(key.grants.iter().next().unwrap().target, GrantTarget::Organization);
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong_and_repeats_no_hash() {
        let two = format!(r#"{{"hash":"{HASH}"}},"#).repeat(3);
        for (text, says) in [
            ("", "EOF"),
            ("{", "EOF"),
            ("[]", "expected struct"),
            ("{}", "missing field `foreign_client_id`"),
            (&with(r#","x":1"#), "unknown field `x`"),
            (&with(&format!(r#","{HASH}":1"#)), "unknown field, expected one of `foreign_client_id`"),
            (&with(&format!(r#","a, expected {HASH}":1"#)), "unknown field, expected"),
            (&with(&format!(r#","token_lifetime_seconds":"a, expected {HASH}""#)), "a text stands where"),
            (&with(r#","name":"M""#), "duplicate field `name`"),
            (&with(r#","token_lifetime_seconds":59"#), "token_lifetime_seconds: must be 60 to 3600"),
            (&with(r#","expires_at":"tomorrow""#), "expires_at: must be a time"),
            (&with(r#","ip_allowlist":["x"]"#), "ip_allowlist: must be"),
            (&with(r#","max_payout":"0""#), "max_payout: must be"),
            (&with(r#","max_payout":1.5"#), "expected a string"),
            (&with(r#","token_endpoint_auth_method":"private_key_jwt""#), "token_endpoint_auth_method: must be"),
            (
                &with("").replace(&format!(r#"{{"hash":"{HASH}"}}"#), &format!("\"{HASH}\"")),
                "a text stands where struct RawSecret",
            ),
            (&with("").replace(&format!(r#"{{"hash":"{HASH}"}}"#), two.trim_end_matches(',')), "secrets: must be one or two"),
            (&with("").replace(HASH, "hunter2"), "hash: is none of the known forms"),
            (&with("").replace("\"c\"", "\"key_x\""), "foreign_client_id: must not begin with key_"),
            (&with("").replace("null", "\"organization\""), "the organization is null"),
            (&with("").replace("[\"a\"]", "[]"), "each grant needs at least one scope"),
            (&with("").replace("\"a\"", "\"a b\""), "scope: must be"),
        ] {
            let error = parse(1, text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains(HASH) && !error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_parser_fall(text in "\\PC{0,200}", at: prop::sample::Index, to in "\\PC{0,3}") {
            let _ = parse(1, &text);
            let mut near = with(r#","expires_at":"2030-01-01T00:00:00Z","ip_allowlist":["::1"],"max_payout":"5""#);
            let at = at.index(near.len());
            near.replace_range(at..=at, &to);
            let _ = parse(1, &near);
            crate::fuzz_invariants::import_line::check(near.as_bytes());
            crate::fuzz_invariants::import_line::check(format!("{near}\n{}", with("")).as_bytes());
        }
    }
}
