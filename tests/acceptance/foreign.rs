//! JK3: clients and verifiers that nobody here wrote take a token and believe it, by `tests/foreign/run`. Each client
//! also refuses the same token with another signature, and understands the refusal of a wrong secret, before it exits
//! with 0.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::certificates::{ClientCertificate, Wanted};
use crate::support::jwt::published_kids;
use crate::support::tools::{HONOURED_WITHIN, eventually, output_of, program};
use crate::support::{App, Backend, DISPUTES, Key, Output, PAYMENTS};

/// Where the clients' libraries are kept between runs: the target folder of this build, wherever that is.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's temporary folder is in the target folder")
}

/// Names one installation of a language's libraries; another one would be another file.
fn installation(language: &str) -> (PathBuf, u64, i64, i64) {
    let marker = target().join("foreign").join(language).join("installed");
    let found = fs::metadata(&marker).unwrap_or_else(|e| panic!("{}: {e}", marker.display()));
    (marker, found.ino(), found.mtime(), found.mtime_nsec())
}

/// Runs a client and hands back the claims that it printed.
#[track_caller]
fn run(app: &App, client: &str, key: &Key, more: &[(&str, &str)]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run");
    let mut command = Command::new(script);
    command
        .arg(client)
        .env_remove("ALGORITHM")
        .env_remove("SCOPE")
        .env("CARGO_TARGET_DIR", target())
        .env("ISSUER", &app.issuer)
        .env("CLIENT_ID", &key.client_id)
        .env("CLIENT_SECRET", &key.client_secret)
        .env("AUDIENCE", PAYMENTS)
        .envs(more.iter().copied());
    let output = Output::of(&mut command, "").succeeded();
    assert_eq!(output.stdout.lines().count(), 1, "{output:#?}");
    assert!(!output.stdout.contains(&key.client_secret) && !output.stderr.contains(&key.client_secret), "{output:#?}");
    output.json()
}

#[track_caller]
fn assert_claims(claims: &Value, app: &App, key: &Key, audience: &Value, scope: &str) {
    let expected = [
        ("iss", json!(app.issuer)),
        ("sub", json!(key.client_id)),
        ("client_id", json!(key.client_id)),
        ("aud", audience.clone()),
        ("scope", json!(scope)),
        ("org", json!(app.fixture.organization)),
    ];
    for (name, value) in expected {
        assert_eq!(claims[name], value, "{name}: {claims}");
    }
}

/// One client against one server: everything that the key holds, fewer scopes, then the other algorithms.
fn takes_tokens_and_verifies_them(backend: Backend, client: &str, language: &str, algorithms: &[&str]) {
    let app = App::start(backend, &[]);
    let key = app.key_with_grants(&["payments:write fx reports:read"]);
    let claims = run(&app, client, &key, &[]);
    let everything = "fx payments:read payments:write reports:read";
    assert_claims(&claims, &app, &key, &json!([DISPUTES, PAYMENTS]), everything);
    let installed = installation(language);

    let fewer = [("SCOPE", "fx payments:read")];
    let claims = run(&app, client, &key, &fewer);
    assert_claims(&claims, &app, &key, &json!(PAYMENTS), "fx payments:read");

    for algorithm in algorithms {
        let rotated = app.json(&["signing-keys", "rotate", "--now", "--alg", algorithm]);
        eventually(HONOURED_WITHIN, "the new key is the only one", || {
            (published_kids(&app) == [rotated["kid"].as_str()?]).then_some(())
        });
        let claims = run(&app, client, &key, &[fewer[0], ("ALGORITHM", algorithm)]);
        assert_claims(&claims, &app, &key, &json!(PAYMENTS), "fx payments:read");
    }
    assert_eq!(installation(language), installed, "the libraries were installed again");
}

/// A test for each database; the algorithms other than RS256 are tried on the first.
macro_rules! client {
    ($name:ident, $client:literal, $language:literal, [$($algorithm:literal),*]) => {
        mod $name {
            use super::*;

            #[test]
            fn sqlite() {
                takes_tokens_and_verifies_them(Backend::Sqlite, $client, $language, &[$($algorithm),*]);
            }

            #[test]
            fn postgres() {
                takes_tokens_and_verifies_them(Backend::Postgres, $client, $language, &[]);
            }
        }
    };
}

