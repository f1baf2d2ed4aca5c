//! `/`

use super::error::PageError;
use super::reply::Reply;
use super::visit::Visit;

/// `GET /`: everybody's first page is the list of keys.
pub(super) fn show(visit: &Visit) -> Result<Reply, PageError> {
    Ok(Reply::see_other(visit.to("/api-keys")))
}
