//! Printing: JSON for machines, aligned text for people.

#![allow(clippy::print_stdout, reason = "this is where the command line prints")]

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::Failure;

/// Says something to the person at the terminal.
pub(super) fn message(text: &str) {
    // Nobody is left to be told when standard error is closed.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Prints a line of data.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// Prints one thing.
pub(super) fn object(json: bool, thing: &impl Serialize) -> Result<(), Failure> {
    if json {
        return line(&serde_json::to_string_pretty(thing)?);
    }
    let Value::Object(members) = serde_json::to_value(thing)? else { return line(&serde_json::to_string_pretty(thing)?) };
    let width = members.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in &members {
        line(&format!("{name:<width$}  {}", in_short(value)))?;
    }
    Ok(())
}

/// Prints a list; people see `columns`.
pub(super) fn list<T: Serialize>(json: bool, things: &[T], columns: &[&str]) -> Result<(), Failure> {
    if json {
        return line(&serde_json::to_string_pretty(things)?);
    }
    let mut rows = vec![columns.iter().map(|c| c.to_uppercase().replace('_', " ")).collect::<Vec<_>>()];
    for thing in things {
        let value = serde_json::to_value(thing)?;
        rows.push(columns.iter().map(|column| value.get(*column).map_or_else(|| "-".to_owned(), in_short)).collect());
    }
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// A value in few words.
fn in_short(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(in_short).collect::<Vec<_>>().join(", "),
        Value::Object(members) => match (members.get("scopes"), members.get("hint")) {
            (Some(scopes), _) => {
                let target = members.get("account_id").and_then(Value::as_str).unwrap_or("organization");
                let scopes = scopes.as_array().map(|s| s.iter().map(in_short).collect::<Vec<_>>().join(" ")).unwrap_or_default();
                format!("{target}: {scopes}")
            }
            (_, Some(hint)) => match members.get("expires_at").and_then(Value::as_str) {
                Some(end) => format!("{} (until {end})", in_short(hint)),
                None => in_short(hint),
            },
            _ => members.iter().map(|(name, value)| format!("{name}={}", in_short(value))).collect::<Vec<_>>().join(" "),
        },
    }
}
