//! What a mail says: what happened to which key, who did it, when and from where, what changed, and what to do about it.
//!
//! Names are other people's words: they are escaped in HTML, and characters that would turn the reading direction or
//! break a line do not reach the mail.

use askama::Template;
use serde_json::Value;

use crate::domain::event::{Event, EventKind};

/// Events that are told in full in one mail; more are counted.
const SHOWN: usize = 50;

/// A label and what belongs to it.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    label: String,
    value: String,
}

/// One event in words.
#[derive(Debug)]
struct Told {
    subject: String,
    sentence: String,
    rows: Vec<Row>,
    advice: &'static str,
}

#[derive(Template)]
#[template(path = "mail/one.txt", escape = "none")]
struct OneText<'a> {
    told: &'a Told,
    issuer: &'a str,
    organization: &'a str,
}

#[derive(Template)]
#[template(path = "mail/one.html")]
struct OneHtml<'a> {
    told: &'a Told,
    issuer: &'a str,
    organization: &'a str,
}

#[derive(Template)]
#[template(path = "mail/several.txt", escape = "none")]
struct SeveralText<'a> {
    subject: &'a str,
    shown: &'a [Told],
    hidden: usize,
    advice: &'static str,
    issuer: &'a str,
    organization: &'a str,
}

#[derive(Template)]
#[template(path = "mail/several.html")]
struct SeveralHtml<'a> {
    subject: &'a str,
    shown: &'a [Told],
    hidden: usize,
    advice: &'static str,
    issuer: &'a str,
    organization: &'a str,
}

/// A mail's subject and its two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MailText {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

const IF_UNKNOWN: &str = "If you do not know of this: disable the key at once, give it a new secret before you enable it again, and \
     look into the audit log and at who may manage keys in your organization.";
const SEVERAL: &str = "If you do not know of one of these: disable the key at once, and look into the audit log and at who may manage \
     keys in your organization.";

/// The mail that tells of these events, the oldest first. `None` when there are none.
pub(super) fn mail_of(
    events: &[Event],
    organization: &str,
    issuer: &str,
    name_of: &dyn Fn(&str) -> Option<String>,
) -> Option<MailText> {
    let organization = &displayed(organization);
    let told: Vec<Told> = events.iter().take(SHOWN).map(|event| tell(event, name_of)).collect();
    let rendered = match told.as_slice() {
        [] => return None,
        [told] => (
            told.subject.clone(),
            OneText { told, issuer, organization }.render(),
            OneHtml { told, issuer, organization }.render(),
        ),
        shown => {
            let subject = format!("{} changes and reminders about the API keys of {organization}", events.len());
            let hidden = events.len().saturating_sub(shown.len());
            let advice = SEVERAL;
            let text = SeveralText { subject: &subject, shown, hidden, advice, issuer, organization }.render();
            let html = SeveralHtml { subject: &subject, shown, hidden, advice, issuer, organization }.render();
            (subject, text, html)
        }
    };
    match rendered {
        (subject, Ok(text), Ok(html)) => Some(MailText { subject, text, html }),
        _ => None,
    }
}

fn tell(event: &Event, name_of: &dyn Fn(&str) -> Option<String>) -> Told {
    let data = &event.data;
    let member = |name: &str| data.get(name).filter(|value| !value.is_null()).map(shown);
    let name = member("name").unwrap_or_else(|| "without a name".to_owned());
    let (what, sentence, advice) = phrases(event.kind, &name, data);
    let mut rows = Vec::new();
    let mut row = |label: &str, value: Option<String>| rows.extend(value.map(|value| Row { label: label.to_owned(), value }));
    row("Key", member("client_id"));
    row("Webhook", member("url"));
    row("Secret", data.get("secret").and_then(|secret| secret.get("hint")).map(shown));
    row("Who", member("actor").map(|actor| who(&actor, name_of)));
    row("When", Some(event.occurred_at.to_string()));
    row("From", member("address"));
    row("Secret made", member("secret_created_at"));
    row("Last used", member("last_used_at"));
    row("Ends", member("expires_at"));
    if event.kind == EventKind::ApiKeyEdited {
        rows.extend(changes(data));
    } else if matches!(event.kind, EventKind::ApiKeyCreated | EventKind::ApiKeyDuplicated) {
        let holds = data.get("after").and_then(|after| after.get("grants"));
        rows.extend(holds.map(|grants| Row { label: "Scopes".to_owned(), value: scopes(grants) }));
    }
    Told { subject: format!("{what}: {name}"), sentence, rows, advice }
}

