//! Every operation of the description, called by a published tester with what the description lets it think of: no 5xx, no
//! answer that the description does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::description::run;
use crate::support::api::{PLATFORM, small_key};
use crate::support::people::{Postman, a_password, an_email};
use crate::support::tools::{output_of, program};
use crate::support::{App, Backend, Key, PAYMENTS};

/// Which checks: what a server may never do, and what the description promises.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method";

/// What belongs to an organization and its people. The rest is the platform's, or for everybody.
const OF_CUSTOMERS: &str = "/v1/(api-keys|organization$|organization/|accounts|users|usage|audit-events|webhooks|sessions?(/|$))";

fn text_of(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// One of the two runs: who calls, and with what.
struct Run<'a> {
    app: &'a App,
    folder: PathBuf,
    filter: [&'static str; 2],
    /// What `hooks.py` reads.
    seeds: Value,
    /// What stands in the paths: things that are there.
    parameters: Vec<(&'static str, String)>,
    /// What ends something gets things of its own: the operation, what stands in its path.
    endings: Vec<(&'static str, Vec<(&'static str, String)>)>,
}

impl Run<'_> {
    fn settings(&self) -> String {
        let hooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/schemathesis/hooks.py");
        let mut text = format!("hooks = \"{}\"\n", hooks.display());
        // A body that is too large is refused for that, whatever else is wrong with it.
        text.push_str("[checks.negative_data_rejection]\nexpected-statuses = [\"4xx\"]\n[parameters]\n");
        self.parameters.iter().for_each(|(name, value)| text.push_str(&format!("\"path.{name}\" = \"{value}\"\n")));
        for (operation, parameters) in &self.endings {
            let parameters: Vec<_> = parameters.iter().map(|(name, value)| format!("\"path.{name}\" = \"{value}\"")).collect();
            text.push_str(&format!("[[operations]]\ninclude-operation-id = \"{operation}\"\n"));
            text.push_str(&format!("parameters = {{ {} }}\n", parameters.join(", ")));
        }
        text
    }

    /// Runs it, and hands back which operation was answered with what.
    #[track_caller]
    fn go(&self) -> BTreeMap<String, BTreeSet<u16>> {
        fs::create_dir_all(&self.folder).unwrap();
        fs::write(self.folder.join("openapi.json"), &self.app.get("/openapi.json").body).unwrap();
        fs::write(self.folder.join("schemathesis.toml"), self.settings()).unwrap();
        fs::write(self.folder.join("seeds.json"), self.seeds.to_string()).unwrap();
        let options = [
            ["--url", &self.app.base_url],
            ["--checks", CHECKS],
            ["--phases", "examples,coverage,fuzzing"],
            ["--max-examples", "4"],
            ["--max-time", "120"],
            ["--seed", "1"],
            ["--generation-database", "none"],
            self.filter,
        ];
        let arguments: Vec<&str> = ["run", "openapi.json", "--no-color", "--continue-on-failure"]
            .into_iter()
            .chain(options.into_iter().flatten())
            .collect();
        let output = run("schemathesis", &arguments, &self.folder).succeeded();
        assert!(output.stdout.contains("passed"), "{output:#?}");
        assert!(!output.stdout.contains("returned only 401/403"), "{output:#?}");
        let mut answers: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
        for line in fs::read_to_string(self.folder.join("answers.txt")).unwrap().lines() {
            let (operation, status) = line.split_once(' ').unwrap();
            answers.entry(operation.to_owned()).or_default().insert(status.parse().unwrap());
        }
        answers
    }
}

#[test]
fn mg2_schemathesis_finds_nothing_on_sqlite() {
    finds_nothing(Backend::Sqlite);
}

#[test]
fn mg2_schemathesis_finds_nothing_on_postgres() {
    finds_nothing(Backend::Postgres);
}

fn finds_nothing(backend: Backend) {
    let app = App::start(backend, &["--webhook-allow-private", "127.0.0.0/8", "--trusted-proxies", "127.0.0.0/8"]);
    let platforms = of_the_platform(&app);
    let customers = of_a_customer(&app);
    let (mut answers, others) = std::thread::scope(|both| {
        let customers = both.spawn(|| customers.go());
        let platforms = both.spawn(|| platforms.go());
        let of = |run: std::thread::ScopedJoinHandle<'_, _>| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (of(customers), of(platforms))
    });
    answers.extend(others);
    let log = app.log();
    // What can't even be read as HTTP is an error in the words of the framework.
    let faults: Vec<&str> =
        log.lines().filter(|line| line.contains("\"level\":\"error\"") && !line.contains("request parse error")).collect();
    assert!(!log.contains("panicked") && faults.is_empty(), "{faults:?}");
    // None is left out, and each did what it is for at least once.
    let document = app.get("/openapi.json").json();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
    let succeeded = |operation: &String| answers.get(operation).is_some_and(|statuses| statuses.iter().any(|s| s / 100 == 2));
    let never: Vec<(String, Option<&BTreeSet<u16>>)> = operations
        .map(|operation| text_of(&operation["operationId"]))
        .filter(|operation| !succeeded(operation))
        .map(|operation| (operation.clone(), answers.get(&operation)))
        .collect();
    assert!(never.is_empty(), "{never:#?}");
}

fn caller(key: &Key) -> Value {
    json!({"client_id": key.client_id, "client_secret": key.client_secret})
}

