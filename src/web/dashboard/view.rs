//! Values as pages show them.

use std::fmt;

use crate::domain::time::Timestamp;

/// A time: in UTC for those without script, in the reader's zone for the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct When(pub(super) Timestamp);

impl fmt::Display for When {
    /// HTML, with nothing of anybody's in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = self.0.to_string();
        let plain = exact.replace('T', " ").replace('Z', " UTC");
        write!(f, "<time datetime=\"{exact}\" title=\"{plain}\">{plain}</time>")
    }
}

impl askama::filters::HtmlSafe for When {}
