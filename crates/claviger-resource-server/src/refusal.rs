//! Every answer that refuses a request: status, challenge and body from one place.
//!
//! Bodies are problem documents (RFC 9457) with a stable `code`, as those of Claviger's own API. What is wrong in detail is
//! for the log ([`Refusal::cause`]) and never answered.

use std::fmt;
use std::sync::Arc;

use serde_json::json;

use crate::challenge::Challenge;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// No token was presented: `401` without an error (RFC 6750 section 3).
    NoToken,
    /// The request is not one that can be judged: `400`; says why.
    InvalidRequest(&'static str),
    /// The token is not accepted: `401 invalid_token`; the cause is for the log.
    InvalidToken(String),
    /// The proof of possession is not accepted: `401 invalid_dpop_proof`; the cause is for the log.
    InvalidProof(String),
    /// The token lacks this scope: `403 insufficient_scope`.
    InsufficientScope(String),
    /// The token is for another account, or for none: `403`.
    AccountNotAllowed,
    /// The amount is above the key's `max_payout`: `403`.
    PayoutLimitExceeded,
    /// Nothing can be said now: `503`; the cause is for the log.
    Unavailable(String),
}

/// What the challenges of an API say besides the error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Names what is protected, for people.
    pub name: String,
    /// Where the document of RFC 9728 is.
    pub metadata_url: Option<String>,
    /// Algorithms of proofs (RFC 9449), space-separated, when they are taken.
    pub proof_algorithms: Option<String>,
}

impl Default for Realm {
    fn default() -> Self {
        Self { name: "api".to_owned(), metadata_url: None, proof_algorithms: None }
    }
}

/// A refused request: the reason, and the API whose answer it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reason: Reason,
    realm: Option<Arc<Realm>>,
    came_with_proof: bool,
}

impl Refusal {
    /// A refusal by the API of this realm.
    pub const fn new(reason: Reason, realm: Option<Arc<Realm>>) -> Self {
        Self { reason, realm, came_with_proof: false }
    }

    /// The same, answered to somebody who uses proofs of possession: the challenge is of that scheme.
    #[must_use]
    pub const fn to_proof(mut self, came_with_proof: bool) -> Self {
        self.came_with_proof = came_with_proof;
        self
    }

    /// Why.
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// What is wrong in detail: for the log, never for the answer. Holds no token.
    pub fn cause(&self) -> Option<&str> {
        match &self.reason {
            Reason::InvalidToken(cause) | Reason::InvalidProof(cause) | Reason::Unavailable(cause) => Some(cause),
            _ => None,
        }
    }

    /// The status of the answer.
    pub const fn status(&self) -> u16 {
        match self.reason {
            Reason::InvalidRequest(_) => 400,
            Reason::NoToken | Reason::InvalidToken(_) | Reason::InvalidProof(_) => 401,
            Reason::InsufficientScope(_) | Reason::AccountNotAllowed | Reason::PayoutLimitExceeded => 403,
            Reason::Unavailable(_) => 503,
        }
    }

    /// A stable word for programs.
    pub const fn code(&self) -> &'static str {
        match self.reason {
            Reason::NoToken => "unauthenticated",
            Reason::InvalidRequest(_) => "invalid_request",
            Reason::InvalidToken(_) => "invalid_token",
            Reason::InvalidProof(_) => "invalid_dpop_proof",
            Reason::InsufficientScope(_) => "insufficient_scope",
            Reason::AccountNotAllowed => "account_not_allowed",
            Reason::PayoutLimitExceeded => "payout_limit_exceeded",
            Reason::Unavailable(_) => "temporarily_unavailable",
        }
    }

    /// A sentence for people.
    pub fn detail(&self) -> String {
        match &self.reason {
            Reason::NoToken => "an access token is needed: Authorization: Bearer …".to_owned(),
            Reason::InvalidRequest(detail) => (*detail).to_owned(),
            Reason::InvalidToken(_) => "the access token is expired, revoked, malformed or not for this API".to_owned(),
            Reason::InvalidProof(_) => "the proof of possession is not valid here".to_owned(),
            Reason::InsufficientScope(scope) => format!("the access token needs the scope {scope}"),
            Reason::AccountNotAllowed => "the access token is not for this account".to_owned(),
            Reason::PayoutLimitExceeded => "the amount is above the payout limit of the API key".to_owned(),
            Reason::Unavailable(_) => "the access token can't be judged now; try again".to_owned(),
        }
    }

    /// Seconds for `Retry-After`.
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        match self.reason {
            Reason::Unavailable(_) => Some(5),
            _ => None,
        }
    }

    /// The values of `WWW-Authenticate`, a header each; none where another token would not help.
    pub fn challenges(&self) -> Vec<String> {
        let default = Realm::default();
        let realm = self.realm.as_deref().unwrap_or(&default);
        let with_error = |challenge: Challenge| {
            let challenge = match &self.reason {
                Reason::NoToken => challenge,
                reason => {
                    let challenge = challenge.with("error", self.code()).with("error_description", &self.detail());
                    if let Reason::InsufficientScope(scope) = reason { challenge.with("scope", scope) } else { challenge }
                }
            };
            match &realm.metadata_url {
                Some(url) => challenge.with("resource_metadata", url),
                None => challenge,
            }
        };
        let bearer = || with_error(Challenge::bearer(&realm.name)).to_string();
        let dpop = |algorithms: &str| with_error(Challenge::dpop(&realm.name).with("algs", algorithms)).to_string();
        match (&self.reason, &realm.proof_algorithms) {
            (Reason::AccountNotAllowed | Reason::PayoutLimitExceeded | Reason::Unavailable(_), _) => Vec::new(),
            // Whoever has no token yet may choose.
            (Reason::NoToken, Some(algorithms)) => vec![bearer(), dpop(algorithms)],
            (Reason::InvalidProof(_), Some(algorithms)) => vec![dpop(algorithms)],
            (_, Some(algorithms)) if self.came_with_proof => vec![dpop(algorithms)],
            _ => vec![bearer()],
        }
    }

    /// The body, an `application/problem+json`.
    pub fn body(&self) -> String {
        let title = match self.status() {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            _ => "Service Unavailable",
        };
        let (status, code, detail) = (self.status(), self.code(), self.detail());
        json!({"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}).to_string()
    }

    /// Every header of the answer.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("content-type", "application/problem+json".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ];
        headers.extend(self.challenges().into_iter().map(|challenge| ("www-authenticate", challenge)));
        headers.extend(self.retry_after_seconds().map(|seconds| ("retry-after", seconds.to_string())));
        headers
    }

    /// Tells the log, once, where the answer is made.
    #[cfg(any(feature = "actix", feature = "tower"))]
    pub(crate) fn log(&self) {
        let (code, cause) = (self.code(), self.cause().unwrap_or_default());
        match self.reason {
            Reason::Unavailable(_) => log::error!(error = code, cause; "request can't be judged"),
            _ => log::info!(error = code, cause; "request refused"),
        }
    }
}

