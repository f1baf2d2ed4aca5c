//! What the audit log is filtered by: the form's fields, and the query of the operation that they stand for.

use super::audit_words::{ACTIONS, GROUPS};
use crate::domain::time::Timestamp;
use crate::web::dashboard::visit::{Errors, Visit};

const DAY_SECONDS: i64 = 86_400;

/// An action to choose.
#[derive(Debug)]
pub(super) struct ActionChoice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) chosen: bool,
}

/// The fields as they were typed.
#[derive(Debug)]
pub(super) struct AuditFilterForm {
    pub(super) action: String,
    pub(super) actor: String,
    pub(super) target: String,
    pub(super) outcome: String,
    pub(super) from: String,
    pub(super) to: String,
    since: String,
    until: String,
    pub(super) errors: Errors,
}

impl AuditFilterForm {
    pub(super) fn of(visit: &Visit) -> Self {
        let text = |name: &str| visit.query.trimmed(name).to_owned();
        let mut errors = Errors::default();
        let (from, to) = (text("from"), text("to"));
        let since = moment(&from, 0).unwrap_or_else(|| wrong_time(&mut errors, "from"));
        // A day that is named as the last one belongs to it.
        let until = moment(&to, DAY_SECONDS).unwrap_or_else(|| wrong_time(&mut errors, "to"));
        Self {
            action: text("action"),
            actor: text("actor"),
            target: text("target"),
            outcome: text("outcome"),
            from,
            to,
            since,
            until,
            errors,
        }
    }

    /// Whether anything is filtered.
    pub(super) fn is_empty(&self) -> bool {
        [&self.action, &self.actor, &self.target, &self.outcome, &self.from, &self.to].iter().all(|text| text.is_empty())
    }

    /// The query of the operation.
    pub(super) fn query(&self) -> [(&'static str, &str); 6] {
        [
            ("action", &self.action),
            ("actor", &self.actor),
            ("target", &self.target),
            ("outcome", &self.outcome),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    /// The actions to choose from: groups, then each.
    pub(super) fn groups(&self) -> Vec<ActionChoice> {
        self.choices(GROUPS)
    }

    pub(super) fn actions(&self) -> Vec<ActionChoice> {
        self.choices(ACTIONS)
    }

    /// One that was asked for by its name and is none of those.
    pub(super) fn other_action(&self) -> Option<&str> {
        let is_known = GROUPS.iter().chain(ACTIONS).any(|(value, _)| *value == self.action);
        Some(self.action.as_str()).filter(|action| !action.is_empty() && !is_known)
    }

    fn choices(&self, known: &'static [(&'static str, &'static str)]) -> Vec<ActionChoice> {
        known.iter().map(|(value, label)| ActionChoice { value, label, chosen: *value == self.action }).collect()
    }

    /// The same filters in the address of a download.
    pub(super) fn download(&self, visit: &Visit, format: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("format", format);
        let fields = [
            ("action", &self.action),
            ("actor", &self.actor),
            ("target", &self.target),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
        ];
        query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
        visit.to(&format!("/audit-log/export?{}", query.finish()))
    }
}

fn wrong_time(errors: &mut Errors, field: &str) -> String {
    errors.add(field, "must be a day such as 2030-01-31");
    String::new()
}

/// A day, moved by `seconds`, or a moment (RFC 3339); empty when nothing is said, `None` when it is neither.
fn moment(text: &str, seconds: i64) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.to_string());
    }
    let day: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
    Some(day.plus_seconds(seconds).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_and_ends_in_utc() {
        assert_eq!(moment("2030-01-31", 0).as_deref(), Some("2030-01-31T00:00:00Z"));
        assert_eq!(moment("2030-01-31", DAY_SECONDS).as_deref(), Some("2030-02-01T00:00:00Z"));
        assert_eq!(moment("2030-01-31T12:00:00Z", DAY_SECONDS).as_deref(), Some("2030-01-31T12:00:00Z"));
        assert_eq!(moment("", 0).as_deref(), Some(""));
        assert_eq!(moment("yesterday", 0), None);
    }
}
