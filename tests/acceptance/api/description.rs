//! The API's description of itself: OpenAPI, the page for people, and what a published tester makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::support::http::Request;
use crate::support::{App, Backend, Output};

/// Runs one of the published programs of `tests/foreign/openapi`.
pub(super) fn run(program: &str, arguments: &[&str], folder: &Path) -> Output {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's temporary folder is in the target folder");
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run"));
    command.arg(program).args(arguments).env("CARGO_TARGET_DIR", target).current_dir(folder);
    Output::of(&mut command, "")
}

fn saved(app: &App) -> PathBuf {
    let file = app.site.dir.join("openapi.json");
    fs::write(&file, &app.get("/openapi.json").body).unwrap();
    file
}

#[test]
fn the_description_is_valid_openapi() {
    let app = App::start(Backend::Sqlite, &[]);
    let response = app.get("/openapi.json");
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    let document = response.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": app.issuer}]));
    assert!(document["paths"]["/connect/token"]["post"].is_object());
    let file = saved(&app);
    run("openapi-spec-validator", &[file.to_str().unwrap()], app.site.dir.path()).succeeded();
    // It can fail.
    let broken = app.site.dir.join("broken.json");
    fs::write(&broken, response.text().replace("\"operationId\":\"editApiKey\"", "\"operationId\":7")).unwrap();
    let output = run("openapi-spec-validator", &[broken.to_str().unwrap()], app.site.dir.path());
    assert_eq!(output.code, Some(1), "{output:?}");
}

#[test]
fn the_description_says_who_may_and_what_it_takes() {
    let app = App::start(Backend::Sqlite, &[]);
    let document = app.get("/openapi.json").json();
    let create = &document["paths"]["/api/v1/api-keys"]["post"];
    assert_eq!(create["x-permission"], "api-keys:write");
    assert_eq!(create["x-roles"], json!(["developer", "admin", "owner"]));
    assert_eq!((&create["x-operators-only"], &create["x-reauthentication"]), (&json!(false), &json!(true)));
    assert_eq!(create["security"], json!([{"accessToken": ["api-keys:write"]}, {"session": []}]));
    let rotate = &document["paths"]["/api/v1/signing-keys/rotate"]["post"];
    assert_eq!((&rotate["x-operators-only"], &rotate["x-roles"]), (&json!(true), &json!(["admin", "owner"])));
    let flow = &document["components"]["securitySchemes"]["accessToken"]["flows"]["clientCredentials"];
    assert_eq!(flow["tokenUrl"], format!("{}/connect/token", app.issuer));
    let body = &document["components"]["schemas"]["NewApiKey"];
    assert_eq!((&body["required"], &body["additionalProperties"]), (&json!(["name"]), &json!(false)));
    assert_eq!(body["properties"]["expires_at"]["type"], json!(["string", "null"]));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for text in ["operationId", "summary"] {
                assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: {text}");
            }
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let content = answer["content"].as_object();
                for content in content.into_iter().flat_map(|content| content.values()) {
                    assert!(content.get("example").is_some(), "{method} {path} {status} has no example");
                }
            }
        }
    }
}

#[test]
fn both_documents_are_below_an_issuers_path_too_and_cacheable() {
    let app = App::start_with(
        Backend::Sqlite,
        crate::support::Options { issuer: Some("/auth".to_owned()), ..crate::support::Options::default() },
    );
    for (path, content_type) in
        [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8"), ("/docs.css", "text/css; charset=utf-8")]
    {
        let here = app.get(path);
        let below = app.get(&format!("/auth{path}"));
        assert_eq!((here.status, here.header("content-type")), (200, Some(content_type)), "{path}");
        assert_eq!(here.body, below.body);
        assert_eq!(here.header("x-content-type-options"), Some("nosniff"));
        let tag = here.header("etag").unwrap();
        let again = app.send(&Request::new("GET", path).header("If-None-Match", tag));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(app.send(&Request::new("POST", path)).status, 405);
    }
    assert_eq!(app.get("/openapi.json").json()["servers"][0]["url"], app.issuer);
}

#[test]
fn the_page_runs_nothing_and_takes_nothing_from_elsewhere() {
    let app = App::start(Backend::Sqlite, &[]);
    let response = app.get("/docs");
    let policy = response.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("style-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let page = response.text();
    assert!(page.contains("lang=\"en\"") && page.contains("width=device-width"));
    assert!(!page.contains("<script") && !page.contains("style=\"") && !page.contains("src="));
    let links = page.match_indices("href=\"").map(|(at, _)| page[at + 6..].split('"').next().unwrap());
    assert!(links.clone().all(|link| link.starts_with('#') || matches!(link, "docs.css" | "openapi.json")));
    assert!(page.contains("/api/v1/api-keys/{client_id}/regenerate"));
}
