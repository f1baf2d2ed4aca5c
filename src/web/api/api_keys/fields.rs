//! The members of an API key, as bodies spell them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::Invalid;
use crate::domain::api_key::{KeySettings, TokenLifetime};
use crate::domain::grant::{Grant, GrantTarget, Grants};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::max_payout::MaxPayout;
use crate::domain::name::Name;
use crate::domain::plan::PlanName;
use crate::domain::scope::ScopeName;
use crate::domain::time::Timestamp;
use crate::web::api::input::{Input, integer, list, text};

/// The settings that a body names; what it does not name stays.
#[derive(Debug, Default)]
pub(super) struct SettingsInput {
    name: Option<Name>,
    ip_allowlist: Option<IpAllowlist>,
    max_payout: Option<Option<MaxPayout>>,
    token_lifetime: Option<TokenLifetime>,
    plan: Option<Option<PlanName>>,
    expires_at: Option<Option<Timestamp>>,
}

impl SettingsInput {
    /// Reads all but the name, which is required in one place and not in another.
    pub(super) fn read(input: &mut Input<'_>, name: Option<Name>) -> Self {
        Self {
            name,
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
    }

    /// The settings of a new key of this name.
    pub(super) fn into_settings(self, name: Name) -> KeySettings {
        let mut settings = KeySettings {
            name,
            ip_allowlist: IpAllowlist::default(),
            max_payout: None,
            token_lifetime: TokenLifetime::default(),
            plan: None,
            expires_at: None,
        };
        self.apply(&mut settings);
        settings
    }
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn allowlist(value: &Value) -> Result<IpAllowlist, Invalid> {
    let entries: Vec<String> = list(value, |entry| super::super::input::string(entry, 64))?;
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
