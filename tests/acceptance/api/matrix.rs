//! MG2: every operation of the API's description, by every kind of caller. An operation without a row in the table
//! below fails the test, and so does a row without an operation.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::api::{ApiRequest, PLATFORM, problem, small_key};
use crate::support::people::{Browser, a_password, an_email};
use crate::support::tools::{output_of, program, random_bytes};
use crate::support::{App, PAYMENTS, on_both};

/// What the rows work with: a customer's organization and the platform, each with a key that holds everything that it
/// may hold.
struct Ground<'a> {
    app: &'a App,
    customer: String,
    operator: String,
    /// A key of another organization with the same scopes as the customer's.
    stranger: String,
    /// A live token for this API that has none of the scopes that operations ask for.
    short: String,
}

/// A request that the right caller is answered with a success.
struct Case {
    path: String,
    body: Option<Value>,
    /// Whether the path names something that belongs to the customer: for others it is not there.
    is_owned: bool,
    /// Whether operators see that all the same.
    for_operators_too: bool,
}

fn plain(path: &str) -> Case {
    Case { path: path.to_owned(), body: None, is_owned: false, for_operators_too: false }
}

fn with(path: &str, body: Value) -> Case {
    Case { body: Some(body), ..plain(path) }
}

fn owned(path: String, body: Option<Value>) -> Case {
    Case { path, body, is_owned: true, for_operators_too: false }
}

/// A name that was not used before.
fn unique(name: &str) -> String {
    let bytes: [u8; 8] = random_bytes();
    format!("{name}:{:x}", u64::from_le_bytes(bytes))
}

impl Ground<'_> {
    /// A new key of the customer, and what follows it in a path.
    fn key(&self, rest: &str) -> String {
        let key = self.app.api_create(&self.customer, &small_key("Matrix"));
        format!("/api-keys/{}{rest}", key.client_id)
    }

    fn account(&self) -> String {
        format!("/accounts/{}", self.app.fixture.account_1)
    }

    /// A user of the customer who was invited, and what follows it in a path.
    fn user(&self, rest: &str, body: Option<Value>) -> Case {
        let new = json!({"email": an_email(), "role": "developer"});
        let made = self.app.api("POST", "/users").bearer(&self.customer).json(&new).succeeds(201);
        let path = format!("/users/{}{rest}", made["id"].as_str().unwrap());
        Case { for_operators_too: true, ..owned(path, body) }
    }

    /// A new webhook of the customer, and what follows it in a path.
    fn webhook(&self, rest: &str) -> String {
        let new = json!({"url": "http://127.0.0.1:9/x"});
        let made = self.app.api("POST", "/webhooks").bearer(&self.customer).json(&new).succeeds(201);
        format!("/webhooks/{}{rest}", made["id"].as_str().unwrap())
    }

    fn make(&self, path: &str, body: &Value) -> String {
        let made = self.app.api("POST", path).bearer(&self.operator).json(body).succeeds(201);
        format!("{path}/{}", made["id"].as_str().unwrap())
    }

    fn scope(&self) -> String {
        self.make("/scopes", &json!({"name": unique("matrix"), "resource_server": PAYMENTS}))
    }

    fn server(&self) -> String {
        self.make("/resource-servers", &json!({"identifier": unique("urn:matrix")}))
    }
}

/// The name of an operation and a request for it.
type Row = (&'static str, fn(&Ground<'_>) -> Case);

