//! Query parameters: known ones, each once.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::cursor;
use super::problem::ApiError;
use crate::domain::Invalid;
use crate::domain::name::MAX_NAME_CHARACTERS;

/// The most entries of one page.
const MAX_LIMIT: i64 = 200;
const DEFAULT_LIMIT: i64 = 50;

/// The parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query string; whatever is broken or there twice is refused.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut found = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if name == "access_token" {
                // RFC 9700 section 2.6: it would stand in logs and histories.
                return Err(ApiError::bad_request("invalid_request", "an access token does not belong into a URL"));
            }
            if found.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(bad(&name, "stands there twice"));
            }
        }
        Ok(Self(found))
    }

    /// The parameters that a page asks with; empty ones are left out, as a form sends what nobody filled in.
    pub(super) fn of(pairs: &[(&str, &str)]) -> Self {
        let said = pairs.iter().filter(|(_, value)| !value.is_empty());
        Self(said.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Refuses every parameter but these.
    pub(super) fn allow(&self, names: &[&str]) -> Result<(), ApiError> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => Err(bad(name, "is not known here")),
            None => Ok(()),
        }
    }

    /// A parameter as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A parameter of type `T`.
    pub(super) fn parsed<T: FromStr<Err = Invalid>>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.text(name).map(|text| text.parse().map_err(|invalid: Invalid| bad(name, &invalid.detail))).transpose()
    }

    /// `limit`: 1 to 200, 50 unless said.
    pub(super) fn limit(&self) -> Result<i64, ApiError> {
        let Some(text) = self.text("limit") else { return Ok(DEFAULT_LIMIT) };
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|limit| is_number && (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| bad("limit", "must be 1 to 200"))
    }

    /// `search`: a part of a name. Empty when it is not there.
    pub(super) fn search(&self) -> Result<&str, ApiError> {
        let text = self.text("search").unwrap_or_default();
        if text.chars().count() > MAX_NAME_CHARACTERS || text.chars().any(char::is_control) {
            return Err(bad("search", "must have at most 64 characters, none of them a control character"));
        }
        Ok(text)
    }

    /// `cursor`, when it names a place by an id.
    pub(super) fn after_id<T: FromStr<Err = Invalid>>(&self) -> Result<Option<T>, ApiError> {
        self.after()?.map(|place| place.parse().map_err(|_| bad_cursor())).transpose()
    }

    /// `cursor`, as the place that it names.
    pub(super) fn after(&self) -> Result<Option<String>, ApiError> {
        self.text("cursor").map(|text| cursor::decode(text).ok_or_else(bad_cursor)).transpose()
    }
}

/// The cursor is not one of ours.
pub(super) fn bad_cursor() -> ApiError {
    bad("cursor", "is not one that this server has handed out")
}

/// What is wrong with a parameter.
pub(super) fn bad(name: &str, detail: &str) -> ApiError {
    let name: String = name.chars().take(64).collect();
    ApiError::bad_request("invalid_query", format!("the query parameter {name} {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mg8_odd_limits_are_refused() {
        let limit = |text: &str| Query::parse(text).and_then(|query| query.limit());
        assert_eq!(limit("").unwrap(), 50);
        assert_eq!(limit("limit=200").unwrap(), 200);
        for bad in ["limit=0", "limit=-1", "limit=201", "limit=9223372036854775808", "limit=", "limit=1.0", "limit=%2B1"] {
            assert!(limit(bad).is_err(), "{bad}");
        }
        assert!(Query::parse("limit=1&limit=1").is_err());
        assert!(Query::parse("access_token=x").is_err());
        assert!(Query::parse("x=1").unwrap().allow(&["limit"]).is_err());
    }
}
