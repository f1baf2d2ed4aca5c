//! The schemas that the operations name, gathered while they are described.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::web::api::describe::Part;

const PREFIX: &str = "#/components/schemas/";

/// The schemas by their names.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    found: BTreeMap<String, Value>,
    /// Those of bodies, which take no other members than the named ones.
    bodies: Vec<String>,
}

impl Schemas {
    /// Adds a schema and those that it refers to; hands back what refers to it.
    pub(super) fn add(&mut self, part: &Part) -> Value {
        let mut others: Vec<(String, RefOr<Schema>)> = Vec::new();
        (part.others)(&mut others);
        for (name, schema) in others {
            self.insert(name, &schema);
        }
        let name = (part.name)().into_owned();
        self.insert(name.clone(), &(part.schema)());
        json!({"$ref": format!("{PREFIX}{name}")})
    }

    /// Adds the schema of a body.
    pub(super) fn add_body(&mut self, part: &Part) -> Value {
        self.bodies.push((part.name)().into_owned());
        self.add(part)
    }

    /// Whether a body must be there because it has a member that must be.
    pub(super) fn needs_members(&self, part: &Part) -> bool {
        self.found.get((part.name)().as_ref()).is_some_and(|schema| schema.get("required").is_some())
    }

    fn insert(&mut self, name: String, schema: &RefOr<Schema>) {
        let schema = serde_json::to_value(schema).unwrap_or_default();
        let before = self.found.insert(name.clone(), schema);
        debug_assert!(before.is_none_or(|before| Some(&before) == self.found.get(&name)), "two schemas are called {name}");
    }

    /// Puts the schemas into the document. What is not an object (an id, a name, a time) is written out where it is
    /// used: generated clients would make a type of each, and readers would have to look each up.
    pub(super) fn finish(mut self, document: &mut Value) {
        for name in &self.bodies {
            if let Some(members) = self.found.get_mut(name).and_then(Value::as_object_mut) {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        for (name, schema) in &mut self.found {
            if !self.bodies.contains(name) {
                let left_out = OPTIONAL.iter().find(|(object, _)| object == name).map_or(&[][..], |(_, members)| members);
                require_all(schema, left_out);
            }
        }
        let is_scalar = |schema: &Value| schema.get("properties").is_none() && schema.get("allOf").is_none();
        let (mut scalars, objects): (BTreeMap<String, Value>, BTreeMap<String, Value>) =
            self.found.into_iter().partition(|(_, schema)| is_scalar(schema));
        // Scalars may be made of scalars.
        for _ in 0..3 {
            let known = scalars.clone();
            scalars.values_mut().for_each(|schema| write_out(schema, &known));
        }
        let mut objects: Map<String, Value> = objects.into_iter().collect();
        objects.values_mut().for_each(|schema| write_out(schema, &scalars));
        if let Some(paths) = document.get_mut("paths") {
            write_out(paths, &scalars);
        }
        document["components"]["schemas"] = Value::Object(objects);
    }
}

/// What answers leave out at times; all other members are always there, if only as `null`.
const OPTIONAL: &[(&str, &[&str])] = &[
    ("Actor", &["name"]),
    (
        "ApiKey",
        &[
            "client_secret",
            "foreign_client_id",
            "jwks",
            "jwks_uri",
            "tls_client_auth_san_dns",
            "tls_client_auth_san_email",
            "tls_client_auth_san_ip",
            "tls_client_auth_san_uri",
            "tls_client_auth_subject_dn",
            "trusted_issuer",
        ],
    ),
    ("AuditEvent", &["target_name"]),
    ("Finding", &["next"]),
    ("Problem", &["errors"]),
    ("TrustedIssuer", &["jwks_uri"]),
    ("Webhook", &["secret"]),
    ("Grant", &["account_id"]),
    // Part of a body.
    ("EnterpriseLimits", &["requests_per_minute", "requests_per_day", "concurrent_connections"]),
];

/// Requires every member of an object, and of those that it is made of, but these.
fn require_all(schema: &mut Value, but: &[&str]) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let names: Vec<&str> = properties.keys().map(String::as_str).filter(|name| !but.contains(name)).collect();
        schema["required"] = json!(names);
    }
    for several in ["allOf", "oneOf"] {
        for part in schema.get_mut(several).and_then(Value::as_array_mut).into_iter().flatten() {
            require_all(part, but);
        }
    }
}

/// Replaces every reference to a scalar by the scalar.
fn write_out(value: &mut Value, scalars: &BTreeMap<String, Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| write_out(item, scalars)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| write_out(member, scalars));
            let scalar = members.get("$ref").and_then(|reference| scalars.get(reference.as_str()?.strip_prefix(PREFIX)?));
            if let Some(Value::Object(scalar)) = scalar {
                members.remove("$ref");
                for (name, member) in scalar {
                    // What the place says of itself counts for more.
                    members.entry(name).or_insert_with(|| member.clone());
                }
            }
            let nullable = members.get("oneOf").and_then(nullable_scalar);
            if let Some(scalar) = nullable {
                members.remove("oneOf");
                for (name, member) in scalar {
                    members.entry(name).or_insert(member);
                }
            }
        }
        _ => {}
    }
}

/// The scalar of "null, or that scalar", with `null` among its types.
fn nullable_scalar(alternatives: &Value) -> Option<Map<String, Value>> {
    let [one, other] = alternatives.as_array()?.as_slice() else { return None };
    let null = json!({"type": "null"});
    let scalar = if *one == null { other } else { Some(one).filter(|_| *other == null)? };
    let mut scalar = scalar.as_object()?.clone();
    let kind = scalar.get("type")?.as_str()?.to_owned();
    if kind == "object" {
        return None;
    }
    scalar.insert("type".to_owned(), json!([kind, "null"]));
    if let Some(values) = scalar.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    Some(scalar)
}