/// One row for each operation of the management API.
const TABLE: &[Row] = &[
    ("listApiKeys", |_| plain("/api-keys")),
    ("createApiKey", |_| with("/api-keys", small_key("Made"))),
    ("showApiKey", |g| owned(g.key(""), None)),
    ("editApiKey", |g| owned(g.key(""), Some(json!({"name": "Edited"})))),
    ("deleteApiKey", |g| owned(g.key(""), None)),
    ("regenerateApiKeySecret", |g| owned(g.key("/regenerate"), Some(json!({"grace_period_seconds": 60})))),
    ("retireApiKeySecret", |g| {
        let path = g.key("");
        let rotated =
            g.app.api("POST", &format!("{path}/regenerate")).bearer(&g.customer).json(&json!({"grace_period_seconds": 60}));
        let old = rotated.succeeds(200)["secrets"][1]["id"].as_str().unwrap().to_owned();
        owned(format!("{path}/secrets/{old}/retire"), None)
    }),
    ("duplicateApiKey", |g| owned(g.key("/duplicate"), None)),
    ("disableApiKey", |g| owned(g.key("/disable"), None)),
    ("enableApiKey", |g| owned(g.key("/enable"), None)),
    ("revokeApiKeyTokens", |g| owned(g.key("/revoke-tokens"), None)),
    ("showRateLimit", |g| owned(g.key("/rate-limit"), None)),
    ("explainApiKey", |g| owned(g.key("/explain"), Some(json!({"scope": "a"})))),
    ("showOwnOrganization", |_| plain("/organization")),
    ("editOwnOrganization", |_| with("/organization", json!({"name": "Acme"}))),
    ("listPlansForKeys", |_| plain("/organization/plans")),
    ("listAccounts", |_| plain("/accounts")),
    ("createAccount", |_| with("/accounts", json!({"name": "Shop"}))),
    ("showAccount", |g| owned(g.account(), None)),
    ("editAccount", |g| owned(g.account(), Some(json!({"name": "Shop"})))),
    ("listScopes", |_| plain("/scopes")),
    ("createScope", |_| with("/scopes", json!({"name": unique("new"), "resource_server": PAYMENTS}))),
    ("showScope", |_| plain("/scopes/payments:read")),
    ("editScope", |g| with(&g.scope(), json!({"description": "Edited"}))),
    ("deleteScope", |g| plain(&g.scope())),
    ("listResourceServers", |_| plain("/resource-servers")),
    ("createResourceServer", |_| with("/resource-servers", json!({"identifier": unique("urn:new")}))),
    ("showResourceServer", |g| plain(&g.server())),
    ("editResourceServer", |g| with(&g.server(), json!({"name": "Edited"}))),
    ("deleteResourceServer", |g| plain(&g.server())),
    ("listOrganizations", |_| plain("/organizations")),
    ("createOrganization", |_| with("/organizations", json!({"name": "Newcomer"}))),
    ("showOrganization", |g| plain(&format!("/organizations/{}", g.app.fixture.organization))),
    ("editOrganization", |g| with(&format!("/organizations/{}", g.app.fixture.organization), json!({"name": "Acme"}))),
    ("showServer", |_| plain("/server")),
    ("listPlans", |_| plain("/plans")),
    ("createPlan", |_| with("/plans", json!({"name": unique("new").replace(':', "-"), "requests_per_day": 5}))),
    ("showPlan", |_| plain("/plans/growth")),
    ("editPlan", |_| with("/plans/starter", json!({"dry_run": true}))),
    ("deletePlan", |g| {
        let name = unique("old").replace(':', "-");
        g.app.api("POST", "/plans").bearer(&g.operator).json(&json!({"name": name})).succeeds(201);
        plain(&format!("/plans/{name}"))
    }),
    ("listAuditEvents", |_| plain("/audit-events")),
    ("showUsage", |_| plain("/usage")),
    ("showUsageByHour", |_| plain("/usage/hours")),
    ("listUsers", |_| plain("/users")),
    ("inviteUser", |_| with("/users", json!({"email": an_email(), "role": "developer"}))),
    ("showUser", |g| g.user("", None)),
    ("editUser", |g| g.user("", Some(json!({"name": "Robin"})))),
    ("removeUser", |g| g.user("", None)),
    ("inviteUserAgain", |g| g.user("/invite", None)),
    ("showSession", |_| plain("/session")),
    ("signIn", |_| with("/session", json!({"email": an_email(), "password": "x"}))),
    ("signOut", |_| plain("/session")),
    ("reauthenticate", |_| with("/session/reauthenticate", json!({"password": "x"}))),
    ("changePassword", |_| with("/session/password", json!({"current_password": "x", "new_password": "y"}))),
    ("listSessions", |_| plain("/sessions")),
    ("endOtherSessions", |_| plain("/sessions")),
    ("endSession", |_| plain("/sessions/sess_01hf7yat00000000000000000a")),
    ("showInvitation", |_| with("/invitations/show", json!({"token": "x"}))),
    ("showPasswordReset", |_| with("/password-reset/show", json!({"token": "x"}))),
    ("setUpPlatform", |_| with("/setup", json!({"token": "x", "email": an_email(), "name": "Robin", "password": a_password()}))),
    ("showSetupLink", |_| with("/setup/show", json!({"token": "x"}))),
    ("acceptInvitation", |_| with("/invitations/accept", json!({"token": "x", "password": a_password()}))),
    ("askForPasswordReset", |_| with("/password-reset", json!({"email": an_email()}))),
    ("resetPassword", |_| with("/password-reset/confirm", json!({"token": "x", "password": a_password()}))),
    ("listWebhooks", |_| plain("/webhooks")),
    ("createWebhook", |_| with("/webhooks", json!({"url": "http://127.0.0.1:9/new"}))),
    ("showWebhook", |g| owned(g.webhook(""), None)),
    ("editWebhook", |g| owned(g.webhook(""), Some(json!({"description": "Edited"})))),
    ("deleteWebhook", |g| owned(g.webhook(""), None)),
    ("rotateWebhookSecret", |g| owned(g.webhook("/rotate-secret"), None)),
    ("testWebhook", |g| owned(g.webhook("/test"), None)),
    ("listDeliveries", |g| owned(g.webhook("/deliveries"), None)),
    ("redeliver", |g| {
        let path = g.webhook("");
        let sent = g.app.api("POST", &format!("{path}/test")).bearer(&g.customer).succeeds(200);
        owned(format!("{path}/deliveries/{}/redeliver", sent["id"].as_str().unwrap()), None)
    }),
    ("listSigningKeys", |_| plain("/signing-keys")),
    ("rotateSigningKey", |_| with("/signing-keys/rotate", json!({"algorithm": "EdDSA"}))),
    ("importSigningKey", |_| {
        let pem = output_of(Command::new(program("openssl", "openssl")).args(["genpkey", "-algorithm", "ED25519"]));
        with("/signing-keys/import", json!({"pem": pem}))
    }),
];