/// The public sentence; the cause is not part of it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.detail())
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(reason: Reason) -> Refusal {
        let realm = Realm {
            name: "payments".into(),
            metadata_url: Some("https://api.example/.well-known/oauth-protected-resource".into()),
            proof_algorithms: None,
        };
        Refusal::new(reason, Some(Arc::new(realm)))
    }

    const METADATA: &str = "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource\"";

    #[test]
    fn mg1_each_reason_has_its_status_and_challenge() {
        let rows = [
            (Reason::NoToken, 401, vec![format!("Bearer realm=\"payments\", {METADATA}")]),
            (
                Reason::InvalidToken("secret cause".into()),
                401,
                vec![format!(
                    "Bearer realm=\"payments\", error=\"invalid_token\", error_description=\"the access token is expired, \
                     revoked, malformed or not for this API\", {METADATA}"
                )],
            ),
            (
                Reason::InsufficientScope("a:b".into()),
                403,
                vec![format!(
                    "Bearer realm=\"payments\", error=\"insufficient_scope\", error_description=\"the access token needs the \
                     scope a:b\", scope=\"a:b\", {METADATA}"
                )],
            ),
            (Reason::AccountNotAllowed, 403, vec![]),
            (Reason::PayoutLimitExceeded, 403, vec![]),
            (Reason::Unavailable("secret cause".into()), 503, vec![]),
        ];
        for (reason, status, challenges) in rows {
            let refusal = refusal(reason);
            assert_eq!((refusal.status(), refusal.challenges()), (status, challenges));
            let body: serde_json::Value = serde_json::from_str(&refusal.body()).unwrap();
            assert_eq!((body["status"].as_u64(), body["code"].as_str()), (Some(status.into()), Some(refusal.code())));
            let shown = format!("{refusal} {} {:?}", refusal.body(), refusal.headers());
            assert!(!shown.contains("secret cause"), "{shown}");
            assert!(refusal.headers().contains(&("cache-control", "no-store".into())));
        }
        assert_eq!(refusal(Reason::Unavailable(String::new())).retry_after_seconds(), Some(5));
    }

    #[test]
    fn dp1_an_api_that_takes_proofs_says_so() {
        let realm = Realm { name: "x".into(), metadata_url: None, proof_algorithms: Some("ES256 EdDSA".into()) };
        let of = |reason| Refusal::new(reason, Some(Arc::new(realm.clone()))).challenges();
        assert_eq!(of(Reason::NoToken), ["Bearer realm=\"x\"", "DPoP realm=\"x\", algs=\"ES256 EdDSA\""]);
        let proved = |reason| Refusal::new(reason, Some(Arc::new(realm.clone()))).to_proof(true).challenges();
        for (challenges, error) in [
            (of(Reason::InvalidProof(String::new())), "invalid_dpop_proof"),
            (proved(Reason::InvalidToken(String::new())), "invalid_token"),
            (proved(Reason::InsufficientScope("a".into())), "insufficient_scope"),
        ] {
            let begin = format!("DPoP realm=\"x\", algs=\"ES256 EdDSA\", error=\"{error}\"");
            assert!(challenges.len() == 1 && challenges[0].starts_with(&begin), "{challenges:?}");
        }
        assert!(of(Reason::InvalidToken(String::new()))[0].starts_with("Bearer "));
    }
}
