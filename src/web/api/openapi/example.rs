//! Examples, put together from those of the parts where a whole one was not written.

use serde_json::{Map, Value, json};

/// How deep schemas are followed: none of ours comes near.
const DEEPEST: usize = 12;

/// Gives every body and answer of the document an example.
pub(super) fn add(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    add_below(&mut document["paths"], &schemas);
    add_below(&mut document["components"]["responses"], &schemas);
}

fn add_below(value: &mut Value, schemas: &Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| add_below(item, schemas)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if name == "content" {
                    for content in member.as_object_mut().into_iter().flat_map(Map::values_mut) {
                        if content.get("example").is_none() {
                            content["example"] = example_of(&content["schema"], schemas, DEEPEST);
                        }
                    }
                } else {
                    add_below(member, schemas);
                }
            }
        }
        _ => {}
    }
}

/// A value that the schema allows; `schemas` are those that it may refer to.
fn example_of(schema: &Value, schemas: &Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(example) = schema.get("example").or_else(|| schema.get("examples")?.get(0)) {
        return example.clone();
    }
    if let Some(name) = schema.get("$ref").and_then(|reference| reference.as_str()?.rsplit('/').next()) {
        return schemas.get(name).map_or(Value::Null, |schema| example_of(schema, schemas, depth));
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(members) = example_of(part, schemas, depth) {
                whole.extend(members);
            }
        }
        return Value::Object(whole);
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(parts) = schema.get(several).and_then(Value::as_array) {
            // The last: where null is one of them, it comes first.
            return parts.last().map_or(Value::Null, |part| example_of(part, schemas, depth));
        }
    }
    if let Some(value) = schema.get("default").or_else(|| schema.get("enum")?.get(0)) {
        return value.clone();
    }
    match schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str())) {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let members = properties.into_iter().flatten();
            Value::Object(members.map(|(name, schema)| (name.clone(), example_of(schema, schemas, depth))).collect())
        }
        Some("array") => match schema.get("items") {
            Some(items) => json!([example_of(items, schemas, depth)]),
            None => json!([]),
        },
        Some("string") => json!("…"),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("boolean") => json!(false),
        _ => Value::Null,
    }
}
