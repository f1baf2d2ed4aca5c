//! `/api-keys/{client_id}/secret`: a new secret, once.

use askama::Template;

use super::settings::SetKey;
use super::snippets::{Asked, Snippet, account_to_name};
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::shown_once;
use crate::web::dashboard::visit::Visit;

#[derive(Template)]
#[template(path = "dashboard/api_keys/secret.html")]
struct SecretPage<'a> {
    shell: Shell,
    name: &'a str,
    client_id: &'a str,
    secret: &'a str,
    shell_line: Snippet,
    is_bound: bool,
    programs: Vec<Snippet>,
    needs_account: bool,
}

#[derive(Template)]
#[template(path = "dashboard/api_keys/secret_gone.html")]
struct GonePage<'a> {
    shell: Shell,
    name: &'a str,
    client_id: &'a str,
    may_regenerate: bool,
}

/// `GET /api-keys/{client_id}/secret`, after a key was made, copied, or got a new secret.
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let key = SetKey::of_path(visit)?;
    let (header, forget) = shown_once::clear(&key.client_id);
    let reply = match shown_once::take(visit, &key.client_id) {
        Some(secret) => {
            let asked = Asked {
                issuer: &visit.state.issuer.issuer,
                client_id: &key.client_id,
                account: account_to_name(&key.holding),
                in_form: key.settings.credential.token_endpoint_auth_method == "client_secret_post",
                bound: key.settings.credential.require_bound_tokens || visit.state.issuer.profile.requires_bound_tokens(),
            };
            Reply::page(&SecretPage {
                shell: Shell::new(visit, &format!("Secret of {}", key.name), Section::ApiKeys),
                name: &key.name,
                client_id: &key.client_id,
                secret: &secret,
                shell_line: asked.shell(&secret),
                is_bound: asked.bound,
                programs: asked.programs(),
                needs_account: asked.account.is_some(),
            })?
        }
        None => Reply::page(&GonePage {
            shell: Shell::new(visit, "The secret was shown", Section::ApiKeys),
            name: &key.name,
            client_id: &key.client_id,
            may_regenerate: visit.may(Method::Post, "/api-keys/{client_id}/regenerate"),
        })?,
    };
    Ok(reply.with_header(header, forget))
}
