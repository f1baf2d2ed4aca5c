//! `claviger token`: an OAuth client like any other, so that trying the server tries what its users do.

use clap::Args;
use oauth2::basic::{BasicClient, BasicTokenType};
use oauth2::{ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope, TokenResponse, TokenUrl};
use serde_json::json;
use zeroize::Zeroizing;

use super::context::Context;
use super::{Failure, output};
use crate::client::{Discovery, http_client};

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
}

pub(super) fn run(context: Context, arguments: Arguments) -> Result<(), Failure> {
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
    let send = |request: HttpRequest| -> Result<HttpResponse, SendError> { send(&http, request) };
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
    if !matches!(token.token_type(), BasicTokenType::Bearer) {
        return Err(Failure::Failed("the server issued a token of another type than Bearer".to_owned()));
    }
    if !context.json {
        return output::line(token.access_token().secret());
    }
    let scopes: Vec<&str> = token.scopes().into_iter().flatten().map(|scope| scope.as_str()).collect();
    let answer = json!({
        "access_token": token.access_token().secret(),
        "token_type": "Bearer",
        "expires_in": token.expires_in().map(|lifetime| lifetime.as_secs()),
        "scope": scopes.join(" "),
    });
    output::object(true, &answer)
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

fn send(http: &reqwest::blocking::Client, request: HttpRequest) -> Result<HttpResponse, SendError> {
    let failed = |error: reqwest::Error| SendError(crate::client::describe(&error));
    let answer = http.execute(request.try_into().map_err(failed)?).map_err(failed)?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    *response.body_mut() = answer.bytes().map_err(failed)?.to_vec();
    Ok(response)
}
