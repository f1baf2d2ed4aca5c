//! The members of an API key, as bodies spell them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::Invalid;
use crate::domain::api_key::{KeySettings, TokenLifetime};
use crate::domain::grant::{Grant, GrantTarget, Grants};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::max_payout::MaxPayout;
use crate::domain::name::Name;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::{MAX_URL_BYTES, OutboundUrl};
use crate::domain::plan::PlanName;
use crate::domain::public_credential::{PublicCredential, RegisteredJwks, TrustedIssuer};
use crate::domain::scope::ScopeName;
use crate::domain::time::Timestamp;
use crate::web::api::input::{Input, boolean, integer, list, string, text};

/// The settings that a body names; what it does not name stays.
#[derive(Debug, Default)]
pub(super) struct SettingsInput {
    name: Option<Name>,
    ip_allowlist: Option<IpAllowlist>,
    max_payout: Option<Option<MaxPayout>>,
    token_lifetime: Option<TokenLifetime>,
    plan: Option<Option<PlanName>>,
    expires_at: Option<Option<Timestamp>>,
    public_credential: Option<PublicCredential>,
    require_bound_tokens: Option<bool>,
}

impl SettingsInput {
    /// Reads all but the name, which is required in one place and not in another.
    pub(super) fn read(input: &mut Input<'_>, name: Option<Name>, networks: &NetworkPolicy) -> Self {
        Self {
            name,
            public_credential: public_credential(input, networks),
            require_bound_tokens: input.optional("require_bound_tokens", boolean),
            ip_allowlist: input.optional("ip_allowlist", allowlist),
            max_payout: input.nullable("max_payout", text),
            token_lifetime: input.optional("token_lifetime_seconds", |value| TokenLifetime::from_seconds(integer(value)?)),
            plan: input.nullable("plan", text),
            expires_at: input.nullable("expires_at", text),
        }
    }

    /// Alters the settings.
    pub(super) fn apply(self, settings: &mut KeySettings) {
        set(&mut settings.name, self.name);
        set(&mut settings.ip_allowlist, self.ip_allowlist);
        set(&mut settings.max_payout, self.max_payout);
        set(&mut settings.token_lifetime, self.token_lifetime);
        set(&mut settings.plan, self.plan);
        set(&mut settings.expires_at, self.expires_at);
        set(&mut settings.public_credential, self.public_credential.map(Some));
        set(&mut settings.require_bound_tokens, self.require_bound_tokens);
    }

    /// The settings of a new key of this name.
    pub(super) fn into_settings(self, name: Name) -> KeySettings {
        let mut settings = KeySettings::named(name);
        self.apply(&mut settings);
        settings
    }
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// The one member that names it; `null` is as if it were not there.
fn public_credential(input: &mut Input<'_>, networks: &NetworkPolicy) -> Option<PublicCredential> {
    let address = |text: &str| OutboundUrl::parse(text, networks);
    let jwks = input.nullable("jwks", |value| RegisteredJwks::new(value.clone())).flatten();
    let jwks_uri = input.nullable("jwks_uri", |value| {
        address(&string(value, MAX_URL_BYTES)?).map_err(|invalid| Invalid { field: "jwks_uri", ..invalid })
    });
    let issuer = input.nullable("trusted_issuer", |value| match value.as_object() {
        Some(members) => TrustedIssuer::read(members, address),
        None => Err(Invalid::new("trusted_issuer", "wrong_type", "must be an object with issuer, subject and audience")),
    });
    let named = [
        jwks.map(PublicCredential::Jwks),
        jwks_uri.flatten().map(PublicCredential::JwksUri),
        issuer.flatten().map(PublicCredential::TrustedIssuer),
    ];
    let mut named = named.into_iter().flatten();
    let first = named.next();
    if let Some(other) = named.next() {
        input.refuse(other.member(), "not_allowed", "a key has one public credential only");
    }
    first
}

fn allowlist(value: &Value) -> Result<IpAllowlist, Invalid> {
    let entries: Vec<String> = list(value, |entry| string(entry, 64))?;
    IpAllowlist::parse(entries.iter().map(String::as_str))
}

/// `[{"account_id": null, "acct_…" or "*", "scopes": […]}]`
pub(super) fn grants(value: &Value) -> Result<Grants, Invalid> {
    Grants::new(list(value, grant)?)
}

fn grant(value: &Value) -> Result<Grant, Invalid> {
    let wrong = |detail: &'static str| Invalid::new("grants", "wrong_type", detail);
    let members = value.as_object().ok_or_else(|| wrong("each grant must be an object with account_id and scopes"))?;
    if let Some(other) = members.keys().find(|name| !matches!(name.as_str(), "account_id" | "scopes")) {
        let other: String = other.chars().take(64).collect();
        return Err(Invalid::new("grants", "unknown_member", format!("a grant has no member {other}")));
    }
    let target = match members.get("account_id") {
        None | Some(Value::Null) => GrantTarget::Organization,
        Some(Value::String(text)) if text != "organization" => text.parse()?,
        Some(_) => return Err(wrong("account_id must be null, an account's id or \"*\"")),
    };
    let scopes = members.get("scopes").ok_or_else(|| Invalid::new("grants", "required", "each grant needs scopes"))?;
    let scopes: Vec<ScopeName> = list(scopes, text)?;
    Ok(Grant { target, scopes: scopes.into_iter().collect::<BTreeSet<_>>() })
}
