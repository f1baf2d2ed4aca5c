//! The log: one JSON object a line on standard error, or a readable line when that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use env_logger::fmt::Formatter;
use env_logger::{Target, WriteStyle};
use log::kv::{Error, Key, Value, VisitSource};
use log::{LevelFilter, Record};
use serde::Serialize;

use crate::clock;

/// Lines that wait for standard error. When whoever reads it stalls, requests must not: lines are dropped and counted.
const QUEUE: usize = 8_192;

/// How long the end of the process waits for the last lines.
const LAST_LINES: Duration = Duration::from_millis(500);

/// The log of this process; when it is dropped, the last lines are written.
pub(super) struct Log {
    done: Receiver<()>,
    queue: Arc<Queue>,
}

/// Starts the log; panics become lines of it.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn start(level: LevelFilter) -> io::Result<Log> {
    let (lines, waiting) = sync_channel::<Vec<u8>>(QUEUE);
    let (finished, done) = sync_channel(1);
    let queue = Arc::new(Queue { lines: Mutex::new(Some(lines)), dropped: AtomicU64::new(0) });
    let counted = Arc::clone(&queue);
    std::thread::Builder::new().name("log".to_owned()).spawn(move || {
        for line in waiting {
            // Nobody is left to be told when standard error is closed.
            drop(io::stderr().write_all(&line));
            let dropped = counted.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                drop(writeln!(
                    io::stderr(),
                    "{{\"level\":\"warn\",\"message\":\"the log was too slow\",\"lines_dropped\":{dropped}}}"
                ));
            }
        }
        let _ = finished.send(());
    })?;
    let mut builder = env_logger::Builder::new();
    // What the libraries say below a warning is about themselves.
    builder.filter_level(level.min(LevelFilter::Warn)).filter_module("claviger", level);
    if io::stderr().is_terminal() {
        builder.format(readable).write_style(WriteStyle::Always);
    } else {
        builder.format(json);
    }
    builder.target(Target::Pipe(Box::new(Pipe(Arc::clone(&queue)))));
    if builder.try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| log::error!("a fault of the program: {panic}")));
    }
    Ok(Log { done, queue })
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Ok(mut lines) = self.queue.lines.lock() {
            drop(lines.take());
        }
        let _ = self.done.recv_timeout(LAST_LINES);
    }
}

struct Queue {
    /// `None`: the log has ended.
    lines: Mutex<Option<SyncSender<Vec<u8>>>>,
    dropped: AtomicU64,
}

struct Pipe(Arc<Queue>);

impl Write for Pipe {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let queued =
            self.0.lines.lock().is_ok_and(|lines| lines.as_ref().is_some_and(|lines| lines.try_send(line.to_vec()).is_ok()));
        if !queued {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
