//! The API's description of itself: OpenAPI, the page for people, and what a published tester makes of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::api::small_key;
use crate::support::http::Request;
use crate::support::{App, Backend, Output, PAYMENTS, Server};

/// Runs one of the published programs of `tests/foreign/openapi`.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Output {
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

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Which checks: what a server may never do, and what the description promises.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method";

/// What stands in the paths: things that are there. Deletions get things of their own.
fn settings(parameters: &[(&str, &str)], deletions: &[(&str, &str, &str)]) -> String {
    // A body that is too large is refused for that, whatever else is wrong with it.
    let mut text = "[checks.negative_data_rejection]\nexpected-statuses = [\"4xx\"]\n[parameters]\n".to_owned();
    parameters.iter().for_each(|(name, value)| text.push_str(&format!("\"path.{name}\" = \"{value}\"\n")));
    for (operation, name, value) in deletions {
        text.push_str(&format!("[[operations]]\ninclude-operation-id = \"{operation}\"\n"));
        text.push_str(&format!("parameters = {{ \"path.{name}\" = \"{value}\" }}\n"));
    }
    text
}

fn schemathesis(server: &Server, folder: &Path, token: &str, settings: &str, include: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("openapi.json"), &server.get("/openapi.json").body).unwrap();
    fs::write(folder.join("schemathesis.toml"), settings).unwrap();
    let authorization = format!("Authorization: Bearer {token}");
    let arguments = [
        ["--url", &server.base_url],
        ["-H", &authorization],
        ["--checks", CHECKS],
        ["--phases", "examples,coverage,fuzzing"],
        ["--max-examples", "4"],
        ["--max-time", "45"],
        ["--seed", "1"],
        ["--generation-database", "none"],
        ["--include-path-regex", include],
        // The token would be dead from then on.
        ["--exclude-operation-id", "rotateSigningKey"],
        // Whatever address it thinks of would be told of every change.
        ["--exclude-operation-id", "createWebhook"],
        ["--exclude-operation-id", "editWebhook"],
    ];
    let arguments: Vec<&str> = ["run", "openapi.json", "--no-color", "--continue-on-failure"]
        .into_iter()
        .chain(arguments.into_iter().flatten())
        .collect();
    let output = run("schemathesis", &arguments, folder).succeeded();
    assert!(output.stdout.contains("passed"), "{output:#?}");
    assert!(!output.stdout.contains("returned only 401/403"), "{output:#?}");
    let log = server.log();
    // What can't even be read as HTTP is an error in the words of the framework.
    let faults: Vec<&str> =
        log.lines().filter(|line| line.contains("\"level\":\"error\"") && !line.contains("request parse error")).collect();
    assert!(!log.contains("panicked") && faults.is_empty(), "{faults:?}");
}

/// Every operation with what a description like this one lets a tester think of: no 5xx, no answer that the description
/// does not have.
#[test]
fn mg2_schemathesis_finds_nothing_on_sqlite() {
    schemathesis_finds_nothing(Backend::Sqlite);
}

#[test]
fn mg2_schemathesis_finds_nothing_on_postgres() {
    schemathesis_finds_nothing(Backend::Postgres);
}

fn schemathesis_finds_nothing(backend: Backend) {
    let app = App::start(backend, &["--webhook-allow-private", "127.0.0.0/8"]);
    let operator = app.token_of(&app.operator());
    // An admin key can't be touched by a key, so that this one does not disable itself on the way.
    let customer = app.token_of(&app.create_key(&["--admin"]));
    let key = || app.api_create(&customer, &small_key("Tested")).client_id;
    let (edited, deleted) = (key(), key());
    let made = |path: &str, body: Value| app.api("POST", path).bearer(&operator).json(&body).succeeds(201)["id"].clone();
    let scope = |name: &str| made("/scopes", json!({"name": name, "resource_server": PAYMENTS}));
    let server = |name: &str| made("/resource-servers", json!({"identifier": name}));
    let (scopes, servers) = ((scope("st:a"), scope("st:b")), (server("urn:st:a"), server("urn:st:b")));
    let user = app.user("developer").id;
    let webhook = json!({"url": "http://127.0.0.1:9/x"});
    let webhook = text_of(&app.api("POST", "/webhooks").bearer(&customer).json(&webhook).succeeds(201)["id"]);
    let organization = app.fixture.other_organization.as_str();
    let of_customer = settings(
        &[
            ("client_id", &edited),
            ("account_id", &app.fixture.account_1),
            ("scope", "payments:read"),
            ("resource_server_id", &text_of(&servers.0)),
            ("user_id", &user),
            ("webhook_id", &webhook),
        ],
        &[("deleteApiKey", "client_id", &deleted)],
    );
    let of_operator = settings(
        &[("scope", &text_of(&scopes.0)), ("resource_server_id", &text_of(&servers.0)), ("organization_id", organization)],
        &[("deleteScope", "scope", &text_of(&scopes.1)), ("deleteResourceServer", "resource_server_id", &text_of(&servers.1))],
    );
    std::thread::scope(|both| {
        both.spawn(|| {
            schemathesis(
                &app,
                &app.site.dir.join("st-1"),
                &customer,
                &of_customer,
                "/v1/(api-keys|organization$|accounts|users|usage|audit-events|webhooks)",
            )
        });
        both.spawn(|| {
            let include = "/v1/(scopes|resource-servers|organizations|signing-keys|plans)";
            schemathesis(&app, &app.site.dir.join("st-2"), &operator, &of_operator, include);
        });
    });
}
