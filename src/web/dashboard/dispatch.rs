//! From HTTP to a page and back.

use std::net::IpAddr;

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, COOKIE, ORIGIN, USER_AGENT};
use actix_web::http::{Method as HttpMethod, StatusCode};
use actix_web::web::{Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, web};
use percent_encoding::percent_decode_str;
use zeroize::Zeroize;

use super::again;
use super::assets;
use super::error::{self, PageError};
use super::form::{self, Form};
use super::reply::Reply;
use super::route::{Access, Method, Page};
use super::routes::PAGES;
use super::visit::Visit;
use crate::app::people::Visitor;
use crate::clock;
use crate::web::api::{self, ApiError, Inside, cookie};
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::health;
use crate::web::state::State;

/// The largest form, in bytes.
const MAX_FORM_BYTES: usize = 65_536;

/// Registers every page of the table below `prefix`.
pub(in crate::web) fn configure(service: &mut ServiceConfig, prefix: &str) {
    let mut paths: Vec<&'static str> = PAGES.iter().map(|page| page.path).collect();
    paths.dedup();
    for path in paths {
        let of_path =
            move |request: HttpRequest, payload: Payload, state: web::Data<State>| handle(request, payload, state, path);
        service.service(web::resource(format!("{prefix}{path}")).to(of_path));
    }
    assets::configure(service, prefix);
}

async fn handle(request: HttpRequest, payload: Payload, state: web::Data<State>, path: &'static str) -> HttpResponse {
    let exchange = Exchange::begin(&request, &state);
    let is_https = state.issuer.issuer.starts_with("https:");
    let reply = reply(&request, payload, &state, path, exchange.id.as_str()).await;
    let response = match reply {
        Ok(reply) => reply.render(is_https),
        // Only what fails before or while a page is made: the rest has a page of its own.
        Err(PageError::Api(error)) => error.render(exchange.id.as_str()),
        Err(_) => ApiError::not_found().render(exchange.id.as_str()),
    };
    exchange.end(response)
}

/// There is nothing at this path: a page for people, a line for programs.
pub(in crate::web) async fn not_found(request: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_read = matches!(*request.method(), HttpMethod::GET | HttpMethod::HEAD);
    match api::address(&request, &state) {
        Some(address) if is_read && accept.contains("text/html") => lost(&request, &state, address).await,
        _ => health::not_found(request, state).await,
    }
}

async fn lost(request: &HttpRequest, state: &web::Data<State>, address: IpAddr) -> HttpResponse {
    let exchange = Exchange::begin(request, state);
    let mut visit = visit(request, state, address, exchange.id.as_str(), Form::default());
    let shown = web::block(move || {
        // Without a database there is a page all the same.
        let _ = find_session(&mut visit);
        error::page(&visit, &PageError::NotFound)
    })
    .await;
    let response = match shown {
        Ok(Ok(reply)) => reply.render(state.issuer.issuer.starts_with("https:")),
        _ => ApiError::not_found().render(exchange.id.as_str()),
    };
    exchange.end(response)
}

async fn reply(
    request: &HttpRequest,
    payload: Payload,
    state: &web::Data<State>,
    path: &'static str,
    request_id: &str,
) -> Result<Reply, PageError> {
    let page = find(request, path)?;
    let address = api::address(request, state)
        .ok_or_else(|| ApiError::bad_request("invalid_request", "the proxy did not say where the request comes from"))?;
    let mut raw = body::read(request, payload, &state.life, MAX_FORM_BYTES).await.map_err(ApiError::from)?;
    if page.method == Method::Post && !is_form(request) {
        let detail = "the Content-Type must be application/x-www-form-urlencoded";
        return Err(ApiError::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail).into());
    }
    let form = Form::parse(&raw);
    raw.as_mut().zeroize();
    let mut visit = visit(request, state, address, request_id, form);
    let own_page = page.method == Method::Get || is_own_page(request, state);
    // Logins wait elsewhere, for a thread that hashes.
    let _place = match page.access {
        Access::Anyone => None,
        Access::SignedIn => Some(api::a_place(state).await?),
    };
    let work = move || {
        let mut headers = Vec::new();
        let shown = if own_page { run(page, &mut visit, &mut headers) } else { Err(PageError::CrossSite) };
        let reply = shown.or_else(|error| again::instead(&visit, page, error))?;
        Ok(headers.into_iter().fold(reply, |reply, (name, value)| reply.with_header(name, value)))
    };
    web::block(work).await.map_err(|error| ApiError::Unavailable { cause: error.to_string() })?
}

