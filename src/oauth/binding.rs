//! What a token is bound to (RFC 7800): who presents it has to prove the same, so that a token alone is worth nothing.

use serde_json::{Map, Value};

use super::access_token::Confirmation;

/// What a token is bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: whoever has the token may use it (RFC 6750).
    #[default]
    None,
    /// The key of this RFC 7638 thumbprint, which signs a proof for each request (RFC 9449).
    Dpop(String),
}

impl Binding {
    /// What the claims of a token of this server say; `None` when they say something else.
    pub fn of(claims: &Map<String, Value>) -> Option<Self> {
        let Some(confirmation) = claims.get("cnf") else { return Some(Self::None) };
        let members = confirmation.as_object().filter(|members| members.len() == 1)?;
        members.get("jkt").and_then(Value::as_str).map(|jkt| Self::Dpop(jkt.to_owned()))
    }

    /// The `token_type` of answers (RFC 6749 section 7.1, RFC 9449 section 5).
    pub const fn token_type(&self) -> &'static str {
        match self {
            Self::None => "Bearer",
            Self::Dpop(_) => "DPoP",
        }
    }

    /// The claim that says it.
    pub const fn confirmation(&self) -> Option<Confirmation<'_>> {
        match self {
            Self::None => None,
            Self::Dpop(jkt) => Some(Confirmation { jkt: jkt.as_str() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(claims: Value) -> Option<Binding> {
        Binding::of(claims.as_object().unwrap())
    }

    #[test]
    fn dp1_a_binding_is_read_from_the_claims_and_nothing_unknown_is_passed_over() {
        assert_eq!(of(json!({"sub": "x"})), Some(Binding::None));
        assert_eq!(of(json!({"cnf": {"jkt": "abc"}})), Some(Binding::Dpop("abc".to_owned())));
        for unknown in
            [json!(null), json!("abc"), json!({}), json!({"jkt": 1}), json!({"x5t#S256": "a"}), json!({"jkt": "a", "kid": "b"})]
        {
            assert_eq!(of(json!({"cnf": unknown})), None, "{unknown}");
        }
    }
}
