//! What callers of an API get to see: RFC 6750, RFC 9457 and RFC 9728 over HTTP, by actix-web and by axum.

use std::net::TcpListener;

use claviger_resource_server::tower::RequireTokenLayer;
use claviger_resource_server::{AccessToken, Verifier, actix};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::support::{Mode, NOW, World};

#[allow(dead_code, reason = "its main is for people")]
#[path = "../../examples/payments.rs"]
mod payments;

/// Starts the example's API and answers where it is.
fn start(verifier: Verifier) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async { payments::serve(listener, verifier).unwrap().await }).unwrap();
    });
    address
}

fn world() -> World {
    World::with(|builder| builder.realm("payments").metadata(|document| document.scopes(["payments:read"])))
}

const METADATA_URL: &str = "https://payments.example.com/.well-known/oauth-protected-resource";

/// Status, code, and the challenges.
async fn refused(response: Response) -> (u16, String, Vec<String>) {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(header("content-type"), ["application/problem+json"]);
    assert_eq!(header("cache-control"), ["no-store"]);
    assert_eq!(header("x-content-type-options"), ["nosniff"]);
    assert_eq!(header("retry-after").len(), usize::from(status == 503));
    let challenges = header("www-authenticate");
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    let members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["code", "detail", "status", "title", "type"]);
    assert_eq!((&body["type"], body["status"].as_u64()), (&json!("about:blank"), Some(status.into())));
    (status, body["code"].as_str().unwrap().to_owned(), challenges)
}

#[tokio::test]
async fn mg1_the_answers_of_rfc_6750() {
    let world = world();
    let (http, api) = (Client::new(), start(world.verifier.clone()));
    let url = format!("{api}/payments");
    let good = world.token(json!({}));
    let metadata = format!("resource_metadata=\"{METADATA_URL}\"");

    let answer = http.get(&url).bearer_auth(&good).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap().as_str()),
        (200, r#"{"organization":"org_1","payments":[]}"#)
    );

    let (status, code, challenges) = refused(http.get(&url).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (401, "unauthenticated"));
    assert_eq!(challenges[0], format!("Bearer realm=\"payments\", {metadata}"));
    assert!(challenges[1].starts_with("DPoP realm=\"payments\", algs=") && challenges.len() == 2, "{challenges:?}");
    let (status, code, _) = refused(http.get(&url).header("authorization", "Basic eDp5").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (401, "unauthenticated"));

    for bad in ["x", "a.b.c", &good[..good.len() - 4], &world.token(json!({"exp": NOW - 60})), &world.token(json!({"aud": "x"}))]
    {
        let (status, code, challenges) = refused(http.get(&url).bearer_auth(bad).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (401, "invalid_token"));
        let begin = "Bearer realm=\"payments\", error=\"invalid_token\", error_description=";
        assert!(
            challenges.len() == 1 && challenges[0].starts_with(begin) && challenges[0].ends_with(&metadata),
            "{challenges:?}"
        );
    }

    let reader = world.token(json!({"scope": "payments:read"}));
    let payout =
        |token: &str, amount: &str| http.post(format!("{api}/payouts")).bearer_auth(token).json_body(json!({"amount": amount}));
    let (status, code, challenges) = refused(payout(&reader, "1").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (403, "insufficient_scope"));
    assert!(
        challenges[0].contains("error=\"insufficient_scope\"") && challenges[0].contains("scope=\"payments:write\""),
        "{challenges:?}"
    );

    // Two headers; in the query, in whatever spelling, also beside a good header; in a form.
    let twice = http.get(&url).bearer_auth(&good).header("authorization", format!("Bearer {good}"));
    assert_eq!(refused(twice.send().await.unwrap()).await.0, 400);
    for query in ["access_token", "access%5ftoken"] {
        let in_query = format!("{url}?page=2&{query}={good}");
        for request in [http.get(&in_query), http.get(&in_query).bearer_auth(&good)] {
            let (status, code, challenges) = refused(request.send().await.unwrap()).await;
            assert_eq!((status, code.as_str()), (400, "invalid_request"));
            assert!(challenges[0].contains("error=\"invalid_request\""), "{challenges:?}");
        }
    }
    let form = http.post(format!("{api}/payouts")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(refused(form.body(format!("access_token={good}")).send().await.unwrap()).await.0, 401);
}

