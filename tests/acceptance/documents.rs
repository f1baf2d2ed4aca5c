//! JK1, JK2, MD1 to MD3: what resource servers and clients read about us. JK3 is in the tests of foreign libraries.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::http::Request;
use crate::support::jwt::{bytes, published_keys, thumbprint};
use crate::support::token::{assert_envelope, assert_error_body};
use crate::support::{App, Backend, Options, Output, on_both};

const JWKS_PATHS: [&str; 2] = ["/.well-known/jwks.json", "/.well-known/openid-configuration/jwks"];
const METADATA_PATHS: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// Members that only a private key has (RFC 7517, 7518, 8037).
pub(crate) const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

on_both!(jk1_the_keys_are_public_rsa_keys_for_signatures, |app| {
    let answers = JWKS_PATHS.map(|path| app.get(path));
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        let content_type = answer.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("application/json") || content_type == "application/jwk-set+json", "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert!(answer.all("server").is_empty(), "{answer:?}");
    }
    assert_eq!(answers[0].body, answers[1].body);
    let Value::Object(document) = answers[0].json() else { panic!("not an object") };
    assert_eq!(document.keys().collect::<Vec<_>>(), ["keys"]);
    let keys = published_keys(app);
    assert_eq!(keys.len(), 1);
    for key in &keys {
        let members: HashSet<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, HashSet::from(["kty", "use", "alg", "kid", "n", "e"]), "{key}");
        assert_eq!((&key["kty"], &key["use"], &key["alg"]), (&json!("RSA"), &json!("sig"), &json!("RS256")));
        assert_eq!(key["kid"], json!(thumbprint(key)));
        let (n, e) = (bytes(key["n"].as_str().unwrap()), bytes(key["e"].as_str().unwrap()));
        assert!(n.len() >= 256 && n[0] >= 0x80, "2048 bits or more, no leading zero byte: {key}");
        assert_eq!(e, [1, 0, 1]);
        assert!(PRIVATE_MEMBERS.iter().all(|member| key.get(member).is_none()), "{key}");
    }
});

on_both!(jk2_the_keys_are_cacheable_and_revalidated, |app| {
    for path in JWKS_PATHS {
        let answer = app.get(path);
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"), "{answer:?}");
        let tag = answer.header("etag").unwrap_or_else(|| panic!("no ETag: {answer:?}")).to_owned();
        assert!(tag.trim_start_matches("W/").starts_with('"') && tag.ends_with('"'), "{tag}");
        let with = |name: &str, value: &str| app.send(&Request::new("GET", path).header(name, value));
        for known in [tag.as_str(), "*", &format!("\"other\", {tag}"), &format!("W/{}", tag.trim_start_matches("W/"))] {
            let answer = with("If-None-Match", known);
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}: {answer:?}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()), "{answer:?}");
            assert_eq!(answer.header("cache-control"), Some("public, max-age=300"), "{answer:?}");
        }
        assert_eq!(with("If-None-Match", "\"other\"").status, 200);
        // A browser's verifier may read it from anywhere or nowhere, but never with credentials.
        assert_eq!(with("Origin", "https://evil.example").header("access-control-allow-credentials"), None);

        let head = app.send(&Request::new("HEAD", path));
        assert_eq!((head.status, head.body.len()), (200, 0), "{head:?}");
        assert_eq!(head.header("etag"), Some(tag.as_str()));
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = app.send(&Request::new(method, path));
            assert_eq!(answer.status, 405, "{method} {answer:?}");
            let allowed = answer.header("allow").unwrap_or_else(|| panic!("no Allow: {answer:?}"));
            assert!(allowed.contains("GET") && allowed.contains("HEAD"), "{allowed}");
        }
    }
});

on_both!(tl7_errors_of_documents_have_the_form_of_all_oauth_endpoints, |app| {
    let resource_metadata = ["/.well-known/oauth-protected-resource/api"];
    for path in JWKS_PATHS.iter().chain(&METADATA_PATHS).chain(&resource_metadata) {
        let answer = app.send(&Request::new("POST", path));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{path}: {answer:?}");
        assert_envelope(&answer);
        assert_error_body(&answer, "invalid_request");
    }
});

on_both!(jk2_the_time_in_caches_is_a_setting, ["--jwks-max-age", "60"], |app| {
    for path in JWKS_PATHS {
        assert_eq!(app.get(path).header("cache-control"), Some("public, max-age=60"));
    }
});

/// Follows every URL in the metadata back to the server.
#[track_caller]
fn assert_endpoints_answer(app: &App, metadata: &Value) {
    for (name, value) in metadata.as_object().unwrap() {
        let Some(url) = value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri") else { continue };
        let path = url.strip_prefix(&app.base_url).unwrap_or_else(|| panic!("{name} is elsewhere: {url}"));
        let status = app.get(path).status;
        assert!(matches!(status, 200 | 400 | 401 | 405), "{name}: GET {url} is {status}");
    }
}

