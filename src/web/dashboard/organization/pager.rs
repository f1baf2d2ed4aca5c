//! The ways from one page of a list to the next.

use crate::web::dashboard::visit::Visit;

/// Where the neighbours of a page of a list are.
#[derive(Debug)]
pub(super) struct Pager {
    /// The first page, when this is another.
    pub(super) first: Option<String>,
    pub(super) next: Option<String>,
}

impl Pager {
    /// The neighbours of this page, which goes on at `next_cursor`, under the same filters.
    pub(super) fn new(visit: &Visit, next_cursor: Option<&str>) -> Self {
        let with = |cursor: Option<&str>| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let kept = visit.query.fields().filter(|(name, value)| !matches!(*name, "cursor" | "notice") && !value.is_empty());
            query.extend_pairs(kept);
            if let Some(cursor) = cursor {
                query.append_pair("cursor", cursor);
            }
            let query = query.finish();
            visit.to(&if query.is_empty() { visit.path.clone() } else { format!("{}?{query}", visit.path) })
        };
        Self {
            first: (!visit.query.text("cursor").is_empty()).then(|| with(None)),
            next: next_cursor.map(|cursor| with(Some(cursor))),
        }
    }
}
