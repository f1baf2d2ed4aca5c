//! The description of the API, OpenAPI 3.1, made from the table of routes: what is not in the table is not in the
//! description, and what is in it can't be left out.

#![allow(
    clippy::indexing_slicing,
    reason = "reading what is not in a JSON value answers null, and what is written to are objects made here"
)]

mod example;
mod operation;
mod outside;
mod schemas;

use serde_json::{Map, Value, json};

use self::schemas::Schemas;
use super::problem::ProblemDocument;
use super::routes::ROUTES;
use crate::web::api::describe::Part;

/// Where the API is, below the issuer.
const BASE: &str = "/api/v1";

const INTRODUCTION: &str = "\
Claviger is an OAuth 2.0 authorization server for machines. This API manages what it knows: API keys, accounts, the \
catalogue of scopes, and for the platform's operators the rest.\n\n\
**Callers** are API keys, with an access token from `POST /connect/token` that has the scope named at each operation, or \
people with a session.\n\n\
**Lists** come in pages: hand `next_cursor` back as `cursor` until it is `null`.\n\n\
**Errors** are problem documents (RFC 9457); `code` is stable, `detail` is for people. Another organization's objects are \
not found.\n\n\
**Repeats** of a `POST` with the same `Idempotency-Key` within 24 hours get the same answer and happen once; secrets are \
not shown again.";

/// The groups of operations: the first part of a path, and what it is called.
const TAGS: &[(&str, &str, &str)] = &[
    ("connect", "Tokens", "What programs do with an API key."),
    (".well-known", "Documents", "What resource servers and client libraries read."),
    ("api-keys", "API keys", "OAuth 2.0 clients: what they hold, from where, for how long."),
    ("organization", "Organization", "Your own."),
    ("accounts", "Accounts", "The parts of an organization that a token can be aimed at."),
    ("users", "Users", "The people of an organization."),
    ("session", "Session", "Signing in and out."),
    ("sessions", "Session", ""),
    ("invitations", "Session", ""),
    ("password-reset", "Session", ""),
    ("setup", "Session", ""),
    ("scopes", "Scopes", "The catalogue of what can be granted."),
    ("resource-servers", "Resource servers", "The APIs that accept tokens."),
    ("audit-events", "Audit log", "Who did what, when, from where."),
    ("usage", "Usage", "What keys did."),
    ("webhooks", "Webhooks", "Who is told of changes."),
    ("organizations", "Organizations", "The platform's customers."),
    ("plans", "Plans", "What keys may ask in a minute, in a day and at once."),
    ("signing-keys", "Signing keys", "What tokens are signed with."),
    ("server", "Server", "How the server and its database do."),
];

/// The name of the group that a path below the API belongs to.
fn tag_of(path: &str) -> String {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    TAGS.iter().find(|(part, ..)| *part == first).map_or_else(|| first.to_owned(), |(_, name, _)| (*name).to_owned())
}

/// The whole document for the server of this issuer.
pub(in crate::web::api) fn document(issuer: &str) -> Value {
    let mut schemas = Schemas::default();
    schemas.add(&Part::of::<ProblemDocument>());
    let mut paths: Map<String, Value> = outside::paths();
    let mut used = vec![tag_of("/connect"), tag_of("/.well-known")];
    for route in ROUTES {
        let tag = tag_of(route.path);
        let item = paths.entry(format!("{BASE}{}", route.path)).or_insert_with(|| json!({}));
        item[route.method.as_str().to_ascii_lowercase()] = operation::describe(route, &tag, &mut schemas);
        if !used.contains(&tag) {
            used.push(tag);
        }
    }
    let tags: Vec<Value> = TAGS
        .iter()
        .filter(|(_, name, description)| !description.is_empty() && used.iter().any(|tag| tag == name))
        .map(|(_, name, description)| json!({"name": name, "description": description}))
        .collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Claviger",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The management API",
            "description": INTRODUCTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": issuer.trim_end_matches('/')}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": {},
            "responses": operation::problems(),
            "headers": operation::headers(),
            "securitySchemes": operation::security_schemes(issuer),
        },
    });
    schemas.finish(&mut document);
    example::add(&mut document);
    document
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::web::api::describe::PATH_PARAMETERS;

    #[test]
    fn mg2_every_route_is_described() {
        let mut ids = HashSet::new();
        for route in ROUTES {
            let doc = route.doc.unwrap_or_else(|| panic!("{route:?} has no description: see web/api/describe"));
            assert!(ids.insert(doc.id), "{} stands there twice", doc.id);
            assert!(TAGS.iter().any(|(_, name, _)| *name == tag_of(route.path)), "{route:?} belongs to no group");
            assert!(!doc.summary.is_empty() && !doc.summary.ends_with('.'), "{route:?}");
            assert_eq!(doc.status == 204, doc.answer.is_none(), "{route:?}");
            for part in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(PATH_PARAMETERS.iter().any(|known| known.name == part), "{part} of {route:?} is not described");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document("https://auth.example.com");
        let text = document.to_string();
        for (at, _) in text.match_indices("\"$ref\":\"#") {
            let pointer = text[at + 9..].split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            assert_ne!(schema, &json!({}), "{name}");
            assert_ne!(schema, &json!({"type": "object"}), "{name}");
        }
    }
}