on_both!(md1_the_metadata_is_at_both_well_known_places, |app| {
    let answers = METADATA_PATHS.map(|path| app.get(path));
    for answer in &answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.header("content-type").unwrap_or_default().starts_with("application/json"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
        assert!(answer.all("server").is_empty(), "{answer:?}");
    }
    assert_eq!(answers[0].body, answers[1].body);
    for path in METADATA_PATHS {
        assert_eq!(app.send(&Request::new("HEAD", path)).status, 200);
        assert_eq!(app.send(&Request::new("POST", path)).status, 405);
    }
});

#[test]
fn md1_an_issuer_with_a_path_inserts_it_after_the_well_known_part() {
    let app = App::start_with(Backend::Sqlite, Options { issuer: Some("/t1".into()), ..Options::default() });
    let answer = app.get("/.well-known/oauth-authorization-server/t1");
    assert_eq!(answer.status, 200, "{answer:?}");
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], json!(app.issuer));
    assert_endpoints_answer(&app, &metadata);
    // OpenID Connect's path is looked for before the issuer's and behind it (RFC 8414 section 5).
    for path in ["/.well-known/openid-configuration/t1", "/t1/.well-known/openid-configuration"] {
        assert_eq!(app.get(path).json(), metadata, "{path}");
    }
    let (_, claims) = {
        let token = app.token(&app.fixture.k1).accepted().token;
        crate::support::jwt::decode(&token)
    };
    assert_eq!(claims["iss"], json!(app.issuer));
}

on_both!(md2_the_metadata_says_what_this_server_does, |app| {
    let metadata = app.get(METADATA_PATHS[0]).json();
    assert_eq!(metadata["issuer"], json!(app.issuer));
    assert_eq!(metadata["token_endpoint"], json!(format!("{}/connect/token", app.base_url)));
    assert_eq!(metadata["jwks_uri"], json!(format!("{}/.well-known/jwks.json", app.base_url)));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    let methods = &metadata["token_endpoint_auth_methods_supported"];
    for method in ["client_secret_basic", "client_secret_post"] {
        assert!(methods.as_array().unwrap().contains(&json!(method)), "{metadata}");
    }
    let text = metadata.to_string();
    assert!(!text.contains("\"none\"") && !text.contains("HS256"), "{metadata}");
    // Signing algorithms are for methods that sign; without such a method there is no list.
    let signs = methods.as_array().unwrap().iter().any(|m| m.as_str().unwrap().ends_with("_jwt"));
    assert_eq!(metadata.get("token_endpoint_auth_signing_alg_values_supported").is_some(), signs, "{metadata}");
    assert_endpoints_answer(app, &metadata);
});

#[test]
fn md2_an_issuer_that_is_none_is_refused_at_the_start() {
    let (site, _) = App::site_only(Backend::Sqlite);
    for issuer in [
        "",
        "nonsense",
        "auth.example.com",
        "ftp://auth.example.com",
        "https://auth.example.com/?x=1",
        "https://auth.example.com/#x",
        "https://user:password@auth.example.com",
        "https://",
    ] {
        let mut command = site.command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--issuer", issuer]);
        Output::of(&mut command, "").failed_with(2);
    }
}

on_both!(md3_nothing_empty_nothing_of_other_flows_and_no_word_of_the_host_header, |app| {
    let reference = app.get(METADATA_PATHS[0]);
    let metadata = reference.json();
    for (name, value) in metadata.as_object().unwrap() {
        assert!(value != &json!([]) && value != &json!("") && !value.is_null(), "{name} is empty: {metadata}");
    }
    for other in ["authorization_endpoint", "userinfo_endpoint", "response_types_supported", "registration_endpoint"] {
        assert!(metadata.get(other).is_none(), "{other}: {metadata}");
    }
    for (name, value) in [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Original-URL", "/evil"),
    ] {
        for path in METADATA_PATHS {
            let answer = app.send(&Request::new("GET", path).header(name, value));
            assert_eq!((answer.status, answer.body == reference.body), (200, true), "{name}: {answer:?}");
        }
    }
    let absolute = app.send(&Request::new("GET", &format!("http://evil.example{}", METADATA_PATHS[0])));
    assert_eq!(absolute.body, reference.body, "{absolute:?}");
});

on_both!(md3_the_documents_do_not_move_when_proxies_are_trusted, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let reference = app.get(METADATA_PATHS[0]);
    let request =
        Request::new("GET", METADATA_PATHS[0]).header("X-Forwarded-Host", "evil.example").header("X-Forwarded-For", "1.2.3.4");
    assert_eq!(app.send(&request).body, reference.body);
});
