//! What stands outside of the management API and is described beside it: the token endpoint and the documents that
//! resource servers read. Their contract is the RFCs'.

use serde_json::{Map, Value, json};

use super::tag_of;
use crate::oauth::metadata::paths as oauth;

/// Their paths.
pub(super) fn paths() -> Map<String, Value> {
    Map::from_iter([
        (oauth::TOKEN.to_owned(), json!({"post": token()})),
        (oauth::INTROSPECTION.to_owned(), json!({"post": introspection()})),
        (oauth::REVOCATION.to_owned(), json!({"post": revocation()})),
        (
            oauth::JWKS.to_owned(),
            json!({"get": document("showJwks", "Show the public keys", "The JSON Web Key Set (RFC 7517) that tokens are verified with.", &["keys"])}),
        ),
        (
            oauth::METADATA.to_owned(),
            json!({"get": document("showMetadata", "Show the server's metadata", "RFC 8414.", &["issuer", "token_endpoint", "jwks_uri"])}),
        ),
        (
            oauth::STATUS_LISTS.to_owned(),
            json!({"get": document("listStatusLists", "List the status lists", "The addresses of all lists.", &["status_lists"])}),
        ),
        (format!("{}/{{id}}", oauth::STATUS_LISTS), json!({"get": status_list()})),
    ])
}

fn document(id: &str, summary: &str, description: &str, required: &[&str]) -> Value {
    json!({
        "tags": [tag_of("/.well-known")],
        "operationId": id,
        "summary": summary,
        "description": description,
        "security": [],
        "responses": {
            "200": {
                "description": "As asked.",
                "content": {"application/json": {"schema": {"type": "object", "required": required}, "example": {}}},
            },
        },
    })
}

fn token() -> Value {
    json!({
        "tags": [tag_of("/connect")],
        "operationId": "issueToken",
        "summary": "Exchange an API key for an access token",
        "description": "The client credentials grant (RFC 6749 section 4.4). The key's id and secret come as HTTP Basic, \
                        or in the body for keys registered for `client_secret_post`. With a proof in the header `DPoP` \
                        (RFC 9449) the token is bound to the key that signed it.",
        "security": [{"clientBasic": []}, {}],
        "requestBody": {
            "required": true,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {
                            "grant_type": {"type": "string", "enum": ["client_credentials"]},
                            "scope": {"type": "string", "description": "Space-separated; without it, all that the key holds there."},
                            "account": {"type": "string", "description": "The account to act on; the header `x-login-as` is its other spelling."},
                            "resource": {
                                "type": "array",
                                "items": {"type": "string", "format": "uri"},
                                "description": "The resource servers that the token is for (RFC 8707); may repeat.",
                            },
                            "client_id": {"type": "string", "description": "For `client_secret_post` alone."},
                            "client_secret": {"type": "string", "description": "For `client_secret_post` alone."},
                        },
                    },
                    "example": {"grant_type": "client_credentials", "scope": "payments:read"},
                },
            },
        },
        "responses": {
            "200": {
                "description": "A token.",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["access_token", "token_type", "expires_in", "scope"],
                            "properties": {
                                "access_token": {"type": "string", "description": "A JWT (RFC 9068)."},
                                "token_type": {"type": "string", "enum": ["Bearer", "DPoP"]},
                                "expires_in": {"type": "integer", "description": "Seconds."},
                                "scope": {"type": "string", "description": "What was granted, implied scopes included."},
                            },
                        },
                        "example": {"access_token": "eyJ…", "token_type": "Bearer", "expires_in": 3600, "scope": "payments:read"},
                    },
                },
            },
            "400": error("What is asked for can't be had.", "invalid_scope", "the scope is unknown or not held at this target"),
            "401": error("The client is not accepted, for whatever reason.", "invalid_client", "client authentication failed"),
            "413": error("The body has over 16 KiB.", "invalid_request", "the body is too large"),
            "429": error("Too many; wait as `Retry-After` says.", "temporarily_unavailable", "too many requests"),
            "503": error("The server can't answer now.", "temporarily_unavailable", "the server can't answer now"),
        },
    })
}

