//! JSON objects in which no member may appear twice, at any depth: of two readers of such an object, one takes the first
//! and one the last (RFC 8259 section 4, RFC 7515 section 4). Nesting is bounded by serde_json, at 128.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

/// Why a text is not such an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStrict {
    /// It is not JSON, is nested too deeply, or is not an object.
    Malformed,
    /// A member appears twice.
    DuplicateMember,
}

/// Reads one object, and nothing behind it.
///
/// # Errors
/// [`NotStrict`].
pub fn object(text: &[u8]) -> Result<Map<String, Value>, NotStrict> {
    match serde_json::from_slice::<Strict>(text) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        // The visitor raises no other error of this category.
        Err(error) if error.classify() == Category::Data => Err(NotStrict::DuplicateMember),
        Ok(_) | Err(_) => Err(NotStrict::Malformed),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Strict(element)) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Strict(value))) = map.next_entry::<String, Strict>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_serde_json_reads_it() {
        let text = r#" {"a": [1, -2, 1.5, 18446744073709551615, true, null, "x\n"], "b": {"a": {}}} "#;
        assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_member_that_appears_twice_is_noticed_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#] {
            assert_eq!(object(text.as_bytes()).unwrap_err(), NotStrict::DuplicateMember, "{text}");
        }
    }

    #[test]
    fn whatever_is_no_object_is_malformed() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(200), "1}".repeat(200));
        let unclosed = "[".repeat(100_000);
        for text in
            ["", "{", "[]", "1", "null", r#""a""#, "{} {}", "{}x", "{'a':1}", r#"{"a":1,}"#, r#"{"a":NaN}"#, r#"{"a":1e999}"#]
        {
            assert_eq!(object(text.as_bytes()).unwrap_err(), NotStrict::Malformed, "{text}");
        }
        assert_eq!(object(deep.as_bytes()).unwrap_err(), NotStrict::Malformed);
        assert_eq!(object(unclosed.as_bytes()).unwrap_err(), NotStrict::Malformed);
        assert_eq!(object(b"{\"a\":\"\xff\"}").unwrap_err(), NotStrict::Malformed);
    }
}
