//! Limits of a rate plan, as pages show and take them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::field::{Field, Kind};
use crate::web::dashboard::duration::grouped;
use crate::web::dashboard::form::Form;

/// The limits of a plan; `None`: no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Limits {
    pub(super) requests_per_minute: Option<i64>,
    pub(super) requests_per_day: Option<i64>,
    pub(super) concurrent_connections: Option<i64>,
}

/// The members of a body, the fields of a plan's form, those of an organization's, and their labels.
const FIELDS: [(&str, &str, &str); 3] = [
    ("requests_per_minute", "enterprise_limits.requests_per_minute", "Requests a minute"),
    ("requests_per_day", "enterprise_limits.requests_per_day", "Requests a day"),
    ("concurrent_connections", "enterprise_limits.concurrent_connections", "Concurrent connections"),
];

impl Limits {
    const fn all(self) -> [Option<i64>; 3] {
        [self.requests_per_minute, self.requests_per_day, self.concurrent_connections]
    }

    /// The fields, filled in; `of_organization` says whose limits they are.
    pub(super) fn fields(self, of_organization: bool) -> Vec<Field> {
        let texts = self.all().map(|limit| limit.map(|limit| limit.to_string()).unwrap_or_default());
        fields_with(texts, of_organization)
    }

    /// A limit as people read it.
    pub(super) fn shown(limit: &Option<i64>) -> String {
        limit.as_ref().map_or_else(|| "No limit".to_owned(), number)
    }
}

/// The fields as they were sent.
pub(super) fn typed(form: &Form, of_organization: bool) -> Vec<Field> {
    fields_with(
        FIELDS.map(|(plan, organization, _)| form.text(if of_organization { organization } else { plan }).to_owned()),
        of_organization,
    )
}

fn fields_with(texts: [String; 3], of_organization: bool) -> Vec<Field> {
    let fields = FIELDS.into_iter().zip(texts).map(|((plan, organization, label), text)| {
        Field::new(Kind::Number, if of_organization { organization } else { plan }, label, text).placeholder("No limit")
    });
    fields.collect()
}

/// The members of a body: what is no number goes on as it is, so that the operation says what is wrong with it.
pub(super) fn members(form: &Form, of_organization: bool) -> Map<String, Value> {
    let members = FIELDS.into_iter().map(|(member, organization, _)| {
        let text = form.trimmed(if of_organization { organization } else { member });
        let plain: String = text.chars().filter(|c| !matches!(c, ' ' | ',' | '_')).collect();
        let value = match plain.parse::<i64>() {
            _ if text.is_empty() => Value::Null,
            Ok(number) => number.into(),
            Err(_) => text.into(),
        };
        (member.to_owned(), value)
    });
    members.collect()
}

/// A number with its digits in groups of three; templates hand it over by reference.
pub(super) fn number(number: &i64) -> String {
    grouped(*number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let form = Form::parse(b"requests_per_minute=1%2C200&requests_per_day=+&concurrent_connections=many");
        let members = members(&form, false);
        assert_eq!(
            Value::Object(members),
            serde_json::json!({
                "requests_per_minute": 1200, "requests_per_day": null, "concurrent_connections": "many"
            })
        );
    }
}
