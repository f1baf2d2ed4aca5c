//! A payments API that takes Claviger's tokens.
//!
//! ```sh
//! cargo run -p claviger-resource-server --example payments -- http://127.0.0.1:8080 https://payments.example.com 127.0.0.1:8081
//! curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8081/payments
//! ```

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, CustomizeResponder, HttpServer, Responder, get, post, web};
use claviger_resource_server::verifier::Builder;
use claviger_resource_server::{AccessToken, Refusal, Verifier, actix};
use serde::Deserialize;
use serde_json::{Value, json};

/// The organization's own payments.
#[get("/payments")]
async fn payments(token: AccessToken) -> Result<web::Json<Value>, Refusal> {
    token.require_scope("payments:read")?;
    Ok(web::Json(json!({"organization": token.organization(), "payments": []})))
}

/// The payments of one account: only for a token that is aimed at it.
#[get("/accounts/{account}/payments")]
async fn payments_of_account(token: AccessToken, account: web::Path<String>) -> Result<web::Json<Value>, Refusal> {
    token.require_scope("payments:read")?;
    token.require_account(&account)?;
    Ok(web::Json(json!({"account": *account, "payments": []})))
}

#[derive(Deserialize)]
struct Payout {
    /// A decimal, as text.
    amount: String,
}

/// Pays out, up to the limit that the key has.
#[post("/payouts")]
async fn pay_out(token: AccessToken, payout: web::Json<Payout>) -> Result<CustomizeResponder<web::Json<Value>>, Refusal> {
    token.require_scope("payments:write")?;
    token.require_payout(&payout.amount)?;
    // A name of who did it that stays: the key, never the token.
    log::info!(client_id = token.client_id(), amount = payout.amount.as_str(); "paid out");
    Ok(web::Json(json!({"amount": payout.amount})).customize().with_status(StatusCode::CREATED))
}

/// The server of this API, for tokens that `verifier` accepts.
pub(crate) fn serve(listener: TcpListener, verifier: Verifier) -> std::io::Result<Server> {
    let app = move || {
        App::new()
            .app_data(verifier.clone())
            .service(actix::metadata(&verifier))
            .service(payments)
            .service(payments_of_account)
            .service(pay_out)
    };
    Ok(HttpServer::new(app).listen(listener)?.run())
}

/// Whose tokens the API takes, and what it says of itself.
pub(crate) fn settings(issuer: &str, resource_server: &str) -> Builder {
    Verifier::builder(issuer, resource_server)
        .realm("payments")
        .metadata(|document| document.scopes(["payments:read", "payments:write"]).authorization_details(["payout_limit"]))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    env_logger::Builder::from_env(env_logger::Env::new().default_filter_or("info")).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, resource_server, listen] = arguments.as_slice() else {
        return Err("usage: payments ISSUER RESOURCE_SERVER ADDRESS:PORT".into());
    };
    let verifier = settings(issuer, resource_server).build()?;
    // Not a reason to stop: the keys are fetched when the first token comes.
    if let Err(why) = verifier.warm_up().await {
        log::warn!("{why}");
    }
    Ok(serve(TcpListener::bind(listen)?, verifier)?.await?)
}
