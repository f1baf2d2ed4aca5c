//! What a route is.

use std::fmt;

use super::answer::Answer;
use super::call::Call;
use super::describe::Doc;
use super::problem::ApiError;
use crate::domain::permission::Permission;

/// A method of this API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web) enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    pub(in crate::web) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// `HEAD` is answered as `GET`; the framework leaves the body out.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "HEAD" => Some(Self::Get),
            _ => [Self::Get, Self::Post, Self::Patch, Self::Delete].into_iter().find(|method| method.as_str() == name),
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Anyone, without credentials.
    Anyone,
    /// Any person with a session.
    Session,
    /// A token or a role with this permission.
    Needs(Permission),
    /// The same; a person must have given the password a moment ago.
    NeedsProof(Permission),
}

/// An operation.
pub(super) type Operation = fn(&Call) -> Result<Answer, ApiError>;

/// A line of the table.
#[derive(Clone, Copy)]
pub(super) struct Route {
    pub(super) method: Method,
    /// Below `/api/v1`, with `{names}`.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) operation: Operation,
    /// What the API's description says of it; `None` only until somebody has written it.
    pub(super) doc: Option<Doc>,
}

impl Route {
    /// With what the API's description says of it.
    pub(super) const fn described(mut self, doc: Doc) -> Self {
        self.doc = Some(doc);
        self
    }

    /// Whether `Idempotency-Key` is honoured. Strangers have no keys of their own, and what tells of a password is not to be
    /// kept in any form.
    pub(super) const fn takes_idempotency_key(&self) -> bool {
        matches!((self.method, self.access), (Method::Post, Access::Needs(_) | Access::NeedsProof(_)))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({:?})", self.method.as_str(), self.path, self.access)
    }
}

pub(super) const fn get(path: &'static str, access: Access, operation: Operation) -> Route {
    Route { method: Method::Get, path, access, operation, doc: None }
}

pub(super) const fn post(path: &'static str, access: Access, operation: Operation) -> Route {
    Route { method: Method::Post, path, access, operation, doc: None }
}

pub(super) const fn patch(path: &'static str, access: Access, operation: Operation) -> Route {
    Route { method: Method::Patch, path, access, operation, doc: None }
}

pub(super) const fn delete(path: &'static str, access: Access, operation: Operation) -> Route {
    Route { method: Method::Delete, path, access, operation, doc: None }
}
