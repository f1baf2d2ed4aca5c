//! Reads the members of a body one by one and gathers everything that is wrong with them; members that nobody asked for
//! are wrong too.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::problem::{ApiError, FieldError};
use crate::domain::Invalid;

/// A body's members, being read. Never prints itself: one may be a password.
pub(super) struct Input<'a> {
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl<'a> Input<'a> {
    pub(super) const fn new(members: &'a Map<String, Value>) -> Self {
        Self { members, known: Vec::new(), errors: Vec::new() }
    }

    /// A member that may be left out.
    pub(super) fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(&Value) -> Result<T, Invalid>) -> Option<T> {
        self.known.push(name);
        match read(self.members.get(name)?) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.refuse(name, invalid.code, invalid.detail);
                None
            }
        }
    }

    /// A member that may be left out or `null`.
    pub(super) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        self.optional(name, |value| if value.is_null() { Ok(None) } else { read(value).map(Some) })
    }

    /// A member that must be there. `None` only when an error was noted, so that [`Input::finish`] fails.
    pub(super) fn required<T>(&mut self, name: &'static str, read: impl FnOnce(&Value) -> Result<T, Invalid>) -> Option<T> {
        if !self.members.contains_key(name) {
            self.known.push(name);
            self.refuse(name, "required", "must be there");
            return None;
        }
        self.optional(name, read)
    }

    /// Whether a member is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Notes that a member which exists may not be given here.
    pub(super) fn fixed(&mut self, names: &[&'static str], why: &'static str) {
        for name in names {
            self.known.push(name);
            if self.members.contains_key(*name) {
                self.refuse(*name, "not_editable", why);
            }
        }
    }

    /// Notes an error.
    pub(super) fn refuse(&mut self, field: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.errors.push(FieldError { field: field.into(), code, detail: detail.into() });
    }

    /// The end: unknown members are errors too.
    pub(super) fn finish(mut self) -> Result<(), ApiError> {
        for name in self.members.keys() {
            if !self.known.contains(&name.as_str()) {
                // A made-up name comes back cut: it is not ours to repeat at length.
                let field: String = name.chars().take(64).collect();
                self.errors.push(FieldError { field, code: "unknown_member", detail: "is not known here".to_owned() });
            }
        }
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.errors)) }
    }
}

/// What [`Input::finish`] has made sure of: a required member that was read.
pub(super) fn present<T>(value: Option<T>) -> Result<T, ApiError> {
    value.ok_or_else(|| ApiError::internal("a required member was not read"))
}

fn wrong_type(detail: &'static str) -> Invalid {
    Invalid::new("", "wrong_type", detail)
}

/// A string that says something of type `T`.
pub(super) fn text<T: FromStr<Err = Invalid>>(value: &Value) -> Result<T, Invalid> {
    value.as_str().ok_or_else(|| wrong_type("must be a string"))?.parse()
}

/// Any string of at most `most` characters.
pub(super) fn string(value: &Value, most: usize) -> Result<String, Invalid> {
    let text = value.as_str().ok_or_else(|| wrong_type("must be a string"))?;
    if text.chars().count() > most {
        return Err(Invalid::new("", "too_long", format!("must have at most {most} characters")));
    }
    Ok(text.to_owned())
}

/// `true` or `false`.
pub(super) fn boolean(value: &Value) -> Result<bool, Invalid> {
    value.as_bool().ok_or_else(|| wrong_type("must be true or false"))
}

/// A whole number.
pub(super) fn integer(value: &Value) -> Result<i64, Invalid> {
    value.as_i64().ok_or_else(|| wrong_type("must be a whole number"))
}

/// A list whose items `read` reads.
pub(super) fn list<T>(value: &Value, read: impl Fn(&Value) -> Result<T, Invalid>) -> Result<Vec<T>, Invalid> {
    value.as_array().ok_or_else(|| wrong_type("must be a list"))?.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let body = json!({"name": 1, "enabled": true, "surprise": null});
        let mut input = Input::new(body.as_object().unwrap());
        assert_eq!(input.required("name", |v| string(v, 10)), None);
        assert_eq!(input.optional("enabled", boolean), Some(true));
        assert_eq!(input.required("count", integer), None);
        let Err(ApiError::Invalid(errors)) = input.finish() else { panic!("accepted") };
        let told: Vec<(&str, &str)> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        assert_eq!(told, [("name", "wrong_type"), ("count", "required"), ("surprise", "unknown_member")]);
    }

    #[test]
    fn null_is_not_absence() {
        let body = json!({"plan": null});
        let mut input = Input::new(body.as_object().unwrap());
        assert_eq!(input.nullable("plan", |v| string(v, 9)), Some(None));
        assert_eq!(input.nullable("other", |v| string(v, 9)), None);
        assert!(input.finish().is_ok());
    }
}
