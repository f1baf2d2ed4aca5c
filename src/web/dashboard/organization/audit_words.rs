//! What the audit log says, in words.

use serde_json::Value;

/// Every action and what it is in words.
pub(super) const ACTIONS: &[(&str, &str)] = &[
    ("api_key.created", "Created an API key"),
    ("api_key.duplicated", "Duplicated an API key"),
    ("api_key.imported", "Imported an API key"),
    ("api_key.edited", "Edited an API key"),
    ("api_key.regenerated", "Gave an API key a new secret"),
    ("api_key.disabled", "Disabled an API key"),
    ("api_key.enabled", "Enabled an API key"),
    ("api_key.deleted", "Deleted an API key"),
    ("token.refused", "Asked for a token"),
    ("api.refused", "Called the management API"),
    ("refusals.unlisted", "Refusals without rows of their own"),
    ("account.created", "Created an account"),
    ("account.edited", "Renamed an account"),
    ("user.created", "Created or invited a user"),
    ("user.invited", "Sent an invitation again"),
    ("user.invitation_accepted", "Accepted an invitation"),
    ("user.changed", "Changed a user"),
    ("user.removed", "Removed a user"),
    ("user.password_set", "Set a user's password"),
    ("user.password_changed", "Changed the password"),
    ("user.password_reset_requested", "Asked for a link to a new password"),
    ("user.password_reset", "Set a new password with a link"),
    ("session.created", "Signed in"),
    ("session.reauthenticated", "Confirmed the password"),
    ("session.ended", "Signed out or ended a session"),
    ("session.others_ended", "Ended all other sessions"),
    ("webhook.created", "Created a webhook"),
    ("webhook.edited", "Edited a webhook"),
    ("webhook.secret_rotated", "Rotated a webhook's secret"),
    ("webhook.tested", "Tested a webhook"),
    ("webhook.redelivered", "Delivered an event again"),
    ("webhook.disabled", "Disabled a webhook: its receiver is gone"),
    ("webhook.deleted", "Deleted a webhook"),
    ("organization.created", "Created an organization"),
    ("organization.edited", "Edited an organization"),
    ("plan.created", "Created a rate plan"),
    ("plan.edited", "Edited a rate plan"),
    ("plan.deleted", "Deleted a rate plan"),
    ("resource_server.created", "Created a resource server"),
    ("resource_server.edited", "Edited a resource server"),
    ("resource_server.deleted", "Deleted a resource server"),
    ("scope.created", "Created a scope"),
    ("scope.edited", "Edited a scope"),
    ("scope.deleted", "Deleted a scope"),
    ("signing_key.rotated", "Rotated the signing key"),
    ("signing_key.imported", "Imported a signing key"),
    ("platform.set_up", "Set the platform up"),
];

/// The groups by which the log is filtered: how their actions begin, and what they are called.
pub(super) const GROUPS: &[(&str, &str)] = &[
    ("api_key.", "API keys: everything"),
    ("token.", "Refused token requests"),
    ("api.", "Refused API requests"),
    ("account.", "Accounts: everything"),
    ("user.", "Users: everything"),
    ("session.", "Signing in and out"),
    ("webhook.", "Webhooks: everything"),
    ("organization.", "Organizations: everything"),
];

/// An action in words; one that is not known as it is.
pub(super) fn action_in_words(action: &str) -> String {
    ACTIONS.iter().find(|(known, _)| *known == action).map_or_else(|| action.to_owned(), |(_, words)| (*words).to_owned())
}

/// A reason in words: they are spelled so that this is easy.
pub(super) fn reason_in_words(reason: &str) -> String {
    reason.replace('_', " ")
}

/// A member that was changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) name: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// What differs, member by member, in the order of the names.
pub(super) fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let names = [before, after].into_iter().flatten().filter_map(Value::as_object).flat_map(|object| object.keys());
    let mut names: Vec<&String> = names.collect();
    names.sort_unstable();
    names.dedup();
    let of = |side: Option<&Value>, name: &str| side.and_then(|side| side.get(name)).map(shown);
    let change = |name: &String| Change { name: name.clone(), before: of(before, name), after: of(after, name) };
    names.into_iter().map(change).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) if items.iter().any(Value::is_object) => items.iter().map(shown).collect::<Vec<_>>().join("\n\n"),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            members.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect::<Vec<_>>().join("\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_told_member_by_member() {
        let (before, after) = (json!({"name": "a", "plan": null}), json!({"name": "b", "scopes": ["x", "y"]}));
        let told = changes(Some(&before), Some(&after));
        let change = |name: &str, before: Option<&str>, after: Option<&str>| Change {
            name: name.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        let expected =
            [change("name", Some("a"), Some("b")), change("plan", Some("none"), None), change("scopes", None, Some("x, y"))];
        assert_eq!(told, expected);
        assert!(changes(None, None).is_empty());
        let grants = json!([{"account_id": null, "scopes": ["fx", "payments:read"]}, {"account_id": "*", "scopes": []}]);
        assert_eq!(shown(&grants), "account_id: none\nscopes: fx, payments:read\n\naccount_id: *\nscopes: none");
    }

    #[test]
    fn every_group_has_actions() {
        for (group, words) in GROUPS {
            assert!(ACTIONS.iter().any(|(action, _)| action.starts_with(group)), "{group} {words}");
        }
    }
}
