//! Explains what would become of a request for a token.

use std::net::IpAddr;

use serde_json::Value;

use crate::app::explain_token::{Question, explain_token};
use crate::domain::Invalid;
use crate::web::api::answer::Answer;
use crate::web::api::call::Call;
use crate::web::api::input::{list, string};
use crate::web::api::problem::ApiError;

/// The longest parameter that the token endpoint takes.
const MAX_CHARACTERS: usize = 4_096;
/// The most resources; a request has no more parameters.
const MAX_RESOURCES: usize = 64;

/// `POST /api-keys/{client_id}/explain`
pub(in crate::web::api) fn explain(call: &Call) -> Result<Answer, ApiError> {
    let parameter = |value: &Value| string(value, MAX_CHARACTERS);
    let client_id = call.id("client_id")?;
    let mut input = call.input();
    let question = Question {
        address: input.nullable("ip", address).flatten(),
        scope: input.nullable("scope", parameter).flatten(),
        account: input.nullable("account", parameter).flatten(),
        resources: input.optional("resource", resources).unwrap_or_default(),
    };
    input.finish()?;
    Answer::ok(&explain_token(&call.management.db, call.organization_id()?, client_id, &question, call.now)?)
}

fn address(value: &Value) -> Result<IpAddr, Invalid> {
    let wrong = || Invalid::new("ip", "invalid_address", "must be an IPv4 or IPv6 address, e.g. 203.0.113.7");
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong)
}

fn resources(value: &Value) -> Result<Vec<String>, Invalid> {
    let all = list(value, |item| string(item, MAX_CHARACTERS))?;
    if all.len() > MAX_RESOURCES {
        return Err(Invalid::new("resource", "too_long", format!("must have at most {MAX_RESOURCES} entries")));
    }
    Ok(all)
}