/// Steps 3 to 5. `headers` takes the cookie of a session that began or was renewed on the way.
fn run(page: &Page, visit: &mut Visit, headers: &mut Vec<(&'static str, String)>) -> Result<Reply, PageError> {
    find_session(visit)?;
    if page.access == Access::SignedIn {
        match &visit.inside.session {
            None if page.method == Method::Post && visit.form.has(form::SIGN_IN_EMAIL) => again::sign_in(visit, headers)?,
            None => return Err(ApiError::InvalidSession.into()),
            Some(current) if page.method == Method::Post => {
                let token = visit.form.text(form::TOKEN).as_bytes();
                if !visit.state.people.key.is_form_token(current.session.id, token) {
                    return Err(PageError::StaleForm);
                }
                if visit.form.has(form::CONFIRM_PASSWORD) {
                    again::confirm(visit, headers)?;
                }
            }
            Some(_) => {}
        }
    }
    (page.show)(visit)
}

fn find_session(visit: &mut Visit) -> Result<(), PageError> {
    if let Some(token) = &visit.inside.session_token {
        visit.inside.session = visit.state.people.find_session(token, visit.inside.now).map_err(ApiError::from)?;
    }
    Ok(())
}

fn visit(request: &HttpRequest, state: &web::Data<State>, address: IpAddr, request_id: &str, form: Form) -> Visit {
    let path = request.path();
    Visit {
        state: state.clone(),
        inside: Inside {
            session: None,
            // A broken cookie must not keep anybody from signing in.
            session_token: cookie::token_of(request).ok().flatten(),
            visitor: Visitor {
                address,
                user_agent: request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned),
                request_id: request_id.to_owned(),
            },
            now: clock::now(),
        },
        path: path.strip_prefix(state.issuer_path.as_str()).filter(|rest| rest.starts_with('/')).unwrap_or(path).to_owned(),
        parts: request.match_info().iter().map(|(name, value)| (name.to_owned(), decoded(value))).collect(),
        query: Form::parse(request.query_string().as_bytes()),
        form,
        cookies: cookies(request),
    }
}

fn cookies(request: &HttpRequest) -> Vec<(String, String)> {
    let lines = request.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// The line of the table.
fn find(request: &HttpRequest, path: &'static str) -> Result<&'static Page, PageError> {
    let method = match *request.method() {
        HttpMethod::GET | HttpMethod::HEAD => Some(Method::Get),
        HttpMethod::POST => Some(Method::Post),
        _ => None,
    };
    let found = PAGES.iter().find(|page| page.path == path && Some(page.method) == method);
    found.ok_or_else(|| {
        let allow: Vec<&str> = PAGES.iter().filter(|page| page.path == path).map(|page| page.method.as_str()).collect();
        PageError::Api(ApiError::MethodNotAllowed { allow: allow.join(", ") })
    })
}

/// Whether the browser says that a page of this server sent the form. One that says nothing is no browser of today.
fn is_own_page(request: &HttpRequest, state: &State) -> bool {
    let headers = request.headers();
    (headers.contains_key("sec-fetch-site") || headers.contains_key(ORIGIN)) && cookie::check_site(request, state).is_ok()
}

fn is_form(request: &HttpRequest) -> bool {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = media_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
