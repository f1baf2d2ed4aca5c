//! SL1: the documents over HTTP.

use std::io::Read as _;

use flate2::read::GzDecoder;
use serde_json::json;

use super::{AGGREGATION, List, MEDIA_TYPE, is_revoked, now, path, place_of};
use crate::support::http::{Request, Response};
use crate::support::jwt::published_kids;
use crate::support::token::assert_error_body;
use crate::support::tools::{HONOURED_WITHIN, eventually};
use crate::support::{App, Backend, Options, on_both};

on_both!(sl1_a_tokens_list_is_where_it_says_and_signed_by_the_issuer, |app| {
    let token = app.token_of(&app.fixture.k1);
    let (uri, index) = place_of(&token);
    assert!(uri.starts_with(&format!("{}{AGGREGATION}/", app.issuer)), "{uri}");
    let answer = app.get(&path(&uri));
    let list = List::read(app, &uri, &answer);
    assert!(!list.is_revoked(index));
    assert_eq!(list.bytes.len(), 131_072 / 8);
    assert_eq!((list.claims["ttl"].clone(), list.claims["iss"].clone()), (json!(60), json!(app.issuer)));
    assert!(now() - list.claims["iat"].as_u64().unwrap() <= 31);
    let names: Vec<&str> = list.claims.keys().map(String::as_str).collect();
    assert_eq!(names, ["exp", "iat", "iss", "status_list", "sub", "ttl"], "nothing that is not for everybody");
    assert_eq!(answer.header("cache-control"), Some("public, max-age=10"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{answer:?}");
    assert!(answer.all("server").is_empty() && answer.all("x-request-id").len() == 1, "{answer:?}");
});

on_both!(sl1_a_list_is_signed_once_and_revalidated, |app| {
    let (uri, _) = place_of(&app.token_of(&app.fixture.k1));
    let target = path(&uri);
    let first = app.get(&target);
    let tag = first.header("etag").unwrap_or_else(|| panic!("no ETag: {first:?}")).to_owned();
    // RS256 repeats itself; that the document is the same shows in `iat` too, which asking again does not change.
    let mut connection = app.connect();
    for _ in 0..20 {
        let again = connection.exchange(&Request::new("GET", &target)).unwrap();
        assert_eq!((again.status, again.body == first.body), (200, true));
    }
    let not_modified = app.send(&Request::new("GET", &target).header("If-None-Match", &tag));
    assert_eq!((not_modified.status, not_modified.body.len()), (304, 0), "{not_modified:?}");
    assert_eq!(not_modified.header("etag"), Some(tag.as_str()));
    let head = app.send(&Request::new("HEAD", &target));
    assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, Some(tag.as_str())), "{head:?}");
    assert_eq!(head.header("content-type"), Some(MEDIA_TYPE));
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for target in [target.as_str(), AGGREGATION] {
            let answer = app.send(&Request::new(method, target));
            assert_eq!(answer.status, 405, "{method} {answer:?}");
            assert!(answer.header("allow").unwrap_or_default().contains("GET"), "{answer:?}");
            refused(&answer, 405);
        }
    }
});

/// The form of errors of every OAuth endpoint (TL7).
#[track_caller]
fn refused(answer: &Response, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    let header = |name: &str| answer.header(name).unwrap_or_default();
    assert!(header("content-type").starts_with("application/json"), "{answer:?}");
    assert_eq!((header("cache-control"), header("x-content-type-options")), ("no-store", "nosniff"), "{answer:?}");
    assert_error_body(answer, "invalid_request");
}

