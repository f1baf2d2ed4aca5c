//! Operations, called from inside the process: the dashboard's pages are one more caller of this API, under the same
//! table of routes, permissions, use cases and audit log. What belongs to HTTP (media types, headers, cookies) is the
//! page's own.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::authenticate::of_session;
use super::call::Call;
use super::dispatch::{log_error, permit};
use super::idempotency::IdempotencyKey;
use super::problem::ApiError;
use super::query::Query;
use super::refusal::Refused;
use super::route::{Access, Method, Route};
use super::routes::ROUTES;
use crate::app::caller::Caller;
use crate::app::people::Visitor;
use crate::app::user_sessions::CurrentUser;
use crate::domain::actor::{Actor, Principal};
use crate::domain::session::SessionToken;
use crate::domain::time::Timestamp;
use crate::web::state::State;

/// Who asks, from where, when.
#[derive(Clone, Debug)]
pub(in crate::web) struct Inside {
    /// The person who has signed in.
    pub(in crate::web) session: Option<CurrentUser>,
    /// What came along as the session's cookie, of whatever worth.
    pub(in crate::web) session_token: Option<SessionToken>,
    pub(in crate::web) visitor: Visitor,
    pub(in crate::web) now: Timestamp,
}

/// What is asked.
#[derive(Debug)]
pub(in crate::web) struct Operation<'a> {
    pub(in crate::web) method: Method,
    /// As the table of routes spells it, with `{names}`.
    pub(in crate::web) path: &'static str,
    /// The parts of the path.
    pub(in crate::web) parts: &'a [(&'static str, &'a str)],
    pub(in crate::web) query: &'a [(&'static str, &'a str)],
    pub(in crate::web) body: Map<String, Value>,
    /// Names a form, so that sending it twice does it once.
    pub(in crate::web) submission: Option<&'a str>,
}

impl Inside {
    /// Runs an operation. Blocks; a refusal goes to the audit log and the server's log as any other's.
    pub(in crate::web) fn run(&self, state: &State, operation: Operation<'_>) -> Result<Answer, ApiError> {
        let caller = self.session.as_ref().map(|current| of_session(current, self.now));
        let refused = Refused {
            who: caller.as_ref().map(|caller| (caller.principal, caller.organization_id)),
            client_id: operation.parts.iter().find(|(name, _)| *name == "client_id").map(|(_, value)| *value),
            route: Some((operation.method.as_str(), operation.path)),
            address: Some(self.visitor.address),
        };
        let route = (operation.method.as_str(), operation.path);
        self.answer(state, caller, operation).inspect_err(|error| {
            log_error(route, &self.visitor.request_id, Some(self.visitor.address), error);
            if let Some(kind) = refused.kind(error) {
                state.issuer.refusals.note(kind, &self.visitor.request_id);
            }
        })
    }

    fn answer(&self, state: &State, caller: Option<Caller>, operation: Operation<'_>) -> Result<Answer, ApiError> {
        let route = find(operation.method, operation.path)?;
        match (&caller, route.access) {
            (_, Access::Anyone) => {}
            (None, _) => return Err(ApiError::InvalidSession),
            (Some(caller), _) => permit(route, caller, state)?,
        }
        let principal = caller.as_ref().map_or(Principal::Anonymous, |caller| caller.principal);
        let path = operation.parts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let idempotency_key = operation.submission.map(|submission| {
            let said = format!("{:?} {}", path, Value::Object(operation.body.clone()));
            IdempotencyKey::of_form(submission, principal, route.method.as_str(), route.path, said.as_bytes())
        });
        let _under_way = idempotency_key.as_ref().map(|key| state.requests_under_way.enter(key)).transpose()?;
        let is_public = matches!(route.access, Access::Anyone);
        let call = Call {
            management: Arc::clone(&state.management),
            people: Arc::clone(&state.people),
            server: Arc::clone(&state.server),
            caller: caller.filter(|_| !is_public),
            session: self.session.clone().filter(|_| !is_public),
            session_token: self.session_token.clone(),
            visitor: self.visitor.clone(),
            actor: Actor {
                principal: if is_public { Principal::Anonymous } else { principal },
                address: Some(self.visitor.address),
                request_id: Some(self.visitor.request_id.clone()),
            },
            now: self.now,
            path,
            query: Query::of(operation.query),
            body: operation.body,
            idempotency_key,
        };
        (route.operation)(&call)
    }

    /// Whether the person may do what the table says of this operation; a stale proof is no hindrance yet.
    pub(in crate::web) fn may(&self, state: &State, method: Method, path: &'static str) -> bool {
        let Some(current) = &self.session else { return false };
        let caller = of_session(current, self.now);
        find(method, path).is_ok_and(|route| match route.access {
            Access::Anyone | Access::Session => true,
            Access::Needs(permission) | Access::NeedsProof(permission) => {
                caller.check(permission, state.management.roles).is_ok()
            }
        })
    }
}

fn find(method: Method, path: &str) -> Result<&'static Route, ApiError> {
    let found = ROUTES.iter().find(|route| route.path == path && route.method == method);
    found.ok_or_else(|| ApiError::internal(format!("no operation {} {path}", method.as_str())))
}
