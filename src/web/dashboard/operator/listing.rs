//! Lists of the management API, and the way through their pages.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Listed<T> {
    pub(super) data: Vec<T>,
    pub(super) next_cursor: Option<String>,
}

/// The most entries that a page shows of a list which it shows whole.
const MOST: usize = 2_000;

/// A whole list, or as much of it as one page can show.
pub(super) fn read_all<T: DeserializeOwned>(visit: &Visit, path: &'static str) -> Result<Vec<T>, PageError> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Listed<T> = visit.read(path, &[], &[("limit", "200"), ("cursor", &cursor)])?;
        all.extend(page.data);
        match page.next_cursor {
            Some(next) if all.len() < MOST => cursor = next,
            _ => return Ok(all),
        }
    }
}

/// The ways to other pages of a list.
#[derive(Debug)]
pub(super) struct Pages {
    /// To the first, when this is another.
    pub(super) first: Option<String>,
    pub(super) next: Option<String>,
}

impl Pages {
    /// Of the list at `path`; what it is filtered by stays.
    pub(super) fn of(visit: &Visit, path: &str, next_cursor: Option<&str>) -> Self {
        let to = |cursor: Option<&str>| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in
                visit.query.fields().filter(|(name, value)| !matches!(*name, "cursor" | "notice") && !value.is_empty())
            {
                query.append_pair(name, value);
            }
            if let Some(cursor) = cursor {
                query.append_pair("cursor", cursor);
            }
            match query.finish() {
                query if query.is_empty() => visit.to(path),
                query => visit.to(&format!("{path}?{query}")),
            }
        };
        Self { first: visit.query.has("cursor").then(|| to(None)), next: next_cursor.map(|cursor| to(Some(cursor))) }
    }

    /// Whether there is another.
    pub(super) const fn is_only_one(&self) -> bool {
        self.first.is_none() && self.next.is_none()
    }
}
