//! The form, and beneath it what came of it.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;

use super::answer::{Answer, answer};
use super::ask::{Wish, ask};
use super::curl;
use super::elsewhere::{Elsewhere, elsewhere};
use super::pasted::{Pasted, look_at};
use super::refusal::{Explained, OwnKey, explain};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/try_it/page.html")]
struct TryItPage {
    shell: Shell,
    wish: Wish,
    address: String,
    token_endpoint: String,
    keys: Vec<Choice>,
    accounts: Vec<Choice>,
    resources: Vec<Choice>,
    /// The key that is named, when it is the organization's own.
    key: Option<OwnKey>,
    /// How its program takes a token, when this page can't.
    elsewhere: Option<Elsewhere>,
    outcome: Outcome,
    curl: String,
    errors: Errors,
}

enum Outcome {
    NotAsked,
    Issued(Box<Answer>),
    Refused(Box<Explained>),
    /// A token was pasted.
    Pasted(Box<Pasted>),
}

/// Something to choose from.
#[derive(Debug)]
struct Choice {
    value: String,
    label: String,
}

#[derive(Deserialize)]
struct Listed<T> {
    data: Vec<T>,
}

#[derive(Deserialize)]
struct KeyEntry {
    client_id: String,
    name: String,
}

#[derive(Deserialize)]
struct AccountEntry {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct ServerEntry {
    identifier: String,
    name: String,
}

/// `GET /try-it`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let wish = Wish { client_id: visit.query.trimmed("client_id").to_owned(), ..Wish::default() };
    let key = OwnKey::find(visit, &wish.client_id)?;
    page(visit, StatusCode::OK, wish, key, Outcome::NotAsked, Errors::default())
}

/// `POST /try-it`: nothing is changed that a look at the answer would not show, so there is no redirect, which would have
/// to carry the token.
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let text = |name| visit.form.trimmed(name).to_owned();
    let mut wish = Wish {
        client_id: text("client_id"),
        scope: text("scope"),
        account: text("account"),
        resource: text("resource"),
        in_form: false,
    };
    let key = OwnKey::find(visit, &wish.client_id)?;
    if key.as_ref().is_some_and(|key| elsewhere(visit, key, &wish).is_some()) {
        return page(visit, StatusCode::OK, wish, key, Outcome::NotAsked, Errors::default());
    }
    wish.in_form = key.as_ref().is_some_and(|key| key.credential.token_endpoint_auth_method == "client_secret_post");
    let secret = visit.form.trimmed("client_secret");
    let mut errors = Errors::default();
    if wish.client_id.is_empty() {
        errors.add("client_id", "choose a key, or paste a client id");
    }
    if secret.is_empty() {
        errors.add("client_secret", "paste the key's secret");
    }
    if !errors.is_empty() {
        return page(visit, StatusCode::UNPROCESSABLE_ENTITY, wish, key, Outcome::NotAsked, errors);
    }
    let outcome = ask(visit, &wish, secret);
    let (key, outcome) = match &outcome.result {
        Ok(issued) => (key, Outcome::Issued(Box::new(answer(issued, visit.inside.now)?))),
        Err(refusal) => {
            // An imported key goes by what it was called elsewhere, too.
            let key = match (key, refusal.client_id) {
                (None, Some(id)) => OwnKey::find(visit, &id.to_string())?,
                (key, _) => key,
            };
            let explained = explain(visit, refusal, &wish, key.as_ref());
            (key, Outcome::Refused(Box::new(explained)))
        }
    };
    page(visit, StatusCode::OK, wish, key, outcome, errors)
}

/// `POST /try-it/token`: a token that a program got. A form, because a token does not belong into an address.
pub(in crate::web::dashboard) fn explain_pasted(visit: &Visit) -> Result<Reply, PageError> {
    let (wish, mut errors) = (Wish::default(), Errors::default());
    match visit.form.trimmed("access_token") {
        "" => {
            errors.add("access_token", "paste a token");
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, wish, None, Outcome::NotAsked, errors)
        }
        token => page(visit, StatusCode::OK, wish, None, Outcome::Pasted(Box::new(look_at(visit, token)?)), errors),
    }
}

fn page(
    visit: &Visit,
    status: StatusCode,
    wish: Wish,
    key: Option<OwnKey>,
    outcome: Outcome,
    errors: Errors,
) -> Result<Reply, PageError> {
    let token_endpoint = format!("{}/connect/token", visit.state.issuer.issuer.trim_end_matches('/'));
    let keys: Listed<KeyEntry> = visit.read("/api-keys", &[], &[("state", "live"), ("limit", "50")])?;
    let accounts: Listed<AccountEntry> = visit.read("/accounts", &[], &[("limit", "50")])?;
    let servers: Listed<ServerEntry> = visit.read("/resource-servers", &[], &[("limit", "50")])?;
    let page = TryItPage {
        shell: Shell::new(visit, "Try it", Section::TryIt),
        address: visit.inside.visitor.address.to_string(),
        elsewhere: key.as_ref().and_then(|key| elsewhere(visit, key, &wish)),
        curl: curl::line(&wish, &token_endpoint),
        token_endpoint,
        keys: keys.data.into_iter().map(|key| Choice { value: key.client_id, label: key.name }).collect(),
        accounts: accounts.data.into_iter().map(|account| Choice { value: account.id, label: account.name }).collect(),
        resources: servers.data.into_iter().map(|server| Choice { value: server.identifier, label: server.name }).collect(),
        key,
        outcome,
        wish,
        errors,
    };
    Reply::page_as(status, &page)
}
