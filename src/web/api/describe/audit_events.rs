//! `/audit-events`

use super::operation::Doc;
use super::parameters::{ACTION, ACTOR, CURSOR, LIMIT, OUTCOME, SINCE, TARGET, UNTIL};
use crate::app::list_audit::AuditView;

pub(in crate::web::api) const LIST: Doc = Doc::new("listAuditEvents", "Read the audit log")
    .because(
        "Your organization's rows, the newest first; operators also see those of the platform alone. A filter that hardly \
         anything passes makes pages short, or even empty, before the last.",
    )
    .lists::<AuditView>()
    .query(&[LIMIT, CURSOR, ACTION, ACTOR, TARGET, OUTCOME, SINCE, UNTIL]);