on_both!(sl1_the_content_is_negotiated, |app| {
    let (uri, index) = place_of(&app.token_of(&app.fixture.k1));
    let ask = |name: &str, value: &str| app.send(&Request::new("GET", &path(&uri)).header(name, value));
    for accept in [
        MEDIA_TYPE,
        "*/*",
        "application/*;q=0.1",
        "application/statuslist+cwt, application/statuslist+jwt;q=0.5",
        "text/html, */*;q=0.1",
    ] {
        assert_eq!(ask("Accept", accept).status, 200, "{accept}");
    }
    for accept in [
        "application/statuslist+cwt",
        "text/html",
        "application/statuslist+jwt;q=0",
        "application/statuslist+jwt;q=0, */*",
        "application/json",
    ] {
        let answer = ask("Accept", accept);
        refused(&answer, 406);
    }
    let plain = app.get(&path(&uri));
    assert_eq!(plain.header("content-encoding"), None, "{plain:?}");
    for refused in ["identity", "gzip;q=0", "br"] {
        assert_eq!(ask("Accept-Encoding", refused).header("content-encoding"), None, "{refused}");
    }
    for accepted in ["gzip", "br, gzip;q=0.5", "gzip, deflate, br"] {
        let answer = ask("Accept-Encoding", accepted);
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("gzip")), "{accepted}: {answer:?}");
        assert!(answer.header("vary").unwrap_or_default().contains("accept-encoding"), "{answer:?}");
        assert_ne!(answer.header("etag"), plain.header("etag"), "other bytes have another tag");
        let mut token = String::new();
        GzDecoder::new(answer.body.as_slice()).read_to_string(&mut token).unwrap();
        assert!(!List::of(app, &uri, &token).is_revoked(index));
    }
});

on_both!(sl1_what_is_not_there_is_not_found, |app| {
    for id in ["0", "999", "01", "-1", "x", "4294967296", "1/", ""] {
        let answer = app.get(&format!("{AGGREGATION}/{id}"));
        assert_eq!(answer.status, 404, "{id:?}: {answer:?}");
        // A path that ends in a slash is no list's.
        if !id.ends_with('/') && !id.is_empty() {
            refused(&answer, 404);
        }
    }
    // Section 8.4: what a list said in the past is not kept.
    let (uri, _) = place_of(&app.token_of(&app.fixture.k1));
    for query in ["?time=1686925000", "?x=1&time="] {
        let answer = app.get(&format!("{}{query}", path(&uri)));
        refused(&answer, 501);
    }
    assert_eq!(app.get(&format!("{}?timeless=1", path(&uri))).status, 200);
});

on_both!(sl1_the_lists_are_found_from_the_metadata, |app| {
    let metadata = app.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["status_list_aggregation_endpoint"], json!(format!("{}{AGGREGATION}", app.issuer)));
    let answer = app.get(AGGREGATION);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["status_lists"]);
    let lists: Vec<&str> = json["status_lists"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap()).collect();
    let (uri, _) = place_of(&app.token_of(&app.fixture.k1));
    assert!(lists.contains(&uri.as_str()), "{lists:?}");
    for uri in lists {
        List::fetch(app, uri);
    }
});

#[test]
fn sl1_an_issuer_with_a_path_has_its_lists_below_it() {
    let app = App::start_with(Backend::Sqlite, Options { issuer: Some("/t1".into()), ..Options::default() });
    let token = app.token_of(&app.fixture.k1);
    assert!(place_of(&token).0.starts_with(&format!("{}{AGGREGATION}/", app.issuer)), "{token}");
    assert!(!is_revoked(&app, &token));
    assert_eq!(app.get(&format!("/t1{AGGREGATION}")).status, 200);
}

on_both!(sl1_another_signing_key_signs_the_lists_at_once, |app| {
    let (uri, _) = place_of(&app.token_of(&app.fixture.k1));
    List::fetch(app, &uri);
    let rotated = app.json(&["signing-keys", "rotate", "--now"]);
    eventually(HONOURED_WITHIN, "the new key is the only one", || {
        (published_kids(app) == [rotated["kid"].as_str()?]).then_some(())
    });
    // Verified with the only key that is published.
    List::fetch(app, &uri);
});

on_both!(rs6_a_list_is_no_access_token, |app| {
    let asker = app.key_with_grants(&["tokens:introspect"]);
    let (uri, _) = place_of(&app.token_of(&app.fixture.k1));
    let list = app.get(&path(&uri)).text();
    app.api("GET", "/api-keys").bearer(&list).refused(401, "invalid_token");
    let answer = crate::support::token::TokenRequest::at(app, "/connect/introspect")
        .basic(&asker.client_id, &asker.client_secret)
        .param("token", &list)
        .send();
    assert_eq!((answer.status, answer.json()), (200, json!({"active": false})));
});