fn of_a_customer(app: &App) -> Run<'_> {
    // An admin key can't be touched by a key, so that this one does not disable itself on the way.
    let key = app.create_key(&["--admin"]);
    let token = app.token_of(&key);
    let made = |path: &str, body: &Value| text_of(&app.api("POST", path).bearer(&token).json(body).succeeds(201)["id"]);
    let [edited, deleted] = ["Edited", "Deleted"].map(|name| app.api_create(&token, &small_key(name)).client_id);
    let rotated = app.api_create(&token, &small_key("Rotated")).client_id;
    let grace = json!({"grace_period_seconds": 86_400});
    let rotation = app.api("POST", &format!("/api-keys/{rotated}/regenerate")).bearer(&token).json(&grace).succeeds(200);
    let old_secret = text_of(&rotation["secrets"][1]["id"]);
    let [webhook, deleted_webhook] = [1, 2].map(|_| made("/webhooks", &json!({"url": "http://127.0.0.1:9/x"})));
    let delivery = app.api("POST", &format!("/webhooks/{webhook}/test")).bearer(&token).succeeds(200);
    let user = made("/users", &json!({"email": an_email(), "role": "developer"}));
    let deleted_user = app.user("developer").id;
    let person = app.user("owner");
    Run {
        app,
        folder: app.site.dir.join("customer"),
        filter: ["--include-path-regex", OF_CUSTOMERS],
        seeds: json!({
            "base_url": app.base_url,
            "key": caller(&key),
            "login": {"email": person.email, "password": person.password},
            "bodies": {
                "signIn": {"email": person.email, "password": person.password},
                "reauthenticate": {"password": person.password},
                "changePassword": {"current_password": person.password, "new_password": person.password},
            },
        }),
        parameters: vec![
            ("client_id", edited),
            ("account_id", app.fixture.account_1.clone()),
            ("user_id", user),
            ("webhook_id", webhook),
            ("delivery_id", text_of(&delivery["id"])),
        ],
        endings: vec![
            ("deleteApiKey", vec![("client_id", deleted)]),
            ("retireApiKeySecret", vec![("client_id", rotated), ("secret_id", old_secret)]),
            ("deleteWebhook", vec![("webhook_id", deleted_webhook)]),
            ("removeUser", vec![("user_id", deleted_user)]),
        ],
    }
}

fn of_the_platform(app: &App) -> Run<'_> {
    let scopes = "organizations:write plans:write signing-keys:write catalogue:write server:read api-keys:read tokens:introspect";
    let arguments = ["keys", "create", "--organization", PLATFORM, "--name", "Operator", "--grant", scopes];
    let key = Key::from_json(app.json(&arguments));
    let token = app.token_of(&key);
    let made = |path: &str, body: &Value, id: &str| text_of(&app.api("POST", path).bearer(&token).json(body).succeeds(201)[id]);
    let [scope, deleted_scope] =
        ["st:a", "st:b"].map(|name| made("/scopes", &json!({"name": name, "resource_server": PAYMENTS}), "name"));
    let [server, deleted_server] =
        ["urn:st:a", "urn:st:b"].map(|name| made("/resource-servers", &json!({"identifier": name}), "id"));
    let [plan, deleted_plan] = ["st-a", "st-b"].map(|name| made("/plans", &json!({"name": name}), "name"));
    let pem = app.site.dir.join("imported.pem");
    output_of(Command::new(program("openssl", "openssl")).args(["genpkey", "-algorithm", "ED25519", "-out"]).arg(&pem));
    // Two links of each kind: one that is looked at, one that is used.
    let (postman, owner) = (Postman::of(&app.site), app.signed_in("owner"));
    let invited = || {
        let email = an_email();
        owner.api("POST", "/users").json(&json!({"email": email, "role": "developer"})).succeeds(201);
        postman.deliver_to(&email).token
    };
    let forgetful = || {
        let user = app.user("developer");
        app.api("POST", "/password-reset").json(&json!({"email": user.email})).succeeds(202);
        postman.deliver_to(&user.email).token
    };
    let set_up = app.cli(&["--issuer", &app.issuer, "users", "setup-link"]).succeeded().stdout;
    let set_up = set_up.trim().split_once("?token=").unwrap().1;
    Run {
        app,
        folder: app.site.dir.join("platform"),
        filter: ["--exclude-path-regex", OF_CUSTOMERS],
        seeds: json!({
            "base_url": app.base_url,
            "key": caller(&key),
            "bodies": {
                "createResourceServer": {"identifier": "urn:st:c"},
                "createScope": {"name": "st:c", "resource_server": PAYMENTS, "implies": []},
                "createPlan": {"name": "st-c"},
                "importSigningKey": {"pem": fs::read_to_string(&pem).unwrap(), "algorithm": null},
                "showInvitation": {"token": invited()},
                "acceptInvitation": {"token": invited(), "password": a_password()},
                "showPasswordReset": {"token": forgetful()},
                "resetPassword": {"token": forgetful(), "password": a_password()},
                "showSetupLink": {"token": set_up},
                "setUpPlatform": {"token": set_up, "email": an_email(), "password": a_password()},
                "issueToken": {"scope": null, "account": null, "resource": null, "client_id": null, "client_secret": null},
                "introspectToken": {"token": app.token_of(&key), "client_id": null, "client_secret": null},
                "revokeToken": {"token": token, "client_id": null, "client_secret": null},
            },
        }),
        parameters: vec![
            ("scope", scope),
            ("resource_server_id", server),
            ("organization_id", app.fixture.other_organization.clone()),
            ("name", plan),
        ],
        endings: vec![
            ("deleteScope", vec![("scope", deleted_scope)]),
            ("deleteResourceServer", vec![("resource_server_id", deleted_server)]),
            ("deletePlan", vec![("name", deleted_plan)]),
        ],
    }
}