fn introspection() -> Value {
    let answer = json!({
        "type": "object",
        "required": ["active"],
        "properties": {"active": {"type": "boolean"}},
        "description": "Of a live token, its claims too; of any other nothing else.",
    });
    json!({
        "tags": [tag_of("/connect")],
        "operationId": "introspectToken",
        "summary": "Ask whether an access token is live",
        "description": "RFC 7662. The key that asks holds `tokens:introspect`; a customer's key sees the tokens of its own \
                        organization. With `Accept: application/token-introspection+jwt` the answer is signed (RFC 9701).",
        "security": [{"clientBasic": []}, {}],
        "requestBody": about_a_token(),
        "responses": {
            "200": {
                "description": "What is known of it.",
                "content": {"application/json": {"schema": answer, "example": {"active": false}}},
            },
            "400": error("The request is malformed.", "invalid_request", "the parameter token is missing"),
            "401": error("The client is not accepted, for whatever reason.", "invalid_client", "client authentication failed"),
            "403": error("The key may not ask.", "unauthorized_client", "this key does not hold tokens:introspect"),
            "413": error("The body has over 16 KiB.", "invalid_request", "the body is too large"),
            "429": error("Too many; wait as `Retry-After` says.", "temporarily_unavailable", "too many requests"),
            "503": error("The server can't answer now.", "temporarily_unavailable", "the server can't answer now"),
        },
    })
}

fn revocation() -> Value {
    json!({
        "tags": [tag_of("/connect")],
        "operationId": "revokeToken",
        "summary": "End an access token before its time",
        "description": "RFC 7009. A key ends its own tokens, one at a time. At introspection the token is dead from then on.",
        "security": [{"clientBasic": []}, {}],
        "requestBody": about_a_token(),
        "responses": {
            "200": {"description": "It is dead, or was nothing that could be."},
            "400": error("The request is malformed, or the token another key's.", "unauthorized_client", "the token was issued to another client"),
            "401": error("The client is not accepted, for whatever reason.", "invalid_client", "client authentication failed"),
            "413": error("The body has over 16 KiB.", "invalid_request", "the body is too large"),
            "429": error("Too many; wait as `Retry-After` says.", "temporarily_unavailable", "too many requests"),
            "503": error("It could not be written down; try again.", "temporarily_unavailable", "the server can't answer now"),
        },
    })
}

fn status_list() -> Value {
    json!({
        "tags": [tag_of("/.well-known")],
        "operationId": "showStatusList",
        "summary": "Show a status list",
        "description": "A Status List Token (draft-ietf-oauth-status-list): which tokens, by their `status` claim, were revoked.",
        "security": [],
        "parameters": [{
            "name": "id",
            "in": "path",
            "required": true,
            "description": "As in the `uri` of a token's `status`.",
            "schema": {"type": "integer", "minimum": 1, "maximum": u32::MAX},
            "example": 1,
        }],
        "responses": {
            "200": {
                "description": "The list, signed.",
                "content": {"application/statuslist+jwt": {"schema": {"type": "string"}, "example": "eyJ…"}},
            },
            "404": error("There is no such list.", "invalid_request", "there is no such list"),
            "406": error("Something else than `application/statuslist+jwt` was asked for.", "invalid_request", "lists are served as application/statuslist+jwt"),
            "501": error("A list of the past was asked for (`time`).", "invalid_request", "what a list said in the past is not kept"),
            "503": error("The server can't answer now.", "temporarily_unavailable", "the server can't answer now"),
        },
    })
}

fn about_a_token() -> Value {
    json!({
        "required": true,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["token"],
                    "properties": {
                        "token": {"type": "string"},
                        "token_type_hint": {"type": "string", "description": "Ignored: there is one type of tokens here."},
                        "client_id": {"type": "string", "description": "For `client_secret_post` alone."},
                        "client_secret": {"type": "string", "description": "For `client_secret_post` alone."},
                    },
                },
                "example": {"token": "eyJ…"},
            },
        },
    })
}

fn error(description: &str, code: &str, text: &str) -> Value {
    json!({
        "description": description,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["error", "error_description"],
                    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
                },
                "example": {"error": code, "error_description": text},
            },
        },
    })
}