#[tokio::test]
async fn accounts_and_payouts_are_held_to_the_token() {
    let world = world();
    let (http, api) = (Client::new(), start(world.verifier.clone()));
    let limited = json!({
        "account": "acct_1", "authorization_details": [{"type": "payout_limit", "max_amount": "55.00"}],
    });
    let token = world.token(limited);
    let of_account = |account: &str, token: &str| http.get(format!("{api}/accounts/{account}/payments")).bearer_auth(token);
    assert_eq!(of_account("acct_1", &token).send().await.unwrap().status().as_u16(), 200);
    for (account, token) in [("acct_2", token.as_str()), ("acct_1", &world.token(json!({})))] {
        let (status, code, challenges) = refused(of_account(account, token).send().await.unwrap()).await;
        assert_eq!((status, code.as_str(), challenges.len()), (403, "account_not_allowed", 0));
    }
    let payout = |amount: &str| http.post(format!("{api}/payouts")).bearer_auth(&token).json_body(json!({"amount": amount}));
    assert_eq!(payout("55.00").send().await.unwrap().status().as_u16(), 201);
    let (status, code, _) = refused(payout("55.01").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (403, "payout_limit_exceeded"));
}

#[tokio::test]
async fn an_issuer_that_is_away_is_not_the_callers_fault() {
    let world = world();
    world.issuer.mode(Mode::Down);
    let api = start(world.verifier.clone());
    let answer = Client::new().get(format!("{api}/payments")).bearer_auth(world.token(json!({}))).send().await.unwrap();
    let (status, code, challenges) = refused(answer).await;
    assert_eq!((status, code.as_str(), challenges.len()), (503, "temporarily_unavailable", 0));
}

#[tokio::test]
async fn md1_the_document_of_rfc_9728_is_served_to_everybody() {
    let world = world();
    let (http, api) = (Client::new(), start(world.verifier.clone()));
    let url = format!("{api}/.well-known/oauth-protected-resource");
    let answer = http.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    let document: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(
        document,
        json!({
            "resource": "https://payments.example.com", "authorization_servers": [world.issuer.name],
            "scopes_supported": ["payments:read"], "bearer_methods_supported": ["header"],
            "dpop_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"],
        })
    );
    assert_eq!(http.head(&url).send().await.unwrap().status().as_u16(), 200);
    let other = http.request(Method::POST, &url).send().await.unwrap();
    assert_eq!((other.status().as_u16(), other.headers()["allow"].to_str().unwrap()), (405, "GET, HEAD"));
}

