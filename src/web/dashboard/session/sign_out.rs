//! `/sign-out`

use serde_json::Map;

use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::visit::Visit;

/// `POST /sign-out`
pub(in crate::web::dashboard) fn submit(visit: &Visit) -> Result<Reply, PageError> {
    let answer = visit.change(Method::Delete, "/session", &[], Map::new())?;
    Ok(Reply::see_other(visit.to("/sign-in?notice=signed-out")).with_headers_of(&answer))
}
