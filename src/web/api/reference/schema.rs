//! Schemas in words: the members of an object, and what a value may be.

use serde_json::{Map, Value};

use super::html::Html;

/// Writes the members of an object.
pub(super) fn members(page: &mut Html, schema: &Value, document: &Value) {
    let mut rows = Vec::new();
    gather(schema, document, true, &mut rows);
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(_, _, required)| !required);
    page.raw("<dl class=\"members\">");
    for (name, schema, required) in rows {
        member(page, name, &schema, required);
    }
    page.raw("</dl>");
}

/// Writes one member or parameter.
pub(super) fn member(page: &mut Html, name: &str, schema: &Value, required: bool) {
    page.raw("<div><dt>").code(name).raw(" <span class=\"type\">");
    kind(page, schema);
    page.raw("</span>");
    if required {
        page.raw(" <span class=\"required\">required</span>");
    }
    page.raw("</dt><dd>");
    page.line(schema.get("description").and_then(Value::as_str).unwrap_or_default());
    limits(page, schema);
    page.raw("</dd></div>");
}

/// The members of an object, also one that is put together from several.
fn gather<'a>(schema: &'a Value, document: &'a Value, all_there: bool, rows: &mut Vec<(&'a str, Value, bool)>) {
    let schema = resolve(schema, document);
    let required = schema.get("required").and_then(Value::as_array);
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let is_required = all_there && required.is_some_and(|names| names.iter().any(|one| one == name.as_str()));
        if rows.iter().all(|(known, ..)| known != name) {
            rows.push((name, member.clone(), is_required));
        }
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        gather(part, document, all_there, rows);
    }
    for part in schema.get("oneOf").and_then(Value::as_array).into_iter().flatten() {
        gather(part, document, false, rows);
    }
}

fn resolve<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    name.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// Writes what a value may be, in a few words.
pub(super) fn kind(page: &mut Html, schema: &Value) {
    if let Some(name) = schema.get("$ref").and_then(|reference| reference.as_str()?.rsplit('/').next()) {
        page.raw("<a href=\"#object-").text(name).raw("\">").text(name).raw("</a>");
        return;
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema.get(several).and_then(Value::as_array) {
            let mut parts: Vec<&Value> = parts.iter().collect();
            // "or null" comes last.
            parts.sort_by_key(|part| part.get("type").is_some_and(|kind| kind == "null"));
            for (at, part) in parts.into_iter().enumerate() {
                page.raw(if at > 0 { " or " } else { "" });
                kind(page, part);
            }
            return;
        }
    }
    let names: Vec<&str> = match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for (at, name) in names.iter().enumerate() {
        page.raw(if at > 0 { " or " } else { "" });
        match (*name, schema.get("items"), schema.get("format").and_then(Value::as_str)) {
            ("array", Some(items), _) => {
                page.raw("list of ");
                kind(page, items);
            }
            ("array", None, _) => drop(page.raw("list")),
            ("string", _, Some("date-time")) => drop(page.raw("time")),
            ("string", _, Some("uri")) => drop(page.raw("URI")),
            (name, ..) => drop(page.text(name)),
        }
    }
}

/// Writes the rules that a value keeps.
fn limits(page: &mut Html, schema: &Value) {
    let mut rules: Vec<String> = Vec::new();
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<String> = values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
        rules.push(format!("one of {}", values.join(", ")));
    }
    let number = |name: &str| schema.get(name).filter(|value| value.is_number()).map(ToString::to_string);
    let between = |from: Option<String>, to: Option<String>, what: &str| match (from, to) {
        (Some(from), Some(to)) => Some(format!("{from} to {to}{what}")),
        (None, Some(to)) => Some(format!("at most {to}{what}")),
        (Some(from), None) => Some(format!("at least {from}{what}")),
        (None, None) => None,
    };
    rules.extend(between(number("minimum"), number("maximum"), ""));
    rules.extend(between(number("minLength"), number("maxLength"), " characters"));
    if let Some(value) = schema.get("default") {
        rules.push(format!("default `{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    if !rules.is_empty() {
        page.raw(" <span class=\"limits\">").line(&rules.join(" · ")).raw("</span>");
    }
}

/// JSON as people like to read it.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Whether there is something to show.
pub(super) fn is_worth_showing(value: &Value) -> bool {
    !value.is_null() && value.as_object().is_none_or(|members: &Map<String, Value>| !members.is_empty())
}
