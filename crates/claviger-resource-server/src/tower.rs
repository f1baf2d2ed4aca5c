//! tower, and so axum and others: a layer that puts the [`AccessToken`] into the request's extensions.
//!
//! ```no_run
//! use axum::{Extension, Router, response::Response, routing::get};
//! use claviger_resource_server::{AccessToken, Verifier, tower::RequireTokenLayer};
//!
//! async fn payments(Extension(token): Extension<AccessToken>) -> Result<String, Response> {
//!     token.require_scope("payments:read").map_err(|refusal| refusal.into_response())?;
//!     Ok(format!("payments of {}", token.client_id()))
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::builder("https://auth.example.com", "https://payments.example.com").build()?;
//! let document = verifier.metadata().clone();
//! let app: Router = Router::new()
//!     .route("/payments", get(payments))
//!     .layer(RequireTokenLayer::by(&verifier))
//!     // Below the layer's line: everybody may read this.
//!     .route(&document.path(), get(async move || ([("content-type", "application/json")], document.to_json())));
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8081").await?, app).await?;
//! # Ok(()) }
//! ```
//!
//! A client certificate is looked for as a [`ClientCertificate`] in the request's extensions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::access_token::AccessToken;
use crate::refusal::Refusal;
use crate::verifier::{Accepted, ClientCertificate, Presented, Verifier};

impl Refusal {
    /// The whole answer.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        self.log();
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers() {
            if let Ok(value) = value.try_into() {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// Answers requests without a good token itself.
#[derive(Clone, Debug)]
pub struct RequireTokenLayer {
    verifier: Verifier,
    scopes: Arc<[String]>,
}

impl RequireTokenLayer {
    /// Requires a token that this verifier accepts.
    pub fn by(verifier: &Verifier) -> Self {
        Self { verifier: verifier.clone(), scopes: Arc::default() }
    }

    /// Requires this scope too.
    #[must_use]
    pub fn with_scope(mut self, scope: &str) -> Self {
        self.scopes = self.scopes.iter().cloned().chain([scope.to_owned()]).collect();
        self
    }
}

impl<S> Layer<S> for RequireTokenLayer {
    type Service = RequireToken<S>;

    fn layer(&self, service: S) -> Self::Service {
        RequireToken { service, required: self.clone() }
    }
}

/// What [`RequireTokenLayer`] wraps around a service.
#[derive(Clone, Debug)]
pub struct RequireToken<S> {
    service: S,
    required: RequireTokenLayer,
}

impl<S, B, R> Service<Request<B>> for RequireToken<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was asked whether it is ready is the one that is called.
        let clone = self.service.clone();
        let mut service = std::mem::replace(&mut self.service, clone);
        let required = self.required.clone();
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match required.check(&parts).await {
                Ok(token) => {
                    parts.extensions.insert(Accepted { by: required.verifier, token: token.clone() });
                    parts.extensions.insert(token);
                    service.call(Request::from_parts(parts, body)).await
                }
                Err(refusal) => Ok(refusal.into_response()),
            }
        })
    }
}

impl RequireTokenLayer {
    async fn check(&self, parts: &http::request::Parts) -> Result<AccessToken, Refusal> {
        let values = |name| parts.headers.get_all(name).iter().map(|value| value.as_bytes()).collect::<Vec<_>>();
        let (authorization, proofs) = (values(AUTHORIZATION.as_str()), values("dpop"));
        let presented = Presented {
            authorization: &authorization,
            proofs: &proofs,
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query(),
            certificate: parts.extensions.get::<ClientCertificate>(),
        };
        let token = match parts.extensions.get::<Accepted>() {
            Some(accepted) if accepted.by.is(&self.verifier) => accepted.token.clone(),
            _ => self.verifier.authenticate(&presented).await?,
        };
        self.scopes.iter().try_for_each(|scope| token.require_scope(scope))?;
        Ok(token)
    }
}
