//! What introspection answers (RFC 7662 section 2.2, RFC 9701 section 5).

use serde::Serialize;
use serde_json::{Map, Value};

use super::binding::Binding;
use crate::domain::id::ClientId;

/// The media type of a signed answer (RFC 9701 section 4).
pub const SIGNED_MEDIA_TYPE: &str = "application/token-introspection+jwt";
/// The `typ` of a signed answer (RFC 9701 section 5).
pub const SIGNED_TYPE: &str = "token-introspection+jwt";

/// The answer about a live token: its own claims, and what kind of token it is. `None`: there is nothing to say, not even
/// why (RFC 7662 section 2.2).
pub fn answer(claims: Option<Map<String, Value>>) -> Value {
    let Some(mut members) = claims else { return serde_json::json!({"active": false}) };
    members.insert("active".to_owned(), Value::Bool(true));
    let token_type = Binding::of(&members).unwrap_or_default().token_type();
    members.insert("token_type".to_owned(), Value::String(token_type.to_owned()));
    Value::Object(members)
}

/// The claims of a signed answer. Without `sub` and `exp`, so that it can't be taken for an access token.
#[derive(Debug, Serialize)]
pub struct SignedAnswer<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// Who asked.
    pub aud: ClientId,
    /// Unix seconds.
    pub iat: i64,
    /// The answer.
    pub token_introspection: &'a Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in3_of_a_dead_token_nothing_is_said() {
        assert_eq!(answer(None).to_string(), r#"{"active":false}"#);
    }
}
