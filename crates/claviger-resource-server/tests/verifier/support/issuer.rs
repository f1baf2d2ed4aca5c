//! An issuer over HTTP: metadata, keys and status lists, counted, and failing when told to.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use super::Signer;

pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";
pub(crate) const JWKS: &str = "/keys";

/// How the issuer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// `503` to everything.
    Down,
    /// No answer for a long time.
    Hanging,
    /// A redirect to the same document.
    Redirecting,
}

struct State {
    mode: Mode,
    documents: HashMap<String, Document>,
    requests: HashMap<String, usize>,
}

#[derive(Clone)]
struct Document {
    body: String,
    cache_control: Option<String>,
    age: u32,
}

#[derive(Clone)]
pub(crate) struct Issuer {
    /// Its `iss`, and where it is.
    pub(crate) name: String,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let name = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { mode: Mode::Up, documents: HashMap::new(), requests: HashMap::new() }));
        let issuer = Self { name: name.clone(), state: Arc::clone(&state) };
        issuer.set(METADATA, &json!({"issuer": name, "jwks_uri": format!("{name}{JWKS}")}).to_string(), Some("max-age=300"));
        std::thread::spawn(move || {
            let app = move || App::new().app_data(web::Data::new(Arc::clone(&state))).default_service(web::to(answer));
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).unwrap();
            actix_web::rt::System::new().block_on(server.run()).unwrap();
        });
        issuer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set(&self, path: &str, body: &str, cache_control: Option<&str>) {
        let document = Document { body: body.into(), cache_control: cache_control.map(Into::into), age: 0 };
        self.state().documents.insert(path.into(), document);
    }

    /// A cache on the way has had the document for so long.
    pub(crate) fn age(&self, path: &str, seconds: u32) {
        self.state().documents.get_mut(path).unwrap().age = seconds;
    }

    /// The JWKS is these keys, for 300 s.
    pub(crate) fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
        self.set(JWKS, &json!({"keys": keys}).to_string(), Some("public, max-age=300"));
    }

    pub(crate) fn mode(&self, mode: Mode) {
        self.state().mode = mode;
    }

    /// How often the path was asked for.
    pub(crate) fn requests(&self, path: &str) -> usize {
        self.state().requests.get(path).copied().unwrap_or(0)
    }
}

async fn answer(request: HttpRequest, state: web::Data<Arc<Mutex<State>>>) -> HttpResponse {
    let (mode, document) = {
        let mut state = state.lock().unwrap();
        *state.requests.entry(request.path().to_owned()).or_default() += 1;
        (state.mode, state.documents.get(request.path()).cloned())
    };
    match (mode, document) {
        (Mode::Down, _) => HttpResponse::ServiceUnavailable().finish(),
        (Mode::Redirecting, _) => HttpResponse::Found().insert_header(("location", "/elsewhere")).finish(),
        (_, None) => HttpResponse::NotFound().finish(),
        (mode, Some(document)) => {
            // So that requests at once really meet.
            let wait = if mode == Mode::Hanging { Duration::from_secs(3600) } else { Duration::from_millis(20) };
            actix_web::rt::time::sleep(wait).await;
            let mut response = HttpResponse::Ok();
            if let Some(value) = document.cache_control {
                response.insert_header(("cache-control", value));
            }
            if document.age > 0 {
                response.insert_header(("age", document.age.to_string()));
            }
            response.body(document.body)
        }
    }
}
