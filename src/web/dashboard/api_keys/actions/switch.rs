//! `/api-keys/{client_id}/disable`, `…/enable` and `…/revoke-tokens`: what needs no more than to be meant.

use askama::Template;
use serde_json::Map;

use super::{how_tokens_die, key_for, last_use};
use crate::web::api::Method;
use crate::web::dashboard::api_keys::key::{Key, State};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::visit::{Errors, Visit};

#[derive(Template)]
#[template(path = "dashboard/api_keys/switch.html")]
struct SwitchPage {
    shell: Shell,
    key: Key,
    here: String,
    action: &'static str,
    button: &'static str,
    destructive: bool,
    /// What will happen.
    points: Vec<String>,
    error: Option<String>,
}

/// One of the three.
struct Switch {
    /// The end of the page's path.
    action: &'static str,
    operation: &'static str,
    title: &'static str,
    button: &'static str,
    destructive: bool,
    notice: &'static str,
    points: fn(&Visit, &Key) -> Vec<String>,
}

const DISABLE: Switch = Switch {
    action: "disable",
    operation: "/api-keys/{client_id}/disable",
    title: "Disable this key?",
    button: "Disable the key",
    destructive: true,
    notice: "key-disabled",
    points: |visit, key| {
        vec![
            "From now on it gets no token: whoever asks with it is told that the client is not valid.".to_owned(),
            how_tokens_die(key),
            last_use(visit, key),
            "Its settings and secrets stay as they are; it can be enabled again at any time.".to_owned(),
        ]
    },
};

const ENABLE: Switch = Switch {
    action: "enable",
    operation: "/api-keys/{client_id}/enable",
    title: "Enable this key?",
    button: "Enable the key",
    destructive: false,
    notice: "key-enabled",
    points: |visit, key| {
        let mut points = vec![
            "It is accepted again, with the secrets that it had.".to_owned(),
            "Tokens from before it was disabled stay revoked; programs ask for new ones by themselves.".to_owned(),
        ];
        if key.expires_at.is_some_and(|at| at <= visit.inside.now) {
            points.push("Its expiry has passed, so it gets no token until a later one is set.".to_owned());
        }
        points
    },
};

const REVOKE_TOKENS: Switch = Switch {
    action: "revoke-tokens",
    operation: "/api-keys/{client_id}/revoke-tokens",
    title: "Revoke every token of this key?",
    button: "Revoke the tokens",
    destructive: true,
    notice: "tokens-revoked",
    points: |visit, key| {
        vec![
            how_tokens_die(key),
            "The key and its secrets live on: a program that uses it asks for a new token and goes on.".to_owned(),
            "If somebody else knows the secret, that is not enough: regenerate it.".to_owned(),
            last_use(visit, key),
        ]
    },
};

/// `GET …/disable`
pub(in crate::web::dashboard) fn show_disable(visit: &Visit) -> Result<Reply, PageError> {
    DISABLE.show(visit)
}

/// `POST …/disable`
pub(in crate::web::dashboard) fn disable(visit: &Visit) -> Result<Reply, PageError> {
    DISABLE.submit(visit)
}

/// `GET …/enable`
pub(in crate::web::dashboard) fn show_enable(visit: &Visit) -> Result<Reply, PageError> {
    ENABLE.show(visit)
}

/// `POST …/enable`
pub(in crate::web::dashboard) fn enable(visit: &Visit) -> Result<Reply, PageError> {
    ENABLE.submit(visit)
}

/// `GET …/revoke-tokens`
pub(in crate::web::dashboard) fn show_revoke_tokens(visit: &Visit) -> Result<Reply, PageError> {
    REVOKE_TOKENS.show(visit)
}

/// `POST …/revoke-tokens`
pub(in crate::web::dashboard) fn revoke_tokens(visit: &Visit) -> Result<Reply, PageError> {
    REVOKE_TOKENS.submit(visit)
}

impl Switch {
    fn show(&self, visit: &Visit) -> Result<Reply, PageError> {
        self.page(visit, None)
    }

    fn submit(&self, visit: &Visit) -> Result<Reply, PageError> {
        let parts = [("client_id", visit.part("client_id"))];
        match visit.change(Method::Post, self.operation, &parts, Map::new()) {
            Ok(_) => {
                let (id, notice) = (visit.part("client_id"), self.notice);
                Ok(Reply::see_other(visit.to(&format!("/api-keys/{id}?notice={notice}"))))
            }
            Err(error) => {
                let errors = Errors::from_api(error)?;
                let all = errors.besides(&[]).join(" ");
                self.page(visit, Some(all))
            }
        }
    }

    fn page(&self, visit: &Visit, error: Option<String>) -> Result<Reply, PageError> {
        let key = key_for(visit, Method::Post, self.operation)?;
        let is_disabled = key.state(visit.inside.now) == State::Disabled;
        // A page that was open while somebody else pressed the same button.
        if error.is_none() && ((self.action == "disable" && is_disabled) || (self.action == "enable" && !is_disabled)) {
            return Ok(Reply::see_other(visit.to(&key.path())));
        }
        let status =
            if error.is_some() { actix_web::http::StatusCode::UNPROCESSABLE_ENTITY } else { actix_web::http::StatusCode::OK };
        let page = SwitchPage {
            shell: Shell::new(visit, self.title, Section::ApiKeys),
            here: visit.to(&key.path()),
            action: self.action,
            button: self.button,
            destructive: self.destructive,
            points: (self.points)(visit, &key),
            error,
            key,
        };
        Reply::page_as(status, &page)
    }
}