/// Subject, sentence and advice.
fn phrases(kind: EventKind, name: &str, data: &Value) -> (&'static str, String, &'static str) {
    let key = |what: &'static str, rest: &str| (what, format!("The API key \"{name}\" {rest}"), IF_UNKNOWN);
    match kind {
        EventKind::ApiKeyCreated => key("API key created", "was created."),
        EventKind::ApiKeyRegenerated => key("API key regenerated", "got a new secret."),
        EventKind::ApiKeyDuplicated => key("API key duplicated", "was created as a copy of another key."),
        EventKind::ApiKeyEdited => key("API key edited", "was changed."),
        EventKind::ApiKeyDisabled => key("API key disabled", "was disabled: it gets no tokens, and those it had are dead."),
        EventKind::ApiKeyEnabled => key("API key enabled", "was enabled: it gets tokens again."),
        EventKind::ApiKeyDeleted => key("API key deleted", "was deleted for good."),
        EventKind::ApiKeyExpiring if data.get("secret").is_some() => (
            "API key: old secret ends soon",
            format!("An old secret of the API key \"{name}\" ends soon."),
            "Make sure that every program which uses this key has the new secret by then.",
        ),
        EventKind::ApiKeyExpiring => (
            "API key ends soon",
            format!("The API key \"{name}\" ends soon."),
            "If it is still needed, give it a later end or put another key in its place before then.",
        ),
        EventKind::ApiKeyStale => {
            let unused = data.get("reasons").and_then(Value::as_array).is_some_and(|all| all.iter().any(|r| r == "unused"));
            if unused {
                let sentence = format!("The API key \"{name}\" has not been used for 90 days.");
                ("API key unused", sentence, "Delete or disable it if it is not needed any more; give it a new secret if it is.")
            } else {
                let sentence = format!("The secret of the API key \"{name}\" is more than 90 days old.");
                ("API key: rotate the secret", sentence, "Regenerate it with a grace period, and hand out the new one.")
            }
        }
        EventKind::WebhookDisabled => (
            "Webhook disabled",
            "A webhook was disabled: its receiver answered that it is gone.".to_owned(),
            "If it should still get events, mend the receiver and enable the webhook again.",
        ),
        EventKind::WebhookTest => ("Webhook tried out", "A webhook was tried out.".to_owned(), ""),
    }
}

/// Who did it, in a form that a person knows.
fn who(actor: &str, name_of: &dyn Fn(&str) -> Option<String>) -> String {
    match actor {
        "cli" => "an operator, by the command line".to_owned(),
        "system" | "dev" => "the server itself".to_owned(),
        id => name_of(id).map_or_else(|| id.to_owned(), |name| format!("{} ({id})", displayed(&name))),
    }
}

/// What an edit changed, member by member.
fn changes(data: &Value) -> Vec<Row> {
    let empty = serde_json::Map::new();
    let side = |name: &str| data.get(name).and_then(Value::as_object).unwrap_or(&empty);
    let (before, after) = (side("before"), side("after"));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let mut rows = Vec::new();
    for name in names {
        let in_words = |side: &serde_json::Map<String, Value>| match side.get(name) {
            None | Some(Value::Null) => "none".to_owned(),
            Some(grants) if name == "grants" => scopes(grants),
            Some(all) if name == "secrets" => secrets(all),
            Some(value) => shown(value),
        };
        let label = if name == "grants" { "scopes".to_owned() } else { name.replace('_', " ") };
        rows.push(Row { label: format!("Before, {label}"), value: in_words(before) });
        rows.push(Row { label: format!("After, {label}"), value: in_words(after) });
    }
    rows
}

/// Grants as text: `organization: a b; acct_…: c`.
fn scopes(grants: &Value) -> String {
    let grant = |grant: &Value| {
        let target = match grant.get("account_id") {
            None | Some(Value::Null) => "organization".to_owned(),
            Some(Value::String(all)) if all == "*" => "every account".to_owned(),
            Some(account) => shown(account),
        };
        let names = grant.get("scopes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        format!("{target}: {}", names.iter().map(shown).collect::<Vec<_>>().join(" "))
    };
    grants.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(grant).collect::<Vec<_>>().join("; ")
}

/// Secrets as text: `clv_...x4f2, clv_...9aZb until 2026-11-29T12:00:00Z`.
fn secrets(all: &Value) -> String {
    let member = |secret: &Value, name: &str| secret.get(name).and_then(Value::as_str).map(displayed);
    let secret = |secret: &Value| {
        let until = member(secret, "expires_at").map(|at| format!(" until {at}")).unwrap_or_default();
        format!("{}{until}", member(secret, "hint").unwrap_or_default())
    };
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() { "none".to_owned() } else { all.iter().map(secret).collect::<Vec<_>>().join(", ") }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => displayed(text),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => displayed(&other.to_string()),
    }
}

