//! One operation, and what all have in common: who may, what can go wrong.

use serde_json::{Map, Value, json};

use super::schemas::Schemas;
use crate::domain::permission::Permission;
use crate::domain::role::{Role, RolePolicy};
use crate::oauth::metadata::paths;
use crate::web::api::describe::{PATH_PARAMETERS, Parameter};
use crate::web::api::idempotency::LONGEST as LONGEST_IDEMPOTENCY_KEY;
use crate::web::api::route::{Access, Method, Route};

/// The security scheme of access tokens.
const TOKEN: &str = "accessToken";
/// That of people.
const SESSION: &str = "session";
/// The name of the session's cookie.
const SESSION_COOKIE: &str = "__Host-claviger_session";

/// Describes a route of the table.
pub(super) fn describe(route: &Route, tag: &str, schemas: &mut Schemas) -> Value {
    let mut operation = json!({"tags": [tag], "security": security(route.access)});
    let Some(doc) = route.doc else { return operation };
    operation["operationId"] = json!(doc.id);
    operation["summary"] = json!(doc.summary);
    if !doc.description.is_empty() {
        operation["description"] = json!(doc.description);
    }
    if let Some(permission) = permission(route.access) {
        let roles = Role::ALL.into_iter().filter(|role| permission.is_given_to(*role, true, RolePolicy::default()));
        operation["x-permission"] = json!(permission.scope());
        operation["x-roles"] = json!(roles.map(Role::as_str).collect::<Vec<_>>());
        operation["x-operators-only"] = json!(permission.is_for_operators());
    }
    operation["x-reauthentication"] = json!(matches!(route.access, Access::NeedsProof(_)));
    let parameters = parameters(route, doc.query);
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some(body) = doc.body {
        let schema = schemas.add_body(&body);
        let required = schemas.needs_members(&body);
        operation["requestBody"] = json!({"required": required, "content": {"application/json": {"schema": schema}}});
    }
    let mut responses = Map::new();
    for (status, name) in mistakes(route, doc.query) {
        responses.insert(status.to_owned(), json!({"$ref": format!("#/components/responses/{name}")}));
    }
    let mut success = json!({"description": success(doc.status), "headers": {"X-Request-Id": header("X-Request-Id")}});
    if doc.status == 201 {
        success["headers"]["Location"] = header("Location");
    }
    if let Some(answer) = doc.answer {
        let schema = schemas.add(&answer);
        let schema = match doc.or_page {
            Some(other) => json!({"oneOf": [page(&schemas.add(&other)), schema]}),
            None if doc.is_page => page(&schema),
            None => schema,
        };
        success["content"] = json!({"application/json": {"schema": schema}});
    }
    responses.insert(doc.status.to_string(), success);
    operation["responses"] = Value::Object(responses);
    operation
}

fn page(of: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["data", "next_cursor"],
        "properties": {
            "data": {"type": "array", "items": of},
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Where the next page begins; `null`: this was the last.",
                "example": null,
            },
        },
    })
}

const fn permission(access: Access) -> Option<Permission> {
    match access {
        Access::Needs(permission) | Access::NeedsProof(permission) => Some(permission),
        Access::Anyone | Access::Session => None,
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Anyone => json!([]),
        Access::Session => json!([{SESSION: []}]),
        Access::Needs(permission) | Access::NeedsProof(permission) => {
            json!([{TOKEN: [permission.scope()]}, {SESSION: []}])
        }
    }
}

fn parameters(route: &Route, query: &[Parameter]) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path.filter_map(|name| PATH_PARAMETERS.iter().find(|known| known.name == name));
    let mut all: Vec<Value> = in_path.map(|parameter| described(parameter, "path")).collect();
    all.extend(query.iter().map(|parameter| described(parameter, "query")));
    if route.takes_idempotency_key() {
        all.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Any text of your own; the same one makes the request happen once.",
            "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": LONGEST_IDEMPOTENCY_KEY},
        }));
    }
    all
}

fn described(parameter: &Parameter, place: &str) -> Value {
    let mut value = json!({
        "name": parameter.name,
        "in": place,
        "description": parameter.description,
        "required": place == "path",
        "schema": (parameter.schema)(),
    });
    if !parameter.example.is_empty() && parameter.name != "limit" {
        value["example"] = json!(parameter.example);
    }
    value
}

const fn success(status: u16) -> &'static str {
    match status {
        201 => "Made.",
        202 => "Taken note of.",
        204 => "Done.",
        _ => "As asked.",
    }
}

