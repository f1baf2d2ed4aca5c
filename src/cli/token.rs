//! `claviger token`: an OAuth client like any other, so that trying the server tries what its users do.

use std::path::{Path, PathBuf};

use clap::Args;
use oauth2::basic::BasicClient;
use oauth2::{ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope, TokenResponse, TokenUrl};
use serde_json::json;
use zeroize::Zeroizing;

use super::context::Context;
use super::{Failure, output};
use crate::client::dpop::ProofKey;
use crate::client::{Discovery, http_client};
use crate::clock;

/// Where the secret may stand instead of standard input.
const SECRET_VARIABLE: &str = "CLAVIGER_CLIENT_SECRET";

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The issuer, e.g. https://auth.example.com
    #[arg(long, value_name = "ISSUER")]
    url: String,
    /// key_…
    #[arg(long)]
    client_id: String,
    /// Space-separated scopes [default: all that the key holds there]
    #[arg(long)]
    scope: Option<String>,
    /// The account that the token is for
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// A resource server that the token is for; may repeat
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// Private key (PEM, PKCS#8) that the token is to be bound to by a DPoP proof
    #[arg(long, value_name = "FILE")]
    dpop_key: Option<PathBuf>,
}

pub(super) fn run(context: Context, arguments: Arguments) -> Result<(), Failure> {
    let proof_key = arguments.dpop_key.as_deref().map(read_proof_key).transpose()?;
    let secret = read_secret()?;
    let http = http_client()?;
    let discovery = Discovery::fetch(&http, &arguments.url).map_err(Failure::Failed)?;
    let client = BasicClient::new(ClientId::new(arguments.client_id))
        .set_client_secret(ClientSecret::new(secret.trim_end_matches(['\r', '\n']).to_owned()))
        .set_token_uri(TokenUrl::new(discovery.token_endpoint)?);
    let mut request = client.exchange_client_credentials();
    if let Some(scope) = arguments.scope {
        request = request.add_scope(Scope::new(scope));
    }
    if let Some(account) = arguments.account {
        request = request.add_extra_param("account", account);
    }
    for resource in arguments.resource {
        request = request.add_extra_param("resource", resource);
    }
    let send = |request: HttpRequest| -> Result<HttpResponse, SendError> {
        match &proof_key {
            None => send(&http, request),
            Some(key) => send_with_proof(&http, request, key),
        }
    };
    let token = request.request(&send).map_err(|error| match error {
        RequestTokenError::ServerResponse(refusal) => {
            let description = refusal.error_description().map(|text| format!(": {text}")).unwrap_or_default();
            Failure::Failed(format!("the server refused with {}{description}", refusal.error()))
        }
        RequestTokenError::Request(error) => Failure::Failed(error.to_string()),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            Failure::Failed("the answer is not a token response".to_owned())
        }
    })?;
    let token_type = if proof_key.is_some() { "DPoP" } else { "Bearer" };
    if !token.token_type().as_ref().eq_ignore_ascii_case(token_type) {
        return Err(Failure::Failed(format!("the server issued a token of another type than {token_type}")));
    }
    if !context.json {
        return output::line(token.access_token().secret());
    }
    let scopes: Vec<&str> = token.scopes().into_iter().flatten().map(|scope| scope.as_str()).collect();
    let answer = json!({
        "access_token": token.access_token().secret(),
        "token_type": token_type,
        "expires_in": token.expires_in().map(|lifetime| lifetime.as_secs()),
        "scope": scopes.join(" "),
    });
    output::object(true, &answer)
}

fn read_proof_key(file: &Path) -> Result<ProofKey, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{}: {error}", file.display()));
    let pem = Zeroizing::new(std::fs::read_to_string(file).map_err(|error| failed(&error))?);
    ProofKey::from_pem(&pem).map_err(|error| failed(&error))
}

fn read_secret() -> Result<Zeroizing<String>, Failure> {
    if let Ok(secret) = std::env::var(SECRET_VARIABLE) {
        return Ok(Zeroizing::new(secret));
    }
    super::values::from_standard_input(&format!("Type the client secret, then Enter (or set {SECRET_VARIABLE}):"))
}

/// Why a request was not answered.
#[derive(Debug)]
struct SendError(String);

impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SendError {}

/// Sends a request with a proof, and once more with the server's nonce when it wants one.
fn send_with_proof(http: &reqwest::blocking::Client, request: HttpRequest, key: &ProofKey) -> Result<HttpResponse, SendError> {
    let attempt = |nonce: Option<&str>| {
        let failed = |error: &dyn std::fmt::Display| SendError(error.to_string());
        let (method, url) = (request.method().as_str(), request.uri().to_string());
        let proof = key.prove(method, &url, clock::now().unix(), nonce).map_err(|error| failed(&error))?;
        let mut proved = request.clone();
        proved.headers_mut().insert("dpop", proof.parse().map_err(|error| failed(&error))?);
        send(http, proved)
    };
    let answer = attempt(None)?;
    match answer.headers().get("dpop-nonce").and_then(|nonce| nonce.to_str().ok()) {
        Some(nonce) if !answer.status().is_success() => attempt(Some(nonce)),
        _ => Ok(answer),
    }
}

fn send(http: &reqwest::blocking::Client, request: HttpRequest) -> Result<HttpResponse, SendError> {
    let failed = |error: reqwest::Error| SendError(crate::client::describe(&error));
    let answer = http.execute(request.try_into().map_err(failed)?).map_err(failed)?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().map_err(failed)?.to_vec();
    Ok(response)
}