/// Text without what would break a line or turn the reading direction.
pub(super) fn displayed(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|c| if harmful(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{EventId, OrganizationId};
    use crate::domain::time::Timestamp;
    use serde_json::json;

    const ISSUER: &str = "https://auth.example.com";

    fn event(kind: EventKind, data: Value) -> Event {
        Event {
            id: EventId::from_parts(1, 2),
            organization_id: OrganizationId::from_parts(1, 2),
            kind,
            occurred_at: Timestamp::from_unix(1_800_000_000),
            data,
        }
    }

    fn mail(events: &[Event]) -> MailText {
        mail_of(events, "Acme", ISSUER, &|id| (id == "user_1").then(|| "ada@example.com".to_owned())).unwrap()
    }

    #[test]
    fn an_edit_is_told_with_who_when_where_and_the_scopes_before_and_after() {
        let grants = |scopes: &[&str]| json!([{"account_id": null, "scopes": scopes}, {"account_id": "*", "scopes": ["d"]}]);
        let mail = mail(&[event(
            EventKind::ApiKeyEdited,
            json!({"client_id": "key_1", "name": "Billing", "actor": "user_1", "address": "203.0.113.9",
                   "before": {"grants": grants(&["a"]), "plan": null}, "after": {"grants": grants(&["a", "b"]), "plan": "growth"}}),
        )]);
        assert_eq!(mail.subject, "API key edited: Billing");
        for line in [
            "The API key \"Billing\" was changed.",
            "Key: key_1",
            "Who: ada@example.com (user_1)",
            "When: 2027-01-15T08:00:00Z",
            "From: 203.0.113.9",
            "Before, scopes: organization: a; every account: d",
            "After, scopes: organization: a b; every account: d",
            "Before, plan: none",
            "After, plan: growth",
            "disable the key at once",
            "https://auth.example.com",
        ] {
            assert!(mail.text.contains(line), "{line}\n{}", mail.text);
        }
        for part in ["ada@example.com (user_1)", "organization: a b; every account: d"] {
            assert!(mail.html.contains(part), "{part}\n{}", mail.html);
        }
    }

    #[test]
    fn a_name_is_never_markup_nor_a_header_nor_turned_around() {
        let name = "<img src=x onerror=alert(1)>{{7*7}}\r\nBcc: x@example.com\u{202e}";
        let hostile = event(EventKind::ApiKeyCreated, json!({"client_id": "key_1", "name": name, "actor": "<b>x</b>"}));
        for mail in [mail(std::slice::from_ref(&hostile)), mail(&[hostile.clone(), hostile.clone()])] {
            assert!(!mail.html.contains("<img") && !mail.html.contains("<b>x"), "{}", mail.html);
            assert!(mail.html.contains("&#60;img src=x onerror=alert(1)&#62;{{7*7}}"), "{}", mail.html);
            assert!(!mail.subject.contains(['\r', '\n', '\u{202e}']), "{}", mail.subject);
            assert!(!mail.text.contains("\nBcc"), "{}", mail.text);
        }
    }

    #[test]
    fn every_kind_has_a_subject_of_its_own() {
        let mut subjects: Vec<String> =
            EventKind::ALL.iter().map(|kind| mail(&[event(*kind, json!({"name": "K"}))]).subject).collect();
        subjects.push(mail(&[event(EventKind::ApiKeyStale, json!({"name": "K", "reasons": ["unused"]}))]).subject);
        subjects.push(mail(&[event(EventKind::ApiKeyExpiring, json!({"name": "K", "secret": {"hint": "clv_...x"}}))]).subject);
        let count = subjects.len();
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), count, "{subjects:?}");
    }

    #[test]
    fn many_events_make_one_mail() {
        let all: Vec<Event> =
            (0..70).map(|n| event(EventKind::ApiKeyStale, json!({"name": format!("K{n}"), "reasons": ["unused"]}))).collect();
        let mail = mail(&all);
        assert_eq!(mail.subject, "70 changes and reminders about the API keys of Acme");
        assert!(mail.text.contains("\"K49\"") && !mail.text.contains("\"K50\"") && mail.text.contains("And 20 more."));
        assert!(mail_of(&[], "Acme", ISSUER, &|_| None).is_none());
    }
}
