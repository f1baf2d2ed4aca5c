//! What stands outside of the management API and is described beside it: the token endpoint and the documents that
//! resource servers read. Their contract is the RFCs'.

use serde_json::{Map, Value, json};

use super::tag_of;
use crate::oauth::metadata::paths as oauth;

/// Their paths.
pub(super) fn paths() -> Map<String, Value> {
    Map::from_iter([
        (oauth::TOKEN.to_owned(), json!({"post": token()})),
        (
            oauth::JWKS.to_owned(),
            json!({"get": document("showJwks", "Show the public keys", "The JSON Web Key Set (RFC 7517) that tokens are verified with.", &["keys"])}),
        ),
        (
            oauth::METADATA.to_owned(),
            json!({"get": document("showMetadata", "Show the server's metadata", "RFC 8414.", &["issuer", "token_endpoint", "jwks_uri"])}),
        ),
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
                        or in the body for keys registered for `client_secret_post`.",
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
                                "token_type": {"type": "string", "enum": ["Bearer"]},
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