client!(jk3_python_requests_oauthlib_and_pyjwt, "python", "python", ["PS256", "ES256", "EdDSA"]);
client!(jk3_python_authlib, "python-authlib", "python", ["ES256"]);
client!(jk3_node_openid_client_and_jose, "node", "node", ["PS256", "ES256", "EdDSA"]);
client!(jk3_go_oauth2_and_golang_jwt, "go", "go", ["PS256", "ES256", "EdDSA"]);
client!(jk3_java_nimbus, "java", "java", ["PS256", "ES256"]);

/// An API in another language judges tokens, one a line; answers its verdicts.
#[track_caller]
fn verdicts(app: &App, api: &str, tokens: &[&str]) -> Vec<Value> {
    let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run"));
    command.arg(api).env("CARGO_TARGET_DIR", target()).env("ISSUER", &app.issuer).env("AUDIENCE", PAYMENTS);
    let output = Output::of(&mut command, &tokens.join("\n")).succeeded();
    let verdicts: Vec<Value> = output.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), tokens.len(), "{output:#?}");
    verdicts
}

fn an_api_judges_tokens(api: &str) {
    let app = App::start(Backend::Sqlite, &[]);
    let key = app.key_with_grants(&["payments:write reports:read"]);
    let good = app.token(&key).resource(PAYMENTS).accepted().token;
    let elsewhere = app.token(&key).resource(DISPUTES).accepted().token;
    let cut = &good[..good.len() - 4];
    let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
    let all = verdicts(&app, api, &[&good, &elsewhere, cut, &unsigned, "x"]);
    assert_claims(&all[0]["claims"], &app, &key, &json!(PAYMENTS), "payments:read payments:write");
    for refused in &all[1..] {
        assert!(refused["refused"].is_string() && refused["claims"].is_null(), "{refused}");
    }
    // Another process, so that no list is kept.
    let manager = app.token_of(&app.key_with_grants(&["api-keys:write payments:write reports:read"]));
    app.api("POST", &format!("/api-keys/{}/revoke-tokens", key.client_id)).bearer(&manager).succeeds(200);
    let dead = &verdicts(&app, api, &[&good])[0];
    assert!(dead["refused"].as_str().is_some_and(|why| why.contains("revoked")), "{dead}");
}

#[test]
fn jk3_an_api_in_python() {
    an_api_judges_tokens("python-resource-server");
}

#[test]
fn jk3_an_api_in_node() {
    an_api_judges_tokens("node-resource-server");
}

#[test]
fn the_page_for_apis_shows_the_code_that_is_run() {
    let read = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let page = read("docs/resource-servers.md");
    for (name, mark, fence) in [("python/resource_server.py", "#", "python"), ("node/resource_server.js", "//", "js")] {
        let code = read(&format!("tests/foreign/{name}"));
        let shown = code.split_once(&format!("{mark} --8<--\n")).unwrap().1.split_once(&format!("{mark} -->8--")).unwrap().0;
        assert!(page.contains(&format!("```{fence}\n{}\n```", shown.trim())), "docs/resource-servers.md does not show {name}");
    }
}

/// DP1 to DP3: a foreign library makes the proofs, and makes them again with a nonce when it is handed one.
fn takes_bound_tokens(backend: Backend, flags: &[&str], algorithms: &[&str]) {
    let app = App::start(backend, flags);
    let key = app.key_with_grants(&["payments:read api-keys:read"]);
    for algorithm in algorithms {
        let claims = run(&app, "node-dpop", &key, &[("ALGORITHM", algorithm)]);
        assert_claims(&claims, &app, &key, &json!([format!("{}/api", app.issuer), PAYMENTS]), "api-keys:read payments:read");
        assert_eq!(claims["cnf"]["jkt"].as_str().map(str::len), Some(43), "{claims}");
    }
}