#[tokio::test]
async fn the_middleware_guards_what_it_is_wrapped_around() {
    use actix_web::{App, HttpServer, web};
    let world = world();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    let verifier = world.verifier.clone();
    std::thread::spawn(move || {
        let app = move || {
            // No verifier in the application's data: the extractor takes what the middleware found.
            let who = web::get().to(async |token: AccessToken| token.client_id().to_owned());
            let guard = actix::RequireToken::by(&verifier).with_scope("payments:read").with_scope("reports:read");
            App::new()
                .service(web::scope("/reports").wrap(guard).route("/who", who))
                .route("/open", web::get().to(async || "open"))
                .route("/unset", web::get().to(async |token: AccessToken| token.client_id().to_owned()))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
    let http = Client::new();
    let get = async |path: &str, scope: Option<&str>| {
        let request = http.get(format!("{api}{path}"));
        let token = scope.map(|scope| world.token(json!({"scope": scope})));
        token.into_iter().fold(request, |request, token| request.bearer_auth(token)).send().await.unwrap()
    };
    let answer = get("/reports/who", Some("payments:read reports:read")).await;
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "key_1"));
    for scope in ["payments:read", "reports:read", ""] {
        let (status, code, _) = refused(get("/reports/who", Some(scope)).await).await;
        assert_eq!((status, code.as_str()), (403, "insufficient_scope"), "{scope}");
    }
    assert_eq!(refused(get("/reports/who", None).await).await.0, 401);
    // Also for paths that are not there: nothing is told to strangers.
    assert_eq!(refused(get("/reports/nothing", None).await).await.0, 401);
    assert_eq!(get("/open", None).await.status().as_u16(), 200);
    // Without a verifier nobody comes in.
    assert_eq!(refused(get("/unset", Some("payments:read")).await).await.0, 503);
}

#[tokio::test]
async fn mg1_the_layer_of_tower_answers_alike() {
    use axum::{Extension, Router, response, routing::get};
    async fn who(Extension(token): Extension<AccessToken>) -> Result<String, response::Response> {
        token.require_account("acct_1").map_err(|refusal| refusal.into_response())?;
        Ok(token.client_id().to_owned())
    }
    let world = world();
    let layer = RequireTokenLayer::by(&world.verifier).with_scope("payments:read");
    let app: Router = Router::new().route("/who", get(who)).layer(layer).route("/open", get(async || "open"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let http = Client::new();
    let url = format!("{api}/who");
    let good = world.token(json!({"account": "acct_1"}));
    let answer = http.get(&url).bearer_auth(&good).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "key_1"));
    let (status, code, challenges) = refused(http.get(&url).send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), challenges.len()), (401, "unauthenticated", 2));
    let rows = [
        (http.get(&url).bearer_auth("x"), 401, "invalid_token"),
        (http.get(&url).bearer_auth(world.token(json!({"scope": "a"}))), 403, "insufficient_scope"),
        (http.get(&url).bearer_auth(world.token(json!({}))), 403, "account_not_allowed"),
        (http.get(format!("{url}?access_token={good}")), 400, "invalid_request"),
        (http.get(&url).bearer_auth(&good).header("authorization", "Basic eDp5"), 400, "invalid_request"),
        (http.get(&url).header("authorization", format!("DPoP {good}")), 401, "invalid_token"),
    ];
    for (request, expected, code) in rows {
        let (status, found, _) = refused(request.send().await.unwrap()).await;
        assert_eq!((status, found.as_str()), (expected, code));
    }
    assert_eq!(http.get(format!("{api}/open")).send().await.unwrap().status().as_u16(), 200);
}

/// reqwest's `json` is a feature that nothing else here needs.
trait JsonBody {
    fn json_body(self, body: Value) -> Self;
}

impl JsonBody for reqwest::RequestBuilder {
    fn json_body(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }
}

#[tokio::test]
async fn dp4_a_request_is_judged_once_however_often_it_is_looked_at() {
    use actix_web::{App, HttpServer, web};
    let world = world();
    let key = crate::support::Signer::p256("");
    let token = world.token(json!({"cnf": {"jkt": key.thumbprint()}}));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", listener.local_addr().unwrap());
    let verifier = world.verifier.clone();
    std::thread::spawn(move || {
        let app = move || {
            let twice = async |first: AccessToken, second: AccessToken| format!("{} {}", first.client_id(), second.client_id());
            let guard = || actix::RequireToken::by(&verifier);
            App::new()
                .app_data(verifier.clone())
                .service(
                    web::scope("/guarded")
                        .wrap(guard())
                        .service(web::scope("/again").wrap(guard()).route("", web::get().to(twice))),
                )
                .route("/plain", web::get().to(twice))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
    let http = Client::new();
    let proof = |path: &str| {
        let claims = json!({
            "jti": path, "htm": "GET", "htu": format!("https://payments.example.com{path}"), "iat": NOW,
            "ath": crate::support::signer::sha256(&token),
        });
        key.sign(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.numbers()}), &claims)
    };
    for path in ["/guarded/again", "/plain"] {
        let proof = proof(path);
        let send =
            || http.get(format!("{api}{path}")).header("authorization", format!("DPoP {token}")).header("dpop", &proof).send();
        let answer = send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "key_1 key_1"), "{path}");
        let (status, code, challenges) = refused(send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (401, "invalid_dpop_proof"));
        assert!(challenges.len() == 1 && challenges[0].starts_with("DPoP realm=\"payments\""), "{challenges:?}");
    }
}
