//! A request as an operation sees it: who calls, from where, with what.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::answer::Answer;
use super::idempotency::{self, IdempotencyKey};
use super::input::Input;
use super::problem::ApiError;
use super::query::Query;
use crate::app::caller::Caller;
use crate::app::people::Visitor;
use crate::app::server_status::ServerStatus;
use crate::app::user_sessions::CurrentUser;
use crate::app::{Management, People, Work};
use crate::domain::Invalid;
use crate::domain::actor::Actor;
use crate::domain::id::OrganizationId;
use crate::domain::session::SessionToken;
use crate::domain::time::Timestamp;
use crate::store::sessions;

/// A request, read and permitted.
pub(super) struct Call {
    pub(super) management: std::sync::Arc<Management>,
    pub(super) people: std::sync::Arc<People>,
    /// The running server.
    pub(super) server: std::sync::Arc<ServerStatus>,
    /// `None` on routes for anyone.
    pub(super) caller: Option<Caller>,
    /// The caller's session, when that is what the caller has.
    pub(super) session: Option<CurrentUser>,
    /// What came along as the session's cookie, of whatever worth.
    pub(super) session_token: Option<SessionToken>,
    pub(super) visitor: Visitor,
    pub(super) actor: Actor,
    pub(super) now: Timestamp,
    pub(super) path: Vec<(String, String)>,
    pub(super) query: Query,
    pub(super) body: Map<String, Value>,
    pub(super) idempotency_key: Option<IdempotencyKey>,
}

/// Without the body, which may hold a password.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("actor", &self.actor).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Call {
    /// Who calls.
    pub(super) fn caller(&self) -> Result<&Caller, ApiError> {
        self.caller.as_ref().ok_or(ApiError::Unauthenticated)
    }

    /// Whose objects the caller sees.
    pub(super) fn organization_id(&self) -> Result<OrganizationId, ApiError> {
        Ok(self.caller()?.organization_id)
    }

    /// A part of the path. What does not even have the form of an id is not there.
    pub(super) fn id<T: FromStr<Err = Invalid>>(&self, name: &str) -> Result<T, ApiError> {
        self.part(name)?.parse().map_err(|_| ApiError::not_found())
    }

    /// A part of the path as text.
    pub(super) fn part(&self, name: &str) -> Result<&str, ApiError> {
        let found = self.path.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(ApiError::not_found)
    }

    /// The body's members.
    pub(super) const fn input(&self) -> Input<'_> {
        Input::new(&self.body)
    }

    /// For operations without members.
    pub(super) fn no_input(&self) -> Result<(), ApiError> {
        self.input().finish()
    }

    /// Changes something as the caller, in one transaction that also remembers the answer when the request has an
    /// `Idempotency-Key`.
    pub(super) fn change(&self, work: impl FnOnce(&mut Work<'_, '_>) -> Result<Answer, ApiError>) -> Result<Answer, ApiError> {
        self.management.change(&self.actor, |open| {
            self.check_session(open)?;
            match &self.idempotency_key {
                None => work(open),
                Some(key) => match idempotency::answered(open, key)? {
                    Some(answer) => Ok(answer),
                    None => {
                        let answer = work(open)?;
                        idempotency::remember(open, key, &answer)?;
                        Ok(answer)
                    }
                },
            }
        })
    }

    /// The session of whoever calls.
    pub(super) fn session(&self) -> Result<&CurrentUser, ApiError> {
        self.session.as_ref().ok_or(ApiError::Unauthenticated)
    }

    /// A person who was demoted, kept out or signed out since the request arrived has no session any more.
    fn check_session(&self, open: &mut Work<'_, '_>) -> Result<(), ApiError> {
        match &self.session {
            Some(current) if !sessions::is_there(open.transaction.reading(), current.session.id)? => {
                Err(ApiError::InvalidSession)
            }
            _ => Ok(()),
        }
    }
}

/// Bodies may hold passwords and private keys: nothing of them stays in memory.
impl Drop for Call {
    fn drop(&mut self) {
        self.body.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
