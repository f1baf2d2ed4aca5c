//! `claviger inspect`: what a token says, and whether a resource server would believe it.

use std::io::Read;

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Failure, output};
use crate::client::{Discovery, fetch_status, http_client};
use crate::clock;
use crate::crypto::jwt::{self, Expected, MAX_TOKEN_BYTES};
use crate::domain::time::Timestamp;
use crate::oauth::status_list::{VALID, place_of};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The token, or - for standard input
    token: String,
    /// The issuer, e.g. https://auth.example.com
    #[arg(long, value_name = "ISSUER")]
    url: String,
}

pub(super) fn run(context: Context, arguments: Arguments) -> Result<(), Failure> {
    let token = match arguments.token.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin().take(MAX_TOKEN_BYTES as u64 + 2).read_to_string(&mut text)?;
            text.trim().to_owned()
        }
        token => token.to_owned(),
    };
    let http = http_client()?;
    let discovery = Discovery::fetch(&http, &arguments.url).map_err(Failure::Failed)?;
    let keys = discovery.fetch_jwks(&http).map_err(Failure::Failed)?;
    let now = clock::now();
    let outcome = jwt::verify(&token, &keys, &Expected::access_token(&discovery.issuer), now);
    let outcome = outcome.map_err(|error| error.to_string()).and_then(|verified| {
        let status = match place_of(&verified.claims) {
            None => "not told",
            Some(place) => match fetch_status(&http, &discovery.issuer, &keys, place, now) {
                Ok(VALID) => "not revoked",
                Ok(_) => return Err("it was revoked, as its status list tells".to_owned()),
                Err(error) => return Err(format!("whether it was revoked cannot be said: {error}")),
            },
        };
        Ok((verified, status))
    });
    match outcome {
        Ok((verified, status)) => {
            let header = json!({"alg": verified.header.algorithm, "typ": verified.header.typ, "kid": verified.header.kid});
            if context.json {
                let found = json!({"valid": true, "header": header, "claims": verified.claims, "revocation": status});
                return output::object(true, &found);
            }
            output::line("valid: signed by this issuer, of the right type, and within its lifetime")?;
            for (name, value) in header.as_object().into_iter().flatten().chain(&verified.claims) {
                output::line(&format!("  {name:<22} {}", explain(name, value, status, now)))?;
            }
            Ok(())
        }
        Err(problem) => {
            if context.json {
                output::object(true, &json!({"valid": false, "problem": problem}))?;
            }
            Err(Failure::Failed(format!("the token is not valid: {problem}")))
        }
    }
}

/// A claim with what it means to a person.
fn explain(name: &str, value: &Value, status: &str, now: Timestamp) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let time = value.as_i64().map(Timestamp::from_unix);
    match (name, time) {
        ("exp", Some(time)) => format!("{text}  expires {time}, in {} s", time.unix() - now.unix()),
        ("iat" | "nbf", Some(time)) => format!("{text}  {time}"),
        ("aud", _) => format!("{text}  the resource servers that may accept it"),
        ("status", _) => format!("{text}  {status}"),
        ("sub", _) => format!("{text}  the API key"),
        ("cnf", _) => format!("{text}  {}", explain_binding(value)),
        ("account", _) => format!("{text}  the only account that it is for"),
        _ => text,
    }
}

fn explain_binding(confirmation: &Value) -> &'static str {
    if confirmation.get("jkt").is_some() {
        return "worth nothing without a DPoP proof by the key of this thumbprint";
    }
    if confirmation.get("x5t#S256").is_some() {
        return "worth nothing but over a connection that is made with the certificate of this SHA-256";
    }
    "bound to something that this program does not know"
}
