//! A key as a row of the list.

use serde::Deserialize;

use super::credential::Credential;
use super::known::{Accounts, Scopes};
use super::words::{Holding, Reach, counted, grants_in_words, scopes_in_short, targets_in_short};
use crate::domain::time::Timestamp;
use crate::web::dashboard::view::When;

const DAY: i64 = 86_400;
/// From this age on a secret is marked: the events of stale keys begin here too.
const STALE_AFTER_DAYS: i64 = 90;
/// Ends soon: the first warning of an expiring key comes then.
const ENDS_SOON_DAYS: i64 = 7;

/// What the list asks of a key.
#[derive(Debug, Deserialize)]
pub(super) struct ListedKey {
    client_id: String,
    name: String,
    #[serde(flatten)]
    pub(super) holding: Holding,
    #[serde(flatten)]
    credential: Credential,
    secrets: Vec<ListedSecret>,
    expires_at: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct ListedSecret {
    hint: String,
    created_at: Timestamp,
}

/// How a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    /// Its time is over soon.
    Expiring,
    /// Two secrets are live.
    Rotating,
    Disabled,
    Expired,
}

impl Standing {
    fn of(key: &ListedKey, now: Timestamp) -> Self {
        let ends_within = |seconds| key.expires_at.is_some_and(|at| at <= now.plus_seconds(seconds));
        if key.disabled_at.is_some() {
            Self::Disabled
        } else if ends_within(0) {
            Self::Expired
        } else if ends_within(ENDS_SOON_DAYS * DAY) {
            Self::Expiring
        } else if key.secrets.len() > 1 {
            Self::Rotating
        } else {
            Self::Active
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Expiring => "Expires soon",
            Self::Rotating => "Rotating",
            Self::Disabled => "Disabled",
            Self::Expired => "Expired",
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Active => "good",
            Self::Expiring => "warn",
            Self::Rotating => "accent",
            Self::Disabled => "",
            Self::Expired => "bad",
        }
    }
}

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) client_id: String,
    pub(super) name: String,
    pub(super) is_admin: bool,
    pub(super) targets: String,
    pub(super) scopes: String,
    pub(super) reaches: Vec<Reach>,
    pub(super) hint: Option<String>,
    pub(super) has_secret: bool,
    /// In place of a secret, in two lines.
    pub(super) credential: &'static str,
    pub(super) recognised_by: String,
    /// Of the newest secret.
    pub(super) age: String,
    pub(super) is_old: bool,
    pub(super) last_used: Option<When>,
    pub(super) standing: Standing,
    /// When it ends, where that is soon or was.
    pub(super) ends: Option<When>,
}

impl Row {
    pub(super) fn of(key: ListedKey, scopes: &Scopes, accounts: &Accounts, now: Timestamp) -> Self {
        let standing = Standing::of(&key, now);
        let newest = key.secrets.first();
        let days = newest.map_or(0, |secret| (now.unix() - secret.created_at.unix()).max(0) / DAY);
        Self {
            is_admin: key.holding.is_admin(),
            targets: targets_in_short(&key.holding),
            scopes: scopes_in_short(&key.holding),
            reaches: grants_in_words(&key.holding, scopes, accounts),
            hint: newest.map(|secret| secret.hint.clone()),
            has_secret: key.credential.has_secret(),
            credential: key.credential.in_short(),
            recognised_by: key.credential.detail(),
            age: age(days),
            is_old: days >= STALE_AFTER_DAYS,
            last_used: key.last_used_at.map(When),
            ends: key.expires_at.filter(|_| matches!(standing, Standing::Expiring | Standing::Expired)).map(When),
            standing,
            client_id: key.client_id,
            name: key.name,
        }
    }
}

fn age(days: i64) -> String {
    match usize::try_from(days).unwrap_or(0) {
        0 => "made today".to_owned(),
        days => format!("{} old", counted(days, "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn row(age_days: i64, more: serde_json::Value) -> Row {
        let mut key = json!({
            "client_id": "key_1", "name": "A", "kind": "admin", "account_id": null, "expires_at": null, "disabled_at": null,
            "last_used_at": null, "token_endpoint_auth_method": "client_secret_basic", "require_bound_tokens": false, "secrets": [{"hint": "clv_...abcd", "created_at": NOW.plus_seconds(-age_days * DAY)}],
        });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Row::of(serde_json::from_value(key).unwrap(), &Scopes::default(), &Accounts::default(), NOW)
    }

    #[test]
    fn a_secret_is_marked_from_ninety_days_on() {
        assert_eq!((row(0, json!({})).age.as_str(), row(1, json!({})).age.as_str()), ("made today", "1 day old"));
        assert!(!row(89, json!({})).is_old && row(90, json!({})).is_old);
    }

    #[test]
    fn a_key_stands_as_it_would_be_answered() {
        let at = |seconds| json!({"expires_at": NOW.plus_seconds(seconds)});
        assert_eq!(row(1, json!({})).standing, Standing::Active);
        assert_eq!(row(1, at(0)).standing, Standing::Expired);
        assert_eq!(row(1, at(1)).standing, Standing::Expiring);
        assert_eq!(row(1, at(7 * DAY)).standing, Standing::Expiring);
        assert_eq!(row(1, at(7 * DAY + 1)).standing, Standing::Active);
        assert_eq!(row(1, json!({"disabled_at": NOW, "expires_at": NOW})).standing, Standing::Disabled);
        let secret = json!({"hint": "clv_...abcd", "created_at": NOW});
        assert_eq!(row(1, json!({"secrets": [secret, secret]})).standing, Standing::Rotating);
    }
}
