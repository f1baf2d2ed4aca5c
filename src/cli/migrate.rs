//! `claviger migrate`

use serde_json::json;

use super::context::Context;
use super::{Failure, output};

pub(super) fn run(context: Context) -> Result<(), Failure> {
    let db = context.open_or_create()?.db;
    output::object(context.json, &json!({"database": db.url().to_string(), "schema": "current"}))
}