/// An operation of the description.
struct Operation {
    method: String,
    path: String,
    description: Value,
}

impl Operation {
    fn id(&self) -> &str {
        self.description["operationId"].as_str().unwrap_or_else(|| panic!("{} has no name", self.path))
    }

    fn scope(&self) -> Option<&str> {
        self.description["x-permission"].as_str()
    }

    fn is_for_operators(&self) -> bool {
        self.description["x-operators-only"] == true
    }

    fn success(&self) -> u16 {
        let responses = self.description["responses"].as_object().unwrap();
        responses.keys().find_map(|status| status.starts_with('2').then(|| status.parse().unwrap())).unwrap()
    }

    /// The request of that row, without credentials.
    fn request<'a>(&self, app: &'a App, case: &Case) -> ApiRequest<'a> {
        let request = app.api(&self.method, &case.path);
        match &case.body {
            Some(body) => request.json(body),
            None => request,
        }
    }

    /// Whether the description has this status.
    fn documents(&self, status: u16) -> bool {
        self.description["responses"].get(status.to_string()).is_some()
    }
}

/// Every operation below `/api/v1`.
fn operations(app: &App) -> Vec<Operation> {
    let document = app.get("/openapi.json").json();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/api/v1") else { continue };
        for (method, description) in item.as_object().unwrap() {
            all.push(Operation { method: method.to_uppercase(), path: path.to_owned(), description: description.clone() });
        }
    }
    assert!(all.len() > 30, "{}", all.len());
    all
}

fn ground(app: &App) -> Ground<'_> {
    Ground {
        app,
        customer: app.token_of(&app.integrator()),
        operator: app.token_of(&app.operator()),
        stranger: app.stranger("api-keys:write accounts:write users:write audit:read webhooks:write a b"),
        short: app.token_of(&app.key_with_grants(&["tokens:introspect"])),
    }
}

