//! Rows of the audit log: who did what, when, from where, and what was so before and after.

use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;

use super::Invalid;
use super::actor::Actor;
use super::id::{AuditEventId, OrganizationId};

/// Whether what was asked for was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, and nothing was changed.
    Refused,
}

impl Outcome {
    /// `done` or `refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The outcome of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        [Self::Done, Self::Refused].into_iter().find(|outcome| outcome.as_str() == text)
    }
}

impl FromStr for Outcome {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::from_name(text).ok_or_else(|| Invalid::new("outcome", "unknown_outcome", "must be done or refused"))
    }
}

/// The beginning of an action's name, or the whole of it: 1 to 64 lower-case letters, digits, dots and underscores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionPrefix(String);

impl ActionPrefix {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ActionPrefix {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_');
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("action", "invalid_action", "must be an action such as api_key.created, or how one begins"))
        }
    }
}

/// What a use case has to say of itself; the log adds who and when. Never holds a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Whose log it belongs to; `None`: the platform's alone.
    pub organization_id: Option<OrganizationId>,
    /// A stable word, e.g. `api_key.created`.
    pub action: &'static str,
    /// The id of what it was done to.
    pub target: Option<String>,
    /// Whether it was done.
    pub outcome: Outcome,
    /// Why it was refused: a stable word.
    pub reason: Option<&'static str>,
    /// What was so before, as far as it differs.
    pub before: Option<Value>,
    /// What is so now, as far as it differs.
    pub after: Option<Value>,
}

impl AuditEntry {
    /// Something that was done.
    pub fn done(action: &'static str, organization_id: Option<OrganizationId>, target: impl ToString) -> Self {
        Self {
            organization_id,
            action,
            target: Some(target.to_string()),
            outcome: Outcome::Done,
            reason: None,
            before: None,
            after: None,
        }
    }

    /// Something that was refused.
    pub fn refused(action: &'static str, organization_id: Option<OrganizationId>, reason: &'static str) -> Self {
        Self { organization_id, action, target: None, outcome: Outcome::Refused, reason: Some(reason), before: None, after: None }
    }

    /// With what differs between two states of its target; members that are the same are left out.
    #[must_use]
    pub fn changing(mut self, before: Option<Value>, after: Option<Value>) -> Self {
        (self.before, self.after) = match (before, after) {
            (Some(Value::Object(mut before)), Some(Value::Object(mut after))) => {
                let same: Vec<String> =
                    before.iter().filter(|(name, value)| after.get(*name) == Some(value)).map(|(name, _)| name.clone()).collect();
                for name in same {
                    before.remove(&name);
                    after.remove(&name);
                }
                (Some(Value::Object(before)), Some(Value::Object(after)))
            }
            states => states,
        };
        self
    }

    /// With another target.
    #[must_use]
    pub fn about(mut self, target: impl ToString) -> Self {
        self.target = Some(target.to_string());
        self
    }
}

/// A row of the log before it is chained.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// `audit_…`
    pub id: AuditEventId,
    /// Unix milliseconds.
    pub occurred_at_ms: i64,
    /// Who and from where.
    pub actor: Actor,
    /// What.
    pub entry: AuditEntry,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_kept() {
        let entry = AuditEntry::done("api_key.edited", None, "key_x")
            .changing(Some(json!({"name": "a", "plan": null})), Some(json!({"name": "b", "plan": null})));
        assert_eq!(entry.before, Some(json!({"name": "a"})));
        assert_eq!(entry.after, Some(json!({"name": "b"})));
    }
}
