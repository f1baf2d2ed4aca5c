//! actix-web: an extractor, a middleware, and the document of RFC 9728.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, get, web};
//! use claviger_resource_server::{AccessToken, Refusal, Verifier, actix};
//!
//! // An account's payments: the token is for that account and holds the scope, or nothing is answered.
//! #[get("/accounts/{account}/payments")]
//! async fn payments(token: AccessToken, account: web::Path<String>) -> Result<String, Refusal> {
//!     token.require_scope("payments:read")?;
//!     token.require_account(&account)?;
//!     Ok(format!("payments of {account}"))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let verifier = Verifier::builder("https://auth.example.com", "https://payments.example.com")
//!         .metadata(|document| document.scopes(["payments:read"]))
//!         .build()?;
//!     let app = move || App::new().app_data(verifier.clone()).service(actix::metadata(&verifier)).service(payments);
//!     Ok(HttpServer::new(app).bind(("127.0.0.1", 8081))?.run().await?)
//! }
//! ```
//!
//! A client certificate is looked for as a [`ClientCertificate`] in the connection's data (`HttpServer::on_connect`), then in the
//! request's extensions.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse, Resource, ResponseError, guard, web};
use futures_util::future::LocalBoxFuture;

use crate::access_token::AccessToken;
use crate::refusal::{Reason, Refusal};
use crate::verifier::{Accepted, ClientCertificate, Presented, Verifier};

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.log();
        let mut response = HttpResponse::build(self.status_code());
        for header in self.headers() {
            response.append_header(header);
        }
        response.body(self.body())
    }
}

/// The request's token: the one that [`RequireToken`] has found, or else verified here by the [`Verifier`] in the
/// application's data.
impl FromRequest for AccessToken {
    type Error = Refusal;
    type Future = LocalBoxFuture<'static, Result<Self, Refusal>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(accepted) = request.extensions().get::<Accepted>() {
            return Box::pin(ready(Ok(accepted.token.clone())));
        }
        let verifier = request.app_data::<Verifier>().cloned();
        let request = request.clone();
        Box::pin(async move {
            let no_verifier = || Refusal::new(Reason::Unavailable("the application's data has no Verifier".to_owned()), None);
            authenticate(&verifier.ok_or_else(no_verifier)?, &request).await
        })
    }
}

async fn authenticate(verifier: &Verifier, request: &HttpRequest) -> Result<AccessToken, Refusal> {
    if let Some(accepted) = request.extensions().get::<Accepted>()
        && accepted.by.is(verifier)
    {
        return Ok(accepted.token.clone());
    }
    let values = |name| request.headers().get_all(name).map(|value| value.as_bytes()).collect::<Vec<_>>();
    let (authorization, proofs) = (values(AUTHORIZATION.as_str()), values("dpop"));
    let of_connection = || request.conn_data::<ClientCertificate>().cloned();
    let certificate = of_connection().or_else(|| request.extensions().get::<ClientCertificate>().cloned());
    let presented = Presented {
        authorization: &authorization,
        proofs: &proofs,
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query(),
        certificate: certificate.as_ref(),
    };
    let token = verifier.authenticate(&presented).await?;
    drop(request.extensions_mut().insert(Accepted { by: verifier.clone(), token: token.clone() }));
    Ok(token)
}

/// A middleware that answers requests without a good token itself, for whole scopes of routes.
///
/// ```no_run
/// use actix_web::{App, web};
/// use claviger_resource_server::{Verifier, actix::RequireToken};
///
/// # fn app(verifier: Verifier) {
/// let protected = web::scope("/reports").wrap(RequireToken::by(&verifier).with_scope("reports:read"));
/// # App::new().service(protected);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RequireToken {
    verifier: Verifier,
    scopes: Vec<Arc<str>>,
}

impl RequireToken {
    /// Requires a token that this verifier accepts.
    pub fn by(verifier: &Verifier) -> Self {
        Self { verifier: verifier.clone(), scopes: Vec::new() }
    }

    /// Requires this scope too.
    #[must_use]
    pub fn with_scope(mut self, scope: &str) -> Self {
        self.scopes.push(scope.into());
        self
    }

    async fn check(&self, request: &HttpRequest) -> Result<(), Refusal> {
        let token = authenticate(&self.verifier, request).await?;
        self.scopes.iter().try_for_each(|scope| token.require_scope(scope))
    }
}

impl<S, B> Transform<S, ServiceRequest> for RequireToken
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = RequireTokenService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequireTokenService { service: Rc::new(service), required: self.clone() }))
    }
}

/// What [`RequireToken`] wraps around a service.
#[derive(Debug)]
pub struct RequireTokenService<S> {
    service: Rc<S>,
    required: RequireToken,
}

impl<S, B> Service<ServiceRequest> for RequireTokenService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, required) = (Rc::clone(&self.service), self.required.clone());
        Box::pin(async move {
            match required.check(request.request()).await {
                Ok(()) => Ok(service.call(request).await?.map_into_left_body()),
                Err(refusal) => Ok(request.into_response(refusal.error_response()).map_into_right_body()),
            }
        })
    }
}

/// The API's document of RFC 9728 at the path that its identifier asks for.
pub fn metadata(verifier: &Verifier) -> Resource {
    let document: Arc<str> = verifier.metadata().to_json().into();
    let read = move || {
        let document = Arc::clone(&document);
        async move {
            HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, "application/json"))
                .insert_header((CACHE_CONTROL, "public, max-age=300"))
                .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
                .body(document.to_string())
        }
    };
    let other = || async { HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish() };
    let readable = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(read);
    web::resource(verifier.metadata().path()).route(readable).default_service(web::to(other))
}
