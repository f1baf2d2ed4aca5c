//! `/server`

use super::operation::Doc;
use crate::app::server_status::Server;

pub(in crate::web::api) const SHOW: Doc = Doc::new("showServer", "Show how the server is")
    .because("Of the node that answers, and of the database that all nodes share. `/readyz` and the metrics are for machines.")
    .answers::<Server>();
