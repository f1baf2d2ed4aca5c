//! `/invitation` and `/password-reset`: the pages behind the links in mails.

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::link_cookie::{INVITATION, LinkPage, PASSWORD_RESET};
use super::new_password;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell, article, role_named};
use crate::web::dashboard::visit::{Errors, Visit, parsed};

/// What differs between the two.
struct Kind {
    page: LinkPage,
    show: &'static str,
    submit: &'static str,
    is_invitation: bool,
    notice: &'static str,
}

const ACCEPT: Kind = Kind {
    page: INVITATION,
    show: "/invitations/show",
    submit: "/invitations/accept",
    is_invitation: true,
    notice: "invitation-accepted",
};

const RESET: Kind = Kind {
    page: PASSWORD_RESET,
    show: "/password-reset/show",
    submit: "/password-reset/confirm",
    is_invitation: false,
    notice: "password-reset",
};

/// For whom the link is.
#[derive(Debug, Deserialize)]
struct Holder {
    email: String,
    name: Option<String>,
    role: String,
    organization: String,
}

#[derive(Template)]
#[template(path = "dashboard/session/link.html")]
struct LinkTemplate {
    shell: Shell,
    holder: Holder,
    is_invitation: bool,
    /// As people say it, with its article.
    role: String,
    /// Whoever has signed in in this browser, when that is somebody else.
    somebody_else: Option<String>,
    token: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "dashboard/session/dead_link.html")]
struct DeadLinkTemplate {
    shell: Shell,
    is_invitation: bool,
    sends_mail: bool,
}

/// `GET /invitation`
pub(in crate::web::dashboard) fn show_invitation(visit: &Visit) -> Result<Reply, PageError> {
    show(visit, &ACCEPT)
}

/// `POST /invitation`
pub(in crate::web::dashboard) fn accept_invitation(visit: &Visit) -> Result<Reply, PageError> {
    submit(visit, &ACCEPT)
}

/// `GET /password-reset`
pub(in crate::web::dashboard) fn show_password_reset(visit: &Visit) -> Result<Reply, PageError> {
    show(visit, &RESET)
}

/// `POST /password-reset`
pub(in crate::web::dashboard) fn reset_password(visit: &Visit) -> Result<Reply, PageError> {
    submit(visit, &RESET)
}

fn show(visit: &Visit, kind: &Kind) -> Result<Reply, PageError> {
    match kind.page.hide(visit) {
        Some(reply) => Ok(reply),
        None => page(visit, kind, StatusCode::OK, Errors::default()),
    }
}

fn page(visit: &Visit, kind: &Kind, status: StatusCode, errors: Errors) -> Result<Reply, PageError> {
    let token = kind.page.token(visit);
    let looked = visit.change(Method::Post, kind.show, &[], members(json!({"token": token})));
    let holder: Holder = match looked.map_err(Errors::from_api) {
        Ok(answer) => parsed(answer)?,
        Err(errors) => {
            errors?;
            return dead(visit, kind);
        }
    };
    let title = if kind.is_invitation { "Accept the invitation" } else { "Choose another password" };
    let role = article(&role_named(&holder.role).to_lowercase());
    let signed_in = visit.inside.session.as_ref().map(|current| current.user.email.to_string());
    let somebody_else = signed_in.filter(|email| *email != holder.email);
    let shell = Shell::new(visit, title, Section::None);
    let is_invitation = kind.is_invitation;
    Reply::page_as(status, &LinkTemplate { shell, holder, is_invitation, role, somebody_else, token, errors })
}

fn dead(visit: &Visit, kind: &Kind) -> Result<Reply, PageError> {
    let shell = Shell::new(visit, "This link does not work any more", Section::None);
    let page = DeadLinkTemplate { shell, is_invitation: kind.is_invitation, sends_mail: visit.state.sends_mail };
    Ok(kind.page.forget(Reply::page_as(StatusCode::GONE, &page)?))
}

fn submit(visit: &Visit, kind: &Kind) -> Result<Reply, PageError> {
    let password = match new_password::of(&visit.form) {
        Ok(password) => password,
        Err(errors) => return page(visit, kind, StatusCode::UNPROCESSABLE_ENTITY, errors),
    };
    let body = json!({"token": kind.page.token(visit), "password": password});
    match visit.change(Method::Post, kind.submit, &[], members(body)) {
        Ok(_) => {
            let after = if visit.inside.session.is_some() { "/profile" } else { "/sign-in" };
            Ok(kind.page.forget(Reply::see_other(visit.to(&format!("{after}?notice={}", kind.notice)))))
        }
        Err(error) => {
            let errors = Errors::from_api(error)?;
            if errors.on("token").is_some() {
                return dead(visit, kind);
            }
            page(visit, kind, StatusCode::UNPROCESSABLE_ENTITY, errors)
        }
    }
}
