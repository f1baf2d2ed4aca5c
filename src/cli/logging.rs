//! The log: one JSON object a line on standard error, or a readable line when that is a terminal.

use std::io::{self, IsTerminal, Write};

use env_logger::fmt::Formatter;
use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Record};
use serde::Serialize;

use crate::clock;

/// Starts the log; panics become lines of it.
pub(super) fn start(level: LevelFilter) {
    let mut builder = env_logger::Builder::new();
    // What the libraries say below a warning is about themselves.
    builder.filter_level(level.min(LevelFilter::Warn)).filter_module("claviger", level);
    if io::stderr().is_terminal() {
        builder.format(readable);
    } else {
        builder.format(json);
    }
    if builder.try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| log::error!("a fault of the program: {panic}")));
    }
}

/// A line, its fixed members first.
#[derive(Serialize)]
struct Line {
    time: String,
    level: String,
    message: String,
    #[serde(flatten)]
    members: serde_json::Map<String, serde_json::Value>,
}

fn json(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let mut members = serde_json::Map::new();
    drop(record.key_values().visit(&mut Members(&mut members)));
    let level = record.level().as_str().to_ascii_lowercase();
    let line = Line { time: clock::now_in_words(), level, message: record.args().to_string(), members };
    writeln!(out, "{}", serde_json::to_string(&line)?)
}

fn readable(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
    let mut members = serde_json::Map::new();
    drop(record.key_values().visit(&mut Members(&mut members)));
    let style = out.default_level_style(record.level());
    write!(out, "{} {style}{:<5}{style:#} {}", clock::now_in_words(), record.level(), record.args())?;
    for (name, value) in members {
        match value {
            serde_json::Value::String(text) if text.is_empty() => {}
            // Escaped, so that nothing that a client sent can move the cursor.
            serde_json::Value::String(text) => write!(out, " {name}={}", text.escape_debug())?,
            other => write!(out, " {name}={other}")?,
        }
    }
    writeln!(out)
}

/// Gathers a record's members.
struct Members<'a>(&'a mut serde_json::Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Members<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let value = value.to_u64().map_or_else(|| value.to_string().into(), serde_json::Value::from);
        self.0.insert(key.as_str().to_owned(), value);
        Ok(())
    }
}
