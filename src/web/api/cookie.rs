//! The session's cookie, and how a request shows that a page of this server sent it and no other site's.
//!
//! Other sites can make a browser send a request with the cookie. They can neither read the token that every change needs
//! beside it (`X-CSRF-Token`), nor say of themselves that they are this site (`Sec-Fetch-Site`, `Origin`: both are the
//! browser's own words).

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HOST, HeaderValue, ORIGIN};

use super::problem::ApiError;
use crate::domain::session::SessionToken;
use crate::web::session_cookie::{self, BadCookie, NAME};
use crate::web::state::State;

/// What sets the cookie. It goes when the browser is closed; the server ends the session by its own rules.
pub(in crate::web) fn set(token: &SessionToken) -> (&'static str, String) {
    ("set-cookie", format!("{NAME}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose()))
}

/// What takes it away.
pub(in crate::web) fn clear() -> (&'static str, String) {
    ("set-cookie", format!("{NAME}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"))
}

/// The token in the request's cookie. One of another form is nobody's; two are a sign that somebody has planted one.
pub(in crate::web) fn token_of(request: &HttpRequest) -> Result<Option<SessionToken>, ApiError> {
    let lines = request.headers().get_all(COOKIE).map(HeaderValue::as_bytes);
    session_cookie::read(lines).map_err(|bad| match bad {
        BadCookie::Several => ApiError::bad_request("invalid_request", "there is more than one session cookie"),
        BadCookie::Malformed => ApiError::InvalidSession,
    })
}

/// Checks that a change by session was asked for by a page of this server.
pub(super) fn check_own_page(request: &HttpRequest, token: &SessionToken, state: &State) -> Result<(), ApiError> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    check_site(request, state)?;
    let mut presented = request.headers().get_all("x-csrf-token");
    match (presented.next(), presented.next()) {
        (Some(value), None) if state.people.key.is_csrf_token(token, value.as_bytes()) => Ok(()),
        _ => {
            let detail = "a change by session needs its csrf_token in the header X-CSRF-Token";
            Err(ApiError::refused(StatusCode::FORBIDDEN, "csrf_token_invalid", detail))
        }
    }
}

/// Checks that no other site's page sent the request, as far as the browser tells.
pub(in crate::web) fn check_site(request: &HttpRequest, state: &State) -> Result<(), ApiError> {
    let refused =
        || Err(ApiError::refused(StatusCode::FORBIDDEN, "cross_site_request", "another site's page may not ask for this"));
    let headers = request.headers();
    let said = |name: &str| headers.get_all(name).map(HeaderValue::as_bytes).collect::<Vec<_>>();
    match said("sec-fetch-site")[..] {
        [] | [b"same-origin" | b"none"] => {}
        _ => return refused(),
    }
    match said(ORIGIN.as_str())[..] {
        [] => Ok(()),
        [origin] if is_own(origin, &state.issuer.issuer, headers.get(HOST)) => Ok(()),
        _ => refused(),
    }
}

/// Whether an origin is that of the issuer, or of the very host that was asked: a request by another name of this server.
fn is_own(origin: &[u8], issuer: &str, host: Option<&HeaderValue>) -> bool {
    let Ok(origin) = str::from_utf8(origin) else { return false };
    let of_issuer = url::Url::parse(issuer).is_ok_and(|issuer| issuer.origin().ascii_serialization() == origin);
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    of_issuer || (authority.is_some() && authority == host.and_then(|host| host.to_str().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn mg5_the_cookie_is_bound_to_this_host_and_hidden_from_scripts() {
        let token = SessionToken::from_random(&[1; 32]);
        let (name, value) = set(&token);
        assert_eq!(name, "set-cookie");
        let expected = format!("__Host-claviger_session={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose());
        assert_eq!(value, expected);
    }

    #[test]
    fn a_cookie_is_found_among_others_and_never_twice() {
        let token = SessionToken::from_random(&[1; 32]);
        let of = |cookie: &str| token_of(&TestRequest::default().insert_header((COOKIE, cookie)).to_http_request());
        let mine = format!("{NAME}={}", token.expose());
        for line in [mine.clone(), format!("a=b; {mine}; c"), format!("a=b;{mine}"), format!("x{mine}=1; {mine}")] {
            assert_eq!(of(&line).unwrap().unwrap().expose(), token.expose(), "{line}");
        }
        for line in ["", "a=b", "claviger_session=x", "__host-claviger_session=x", "__Host-claviger_session"] {
            assert!(of(line).unwrap().is_none(), "{line}");
        }
        assert!(of(&format!("{mine}; {mine}")).is_err());
        assert!(of(&format!("{NAME}=ses_x")).is_err());
    }

    #[test]
    fn mg5_an_origin_is_compared_whole() {
        let host = HeaderValue::from_static("dash.example.com:8443");
        let own = |origin: &str| is_own(origin.as_bytes(), "https://auth.example.com/t1", Some(&host));
        assert!(own("https://auth.example.com") && own("https://dash.example.com:8443"));
        for foreign in [
            "null",
            "",
            "https://auth.example.com.evil.example",
            "http://auth.example.com",
            "https://evil.example",
            "dash.example.com:8443",
        ] {
            assert!(!own(foreign), "{foreign}");
        }
    }
}
