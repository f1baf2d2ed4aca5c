//! `claviger migrate`

use serde_json::json;

use super::context::Context;
use super::{Failure, output};
use crate::app::bootstrap;

pub(super) fn run(context: Context) -> Result<(), Failure> {
    let settings = context.settings()?;
    let (db, _) = bootstrap::open(&settings.db_options(true), &settings.master_key, true)?;
    output::object(context.json, &json!({"database": db.url().to_string(), "schema": "current"}))
}
