//! `/usage`

use super::operation::Doc;
use super::parameters::{CURSOR, FROM, KEY, LIMIT, TO};
use crate::app::show_usage::{KeySummary, KeyUsage};

pub(in crate::web::api) const SHOW: Doc = Doc::new("showUsage", "Show usage")
    .because(
        "Of one key (`client_id`), by hour, scope and reason of refusal, with the scopes that nothing has asked for; or a \
         page of sums for each of your organization's keys, the newest first.",
    )
    .answers::<KeyUsage>()
    .or_lists::<KeySummary>()
    .query(&[KEY, FROM, TO, LIMIT, CURSOR]);
