//! What a page is.

use super::error::PageError;
use super::reply::Reply;
use super::visit::Visit;

/// How a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// To look at; `HEAD` too.
    Get,
    /// A form that changes something.
    Post,
}

impl Method {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Who may ask for it; what they may do there, the operations say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Anyone,
    SignedIn,
}

/// A line of the table.
#[derive(Clone, Copy)]
pub(super) struct Page {
    pub(super) method: Method,
    /// With `{names}`.
    pub(super) path: &'static str,
    pub(super) access: Access,
    /// What it does, behind "to": for those who are asked for their password first.
    pub(super) deed: Option<&'static str>,
    pub(super) show: fn(&Visit) -> Result<Reply, PageError>,
}

/// A page for those who have signed in.
pub(super) const fn get(path: &'static str, show: fn(&Visit) -> Result<Reply, PageError>) -> Page {
    Page { method: Method::Get, path, access: Access::SignedIn, deed: None, show }
}

/// A form for those who have signed in.
pub(super) const fn post(path: &'static str, show: fn(&Visit) -> Result<Reply, PageError>) -> Page {
    Page { method: Method::Post, path, access: Access::SignedIn, deed: None, show }
}

impl Page {
    /// The same with what it does.
    pub(super) const fn to(self, deed: &'static str) -> Self {
        Self { deed: Some(deed), ..self }
    }

    /// The same for anyone.
    pub(super) const fn for_anyone(self) -> Self {
        Self { access: Access::Anyone, ..self }
    }
}