/// What can go wrong with a request to this route: status and name below `components/responses`.
fn mistakes(route: &Route, query: &[Parameter]) -> Vec<(&'static str, &'static str)> {
    let writes = route.method != Method::Get;
    let mut all = vec![("400", "BadRequest"), ("429", "TooManyRequests"), ("503", "Unavailable")];
    // Also where anyone may ask: a wrong password, another site's page.
    all.extend([("401", "Unauthorized"), ("403", "Forbidden")]);
    if route.path.contains('{') || query.iter().any(|parameter| parameter.name == "client_id") {
        all.push(("404", "NotFound"));
    }
    if writes {
        all.extend([("409", "Conflict"), ("413", "TooLarge"), ("415", "WrongMediaType"), ("422", "Invalid")]);
    }
    all
}

/// The answers of [`mistakes`].
pub(super) fn problems() -> Value {
    let of = |description: &str, status: u16, title: &str, code: &str, detail: &str, headers: &[&str]| {
        let mut example = json!({
            "type": "about:blank", "title": title, "status": status, "code": code, "detail": detail,
            "request_id": "114026793ecae76200000008",
        });
        if status == 422 {
            example["errors"] = json!([{"field": "name", "code": "required", "detail": "must be there"}]);
        }
        let headers: Map<String, Value> =
            headers.iter().chain(&["X-Request-Id"]).map(|name| ((*name).to_owned(), header(name))).collect();
        json!({
            "description": description,
            "headers": headers,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
        })
    };
    json!({
        "BadRequest": of("The request can't be read.", 400, "Bad Request", "invalid_query", "the query parameter limit must be 1 to 200", &[]),
        "Unauthorized": of("No token, or one that is not accepted here (RFC 6750), or not without its proof (RFC 9449).", 401, "Unauthorized", "invalid_token", "the access token is expired, revoked, malformed or not for this API", &["WWW-Authenticate"]),
        "Forbidden": of("The caller may not.", 403, "Forbidden", "insufficient_scope", "the access token needs the scope api-keys:write", &[]),
        "NotFound": of("There is none, or it is another organization's.", 404, "Not Found", "not_found", "there is nothing of this id here", &[]),
        "Conflict": of("The state of things forbids it, or a request with this `Idempotency-Key` is still running.", 409, "Conflict", "conflict", "there is one like this already", &[]),
        "TooLarge": of("The body has over 64 KiB.", 413, "Payload Too Large", "payload_too_large", "a body may have at most 65536 bytes", &[]),
        "WrongMediaType": of("The body is not `application/json`.", 415, "Unsupported Media Type", "unsupported_media_type", "the Content-Type must be application/json", &[]),
        "Invalid": of("The body breaks rules; `errors` says which. Or its `Idempotency-Key` was used for another request.", 422, "Unprocessable Entity", "validation_failed", "the body breaks rules; see errors", &[]),
        "TooManyRequests": of("Over the limit of the key's plan.", 429, "Too Many Requests", "rate_limit_exceeded", "too many requests; wait as Retry-After says", &["Retry-After"]),
        "Unavailable": of("The server can't answer now.", 503, "Service Unavailable", "temporarily_unavailable", "the server can't answer now; try again", &["Retry-After"]),
    })
}

fn header(name: &str) -> Value {
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// The headers that answers have.
pub(super) fn headers() -> Value {
    let of = |description: &str, schema: Value| json!({"description": description, "schema": schema});
    json!({
        "X-Request-Id": of("The request's name in the server's log.", json!({"type": "string"})),
        "Location": of("Where the new object is.", json!({"type": "string", "format": "uri"})),
        "Retry-After": of("Seconds to wait.", json!({"type": "integer", "minimum": 0})),
        "WWW-Authenticate": of("The challenge (RFC 6750 section 3, RFC 9449 section 7.1).", json!({"type": "string"})),
    })
}

/// How callers prove who they are.
pub(super) fn security_schemes(issuer: &str) -> Value {
    let scopes: Map<String, Value> =
        Permission::ALL.iter().map(|permission| (permission.scope().to_owned(), json!(permission.in_words()))).collect();
    let token_url = format!("{}{}", issuer.trim_end_matches('/'), paths::TOKEN);
    json!({
        TOKEN: {
            "type": "oauth2",
            "description": "An access token of this server, from `POST /connect/token`, as `Authorization: Bearer …`; one that is bound to a key as \
                            `Authorization: DPoP …` with a proof in the header `DPoP` (RFC 9449 section 7).",
            "flows": {"clientCredentials": {"tokenUrl": token_url, "scopes": scopes}},
        },
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": SESSION_COOKIE,
            "description": "A person's session. Requests that change something also send `X-CSRF-Token`.",
        },
        "clientBasic": {
            "type": "http",
            "scheme": "basic",
            "description": "An API key's `client_id` and `client_secret` (RFC 6749 section 2.3.1).",
        },
    })
}
