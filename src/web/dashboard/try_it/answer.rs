//! A token, taken apart and explained.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::app::issue_token::IssuedToken;
use crate::domain::time::Timestamp;
use crate::web::api::ApiError;
use crate::web::dashboard::duration::in_words;
use crate::web::dashboard::view::When;

/// What was issued.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) token: String,
    pub(super) expires_at: When,
    pub(super) lives: String,
    pub(super) scopes: Vec<String>,
    pub(super) header: Part,
    pub(super) claims: Part,
}

/// A half of the token.
#[derive(Debug)]
pub(super) struct Part {
    /// Pretty-printed.
    pub(super) json: String,
    /// Each member in words, in the order in which people ask for them.
    pub(super) members: Vec<Member>,
}

/// A member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) value: String,
    /// When the value is a time.
    pub(super) at: Option<When>,
    pub(super) meaning: &'static str,
}

const HEADER: &[(&str, &str)] = &[
    ("alg", "How it is signed."),
    ("typ", "What it is: an access token (RFC 9068). An API that expects one refuses anything else."),
    ("kid", "Which key signed it; the public half is in the JWKS under this name."),
];

const CLAIMS: &[(&str, &str)] = &[
    ("iss", "Who issued it: this server. An API compares it with the issuer that it trusts."),
    ("sub", "Whose it is: the API key."),
    ("client_id", "The API key once more, where RFC 9068 looks for it."),
    ("aud", "The APIs that may accept it; any other refuses it."),
    ("scope", "What it allows, included scopes among them."),
    ("org", "The organization that the key belongs to."),
    ("account", "The one account that it is for."),
    ("authorization_details", "What else the API has to apply: here the highest payout."),
    ("iat", "When it was issued."),
    ("nbf", "From when on it holds."),
    ("exp", "When it expires; after that every API refuses it."),
    ("jti", "Its own number: no two tokens are alike."),
    ("status", "Where an API can look up whether it was revoked."),
    ("cnf", ""),
];

/// Takes a token apart.
pub(super) fn answer(issued: &IssuedToken, now: Timestamp) -> Result<Answer, ApiError> {
    let body: Value = serde_json::from_slice(&issued.json).map_err(ApiError::internal)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let token = text("access_token");
    let mut halves = token.split('.').map(members);
    let (header, claims) = (halves.next().flatten().unwrap_or_default(), halves.next().flatten().unwrap_or_default());
    let expires_at = claims.get("exp").and_then(Value::as_i64).map_or(now, Timestamp::from_unix);
    Ok(Answer {
        expires_at: When(expires_at),
        lives: in_words(body.get("expires_in").and_then(Value::as_i64).unwrap_or_default()),
        scopes: text("scope").split(' ').map(str::to_owned).collect(),
        header: header_of(&header)?,
        claims: claims_of(&claims)?,
        token,
    })
}

/// The first half of a token, explained.
pub(super) fn header_of(members: &Map<String, Value>) -> Result<Part, ApiError> {
    part(members, HEADER)
}

/// The second half of a token, explained.
pub(super) fn claims_of(members: &Map<String, Value>) -> Result<Part, ApiError> {
    part(members, CLAIMS)
}

/// The members of a half.
pub(super) fn members(half: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(half).ok()?).ok()
}

fn part(members: &Map<String, Value>, known: &[(&str, &'static str)]) -> Result<Part, ApiError> {
    let place = |name: &str| known.iter().position(|(known, _)| *known == name).unwrap_or(known.len());
    let mut ordered: Vec<(&String, &Value)> = members.iter().collect();
    ordered.sort_by_key(|(name, _)| place(name));
    let explained = ordered.into_iter().map(|(name, value)| Member {
        name: name.clone(),
        value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        at: value.as_i64().filter(|_| matches!(name.as_str(), "iat" | "nbf" | "exp")).map(|at| When(Timestamp::from_unix(at))),
        meaning: match name.as_str() {
            "cnf" => binding(value),
            _ => known.get(place(name)).map_or("", |(_, meaning)| meaning),
        },
    });
    Ok(Part { members: explained.collect(), json: serde_json::to_string_pretty(members).map_err(ApiError::internal)? })
}

/// What a token is bound to.
fn binding(confirmation: &Value) -> &'static str {
    if confirmation.get("jkt").is_some() {
        return "The key that it is bound to, by its thumbprint (DPoP): the API asks for a proof that this key signs for the request.";
    }
    if confirmation.get("x5t#S256").is_some() {
        return "The certificate that it is bound to, by its SHA-256 (mutual TLS): the API takes it over a connection made with that.";
    }
    "What it is bound to: useless to whoever has only the token."
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_explained_in_the_order_in_which_people_ask() {
        let claims = json!({"exp": 1_800_000_000, "scope": "a b", "iss": "https://x", "extra": [1], "aud": ["u", "v"]});
        let part = part(claims.as_object().unwrap(), CLAIMS).unwrap();
        let names: Vec<&str> = part.members.iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["iss", "aud", "scope", "exp", "extra"]);
        assert_eq!(part.members[1].value, "[\"u\",\"v\"]");
        assert!(part.members[3].at.is_some() && part.members[4].meaning.is_empty());
        assert!(part.json.starts_with("{\n  \"aud\""));
        for (confirmation, word) in
            [(json!({"jkt": "x"}), "DPoP"), (json!({"x5t#S256": "x"}), "mutual TLS"), (json!(1), "useless")]
        {
            let claims = json!({"cnf": confirmation});
            assert!(claims_of(claims.as_object().unwrap()).unwrap().members[0].meaning.contains(word), "{word}");
        }
    }
}
