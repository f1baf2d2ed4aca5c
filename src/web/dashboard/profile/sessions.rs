//! Ends one's own sessions.

use serde_json::Map;

use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::visit::Visit;

/// `POST /profile/sessions/{session_id}/end`
pub(in crate::web::dashboard) fn end_one(visit: &Visit) -> Result<Reply, PageError> {
    visit.change(Method::Delete, "/sessions/{session_id}", &[("session_id", visit.part("session_id"))], Map::new())?;
    Ok(Reply::see_other(visit.to("/profile?notice=session-ended")))
}

/// `POST /profile/sessions/end-others`
pub(in crate::web::dashboard) fn end_others(visit: &Visit) -> Result<Reply, PageError> {
    visit.change(Method::Delete, "/sessions", &[], Map::new())?;
    Ok(Reply::see_other(visit.to("/profile?notice=sessions-ended")))
}
