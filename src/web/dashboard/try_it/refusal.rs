//! A refusal explained: to those whose key it is, the true reason with what is known of the key; to all others no more
//! than the token endpoint itself says.

use serde::Deserialize;
use serde_json::json;

use super::ask::Wish;
use crate::app::issue_token::Refusal;
use crate::domain::time::Timestamp;
use crate::oauth::error::{ClientRefusal, OAuthError};
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::api_keys::credential::Credential;
use crate::web::dashboard::duration::counted;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::usage::reasons;
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Visit, parsed, sentence};
use crate::web::error::oauth_error;

/// Why there is no token.
#[derive(Debug)]
pub(super) struct Explained {
    /// As the token endpoint answers.
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) description: &'static str,
    pub(super) title: String,
    pub(super) meaning: String,
    pub(super) facts: Vec<Fact>,
    pub(super) advice: String,
}

/// Something that is known of the key or the request.
#[derive(Debug)]
pub(super) struct Fact {
    pub(super) text: String,
    pub(super) at: Option<When>,
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self { text, at: None }
    }
}

/// What an explanation takes from the key.
#[derive(Debug, Deserialize)]
pub(super) struct OwnKey {
    pub(super) client_id: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) credential: Credential,
    secrets: Vec<Secret>,
    ip_allowlist: Vec<String>,
    #[serde(default)]
    grants: Vec<Grant>,
    expires_at: Option<Timestamp>,
    disabled_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Secret {
    hint: String,
}

#[derive(Debug, Deserialize)]
struct Grant {
    account_id: Option<String>,
}

#[derive(Deserialize)]
struct Explanation {
    missing_scopes: Vec<String>,
}

impl OwnKey {
    /// The key of this id, when it is one of the person's own organization.
    pub(super) fn find(visit: &Visit, client_id: &str) -> Result<Option<Self>, PageError> {
        match visit.read("/api-keys/{client_id}", &[("client_id", client_id)], &[]) {
            Ok(key) => Ok(Some(key)),
            Err(PageError::Api(error)) if error.code() == "not_found" => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// Explains a refusal. `key` is the key that was meant, when it is the person's own organization's.
pub(super) fn explain(visit: &Visit, refusal: &Refusal, wish: &Wish, key: Option<&OwnKey>) -> Explained {
    let error = refusal.error;
    let mut explained = Explained {
        status: oauth_error(error).status().as_u16(),
        code: error.code(),
        description: error.description(),
        title: format!("Refused: {}", error.code()),
        meaning: sentence(error.description()),
        facts: Vec::new(),
        advice: String::new(),
    };
    if let Some(key) = key {
        let reason = reasons::of(error.reason());
        reason.title.clone_into(&mut explained.title);
        reason.meaning.clone_into(&mut explained.meaning);
        reason.advice.clone_into(&mut explained.advice);
        explained.facts = facts(visit, error, wish, key);
    } else if matches!(error, OAuthError::InvalidClient(_)) {
        "The answer is the same whether the client id is unknown, the secret is wrong, or the key is expired, disabled or \
         deleted, so that nobody learns which keys there are. Your organization has no key of this client id."
            .clone_into(&mut explained.meaning);
        "Copy the client id from the key's page; it begins with key_.".clone_into(&mut explained.advice);
    }
    if let OAuthError::TooManyFailures { retry_after_seconds } | OAuthError::OverPlan { retry_after_seconds } = error {
        explained.facts.push(format!("Wait {} before the next try.", counted(i64::from(retry_after_seconds), "second")).into());
    }
    explained
}

fn facts(visit: &Visit, error: OAuthError, wish: &Wish, key: &OwnKey) -> Vec<Fact> {
    match error {
        OAuthError::InvalidClient(ClientRefusal::WrongSecret) => {
            let hints: Vec<&str> = key.secrets.iter().map(|secret| secret.hint.as_str()).collect();
            match hints.as_slice() {
                [] => vec!["The key has no live secret.".to_owned().into()],
                [one] => vec![format!("The key's one live secret is {one}.").into()],
                some => vec![format!("The key's live secrets are {}.", some.join(" and ")).into()],
            }
        }
        OAuthError::InvalidClient(ClientRefusal::ExpiredKey) => since("It expired on", key.expires_at),
        OAuthError::InvalidClient(ClientRefusal::Disabled) => since("It has been disabled since", key.disabled_at),
        OAuthError::UnauthorizedClient => {
            let allowed = if key.ip_allowlist.is_empty() { "nothing".to_owned() } else { key.ip_allowlist.join(", ") };
            vec![
                format!("Your address is {}.", visit.inside.visitor.address).into(),
                format!("The allowlist has {allowed}.").into(),
            ]
        }
        OAuthError::InvalidTarget(text) => vec![sentence(text).into(), targets(key).into()],
        OAuthError::InvalidScope(text) => {
            let missing = missing_scopes(visit, wish, key).map(Fact::from);
            [Fact::from(sentence(text))].into_iter().chain(missing).collect()
        }
        OAuthError::InvalidRequest(text) | OAuthError::InvalidDpopProof(text) => vec![sentence(text).into()],
        _ => Vec::new(),
    }
}

fn since(text: &str, at: Option<Timestamp>) -> Vec<Fact> {
    at.map(|at| Fact { text: text.to_owned(), at: Some(When(at)) }).into_iter().collect()
}

fn targets(key: &OwnKey) -> String {
    let accounts: Vec<&str> = key.grants.iter().filter_map(|grant| grant.account_id.as_deref()).collect();
    match accounts.as_slice() {
        [] => "The key holds nothing at any account by name.".to_owned(),
        some if some.contains(&"*") => "The key may aim at every account of the organization.".to_owned(),
        some => format!("The key may aim at {}.", some.join(", ")),
    }
}

/// The scopes that decided, as the operation that explains requests tells them.
fn missing_scopes(visit: &Visit, wish: &Wish, key: &OwnKey) -> Option<String> {
    let asked = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let body =
        json!({"scope": asked(&wish.scope), "account": asked(&wish.account), "resource": asked(&wish.resource).as_slice()});
    let parts = [("client_id", key.client_id.as_str())];
    let answer = visit.change(Method::Post, "/api-keys/{client_id}/explain", &parts, members(body)).ok()?;
    let told: Explanation = parsed(answer).ok()?;
    (!told.missing_scopes.is_empty()).then(|| format!("It does not hold {} there.", told.missing_scopes.join(" ")))
}