on_both!(mg2_every_operation_by_every_kind_of_caller, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let ground = ground(app);
    let operations = operations(app);
    let mut rows: Vec<&str> = TABLE.iter().map(|(id, _)| *id).collect();
    for operation in &operations {
        let id = operation.id();
        let row = TABLE.iter().find(|(known, _)| *known == id);
        let (_, make) = row.unwrap_or_else(|| panic!("{} {} ({id}) has no row in the table", operation.method, operation.path));
        rows.retain(|known| *known != id);
        let case = make(&ground);
        let request = || operation.request(app, &case);
        let Some(scope) = operation.scope() else {
            people_only(operation, request(), &ground);
            continue;
        };

        problem(&request().send(), 401, "unauthenticated");
        assert!(operation.documents(401) && operation.documents(403), "{id}");
        let short = request().bearer(&ground.short).send();
        let told = problem(&short, 403, "insufficient_scope");
        assert!(told["detail"].as_str().unwrap().contains(scope), "{id}: {told}");
        if operation.is_for_operators() {
            for token in [&ground.customer, &ground.stranger] {
                request().bearer(token).refused(403, "insufficient_scope");
            }
        } else if case.is_owned {
            request().bearer(&ground.stranger).refused(404, "not_found");
            // An operator is no exception, but for people: its own organization's objects are what it sees here.
            if !case.for_operators_too {
                request().bearer(&ground.operator).refused(404, "not_found");
            }
            assert!(operation.documents(404), "{id}");
        }
        let right = if operation.is_for_operators() { &ground.operator } else { &ground.customer };
        let response = request().bearer(right).send();
        assert_eq!(response.status, operation.success(), "{id}: {response:?}");
        // And never with what came along in the URL.
        let mut elsewhere = make(&ground);
        elsewhere.path.push_str(&format!("?access_token={right}"));
        operation.request(app, &elsewhere).refused(400, "invalid_request");
    }
    assert!(rows.is_empty(), "rows without an operation: {rows:?}");
});

/// What is for sessions alone, or for anyone.
fn people_only(operation: &Operation, request: ApiRequest<'_>, ground: &Ground<'_>) {
    if operation.description["security"] == json!([]) {
        let status = request.send().status;
        assert!(status < 500 && operation.documents(status), "{}: {status}", operation.id());
    } else {
        request.refused(401, "unauthenticated");
        request.bearer(&ground.customer).refused(403, "forbidden");
    }
}

on_both!(mg2_every_operation_by_every_role, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let ground = ground(app);
    for role in ["developer", "admin", "owner"] {
        // An organization has twenty at most.
        app.site.sql("DELETE FROM webhooks");
        let of_customer = app.signed_in(role);
        let of_platform = app.sign_in(&app.user_of(PLATFORM, role));
        for operation in operations(app) {
            let (Some(_), Some((_, make))) = (operation.scope(), TABLE.iter().find(|(known, _)| *known == operation.id())) else {
                continue;
            };
            let has_role = operation.description["x-roles"].as_array().unwrap().contains(&json!(role));
            let is_for_operators = operation.is_for_operators();
            let ask = |browser: &Browser<'_>, is_allowed: bool| {
                let case = make(&ground);
                let mut request = browser.api(&operation.method, &case.path);
                if let Some(body) = &case.body {
                    request = request.json(body);
                }
                if is_allowed {
                    let response = request.send();
                    assert_eq!(response.status, operation.success(), "{role} {}: {response:?}", operation.id());
                } else {
                    request.refused(403, "forbidden");
                }
            };
            ask(&of_customer, has_role && !is_for_operators);
            if is_for_operators {
                ask(&of_platform, has_role);
            }
        }
    }
});

on_both!(mg8_every_operation_refuses_what_it_does_not_know, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let ground = ground(app);
    for operation in operations(app) {
        let (Some(_), Some((_, make))) = (operation.scope(), TABLE.iter().find(|(known, _)| *known == operation.id())) else {
            continue;
        };
        let right = if operation.is_for_operators() { &ground.operator } else { &ground.customer };
        let mut case = make(&ground);
        let path = case.path.clone();
        if operation.method == "GET" {
            // Every documented parameter is taken, no other.
            for parameter in operation.description["parameters"].as_array().into_iter().flatten() {
                if let ("query", Some(example)) = (parameter["in"].as_str().unwrap(), parameter["example"].as_str()) {
                    let path = format!("{path}?{}={example}", parameter["name"].as_str().unwrap());
                    app.api("GET", &path).bearer(right).succeeds(200);
                }
            }
            app.api("GET", &format!("{path}?surprise=1")).bearer(right).refused(400, "invalid_query");
        } else {
            let mut body = case.body.take().unwrap_or_else(|| json!({}));
            body["surprise"] = json!(1);
            let request = app.api(&operation.method, &path).bearer(right);
            let told = request.clone().json(&body).refused(422, "validation_failed");
            assert!(told["errors"].as_array().unwrap().iter().any(|error| error["field"] == "surprise"), "{told}");
            request.clone().raw("text/plain", "{}").refused(415, "unsupported_media_type");
            request.raw("application/json", "{").refused(400, "invalid_json");
        }
    }
});