#[test]
fn dp1_node_openid_client_makes_proofs() {
    takes_bound_tokens(Backend::Postgres, &[], &["ES256", "RS256", "PS256", "Ed25519"]);
}

#[test]
fn dp3_node_openid_client_takes_nonces() {
    takes_bound_tokens(Backend::Sqlite, &["--dpop-nonces", "required"], &["ES256"]);
}

/// A client's private key in a file, and the public half: P-256, or RSA.
fn private_key(app: &App, algorithm: &str) -> (PathBuf, Value) {
    if algorithm == "ES256" {
        let pair = ClientCertificate::self_signed(&Wanted::named("client"));
        return (pair.files(app.site.dir.path(), "").1, pair.jwk());
    }
    let file = app.site.dir.join("client.key");
    let openssl = |arguments: &[&str]| output_of(Command::new(program("openssl", "openssl")).args(arguments).arg(&file));
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]);
    let shown = openssl(&["rsa", "-noout", "-modulus", "-in"]);
    let digits = shown.trim().strip_prefix("Modulus=").unwrap();
    let modulus: Vec<u8> = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    (file, json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB"}))
}

/// PK1 to PK3: a foreign library makes the assertions.
fn proves_itself_by_assertions(backend: Backend, client: &str, algorithms: &[&str]) {
    let app = App::start(backend, &[]);
    for algorithm in algorithms {
        let (file, jwk) = private_key(&app, algorithm);
        let jwks = ClientCertificate::jwks_file(&app, &[jwk]);
        let create = ["keys", "create", "--organization", &app.fixture.organization, "--name", "Client"];
        let own = ["--grant", "payments:read", "--token-endpoint-auth-method", "private_key_jwt", "--jwks", &jwks];
        let made = app.json(&[&create[..], &own].concat());
        let key =
            Key { client_id: made["client_id"].as_str().unwrap().to_owned(), client_secret: "there-is-none".into(), json: made };
        let settings = [("ALGORITHM", *algorithm), ("PRIVATE_KEY_FILE", file.to_str().unwrap())];
        assert_claims(&run(&app, client, &key, &settings), &app, &key, &json!(PAYMENTS), "payments:read");
    }
}

#[test]
fn pk1_node_openid_client_makes_assertions() {
    proves_itself_by_assertions(Backend::Postgres, "node-assertion", &["ES256", "RS256", "PS256"]);
}

#[test]
fn pk1_python_authlib_makes_assertions() {
    proves_itself_by_assertions(Backend::Sqlite, "python-assertion", &["ES256", "RS256", "PS256"]);
}

/// What a client needs is named when it is missing, not left to an error of the client's own.
#[test]
fn jk3_the_runner_says_what_is_missing() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&script);
        command.args(arguments).env("CARGO_TARGET_DIR", target());
        ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "AUDIENCE"].iter().for_each(|name| {
            command.env_remove(name);
        });
        Output::of(&mut command, "")
    };
    assert!(run(&["cobol"]).failed_with(2).stderr.contains("usage"));
    assert!(run(&[]).failed_with(2).stderr.contains("usage"));
    assert!(run(&["go"]).failed_with(1).in_one_line().stderr.contains("ISSUER is not set"));
}

mod sl1_a_reader_of_status_lists_that_nobody_here_wrote {
    use super::*;

    fn reads(backend: Backend) {
        let app = App::start(backend, &[]);
        let key = app.key_with_grants(&["a"]);
        let token = app.token_of(&key);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run");
        let status = || {
            let mut command = Command::new(&script);
            command.arg("status-list").env("CARGO_TARGET_DIR", target()).env("ISSUER", &app.issuer).env("TOKEN", &token);
            Output::of(&mut command, "").succeeded().json()["status"].clone()
        };
        assert_eq!(status(), json!(0));
        app.key_action("revoke-tokens", &key, &[]);
        eventually(Duration::from_secs(10), "the reader sees it", || (status() == json!(1)).then_some(()));
    }

    #[test]
    fn sqlite() {
        reads(Backend::Sqlite);
    }

    #[test]
    fn postgres() {
        reads(Backend::Postgres);
    }
}
