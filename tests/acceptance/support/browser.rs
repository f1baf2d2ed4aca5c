//! Flows in a real browser: functions in `tests/browser/flows`, each a test here. A flow asks this side for what a page
//! cannot do: to make users and keys, to look into the database.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::app::App;
use super::people::{PLATFORM, Postman};
use super::site::Output;
use super::workspace::{Registered, TempDir};

/// How long a flow may take.
const DONE_WITHIN: Duration = Duration::from_secs(180);
/// Chromium processes at a time: each wants a core and some hundred MB.
const BROWSERS: usize = 2;

/// Tests that run the flow of their name in that file on SQLite, after `both` on PostgreSQL too.
macro_rules! flows {
    ($file:literal: $($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                let app = $crate::support::App::start($crate::support::Backend::Sqlite, &[]);
                $crate::support::browser::run_flow(&app, $file, stringify!($name));
            }
        )+
    };
    (both $file:literal: $($name:ident),+ $(,)?) => {
        $(
            $crate::support::on_both!($name, |app| {
                $crate::support::browser::run_flow(app, $file, stringify!($name));
            });
        )+
    };
}
pub(crate) use flows;

/// Runs a flow on that server and fails with what the browser showed.
#[track_caller]
pub(crate) fn run_flow(app: &App, file: &str, name: &str) {
    install();
    let _slot = Slot::take();
    let mut flow = Flow::start();
    let fixture = &app.fixture;
    flow.say(&json!({
        "file": file,
        "name": name,
        "url": app.base_url,
        "fixture": {
            "organization": fixture.organization,
            "account_1": fixture.account_1,
            "account_2": fixture.account_2,
            "other_organization": fixture.other_organization,
            "foreign_account": fixture.foreign_account,
            "k1": fixture.k1.client_id,
        },
    }));
    let end = Instant::now() + DONE_WITHIN;
    loop {
        let line = match flow.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("{file}, {name}: not within {DONE_WITHIN:?}: {}", flow.complaints()),
            Err(RecvTimeoutError::Disconnected) => panic!("{file}, {name}: it ended early: {}", flow.complaints()),
        };
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{file}, {name}: {line}"));
        if let Some(failure) = message.get("failed") {
            panic!("{}", described(file, name, failure));
        }
        if message.get("passed").is_some() {
            return;
        }
        let answer = answer(app, &message["ask"]);
        flow.say(&answer);
    }
}

/// What a flow asks for, and the answer to it.
fn answer(app: &App, question: &Value) -> Value {
    let text = |name: &str| question[name].as_str().unwrap_or_default();
    match text("what") {
        "user" => {
            let login = match text("role") {
                "operator" => app.user_of(PLATFORM, "owner"),
                role => app.user(role),
            };
            json!({"answer": {"id": login.id, "email": login.email, "password": login.password}})
        }
        "cli" => {
            let args: Vec<&str> = question["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            match app.cli_json(&args, text("input")) {
                Output { code: Some(0), stdout, .. } => json!({"answer": serde_json::from_str(&stdout).unwrap_or(json!(stdout))}),
                output => json!({"error": format!("{output:?}")}),
            }
        }
        "sql" => json!({"answer": app.site.sql(text("text"))}),
        "mail" => json!({"answer": Postman::of(&app.site).deliver_to(text("email")).token}),
        other => json!({"error": format!("nobody knows how to do {other:?}")}),
    }
}

fn described(file: &str, name: &str, failure: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = format!("tests/browser/flows/{file}, {name}:\n{}\n", text(&failure["error"]));
    for error in failure["errors"].as_array().into_iter().flatten() {
        all.push_str(&format!("error in the browser: {}\n", text(error)));
    }
    for page in failure["pages"].as_array().into_iter().flatten() {
        let shown: String = text(&page["text"]).chars().take(1_500).collect();
        all.push_str(&format!("--- {}, picture: {}\n{shown}\n", text(&page["url"]), text(&page["screenshot"])));
    }
    all
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's temporary folder is in the target folder")
}

fn runner() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/run")
}

/// Node, Chromium and the libraries, once.
fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let mut command = Command::new(runner());
        Output::of(command.arg("install").env("CARGO_TARGET_DIR", target()), "").succeeded();
    });
}

/// The right to have a browser.
struct Slot;

static TAKEN: Mutex<usize> = Mutex::new(0);
static GIVEN_BACK: Condvar = Condvar::new();

impl Slot {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = GIVEN_BACK.wait_while(taken, |taken| *taken >= BROWSERS).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Self
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        GIVEN_BACK.notify_one();
    }
}

/// The program that drives the browser. Chromium ends by itself when it does, however that comes about.
struct Flow {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    _registered: Registered,
    folder: TempDir,
}

impl Flow {
    fn start() -> Self {
        let folder = TempDir::new("browser");
        let complaints = File::create(folder.join("stderr")).expect("a file can be made");
        let mut child = Command::new(runner())
            .arg("flow")
            .env("CARGO_TARGET_DIR", target())
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .expect("the browser's program can be started");
        let registered = Registered::new(child.id(), "KILL");
        let input = child.stdin.take().expect("it has an input");
        let output = BufReader::new(child.stdout.take().expect("it has an output"));
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, input, lines, _registered: registered, folder }
    }

    /// What it wrote to standard error.
    fn complaints(&self) -> String {
        fs::read_to_string(self.folder.join("stderr")).unwrap_or_default()
    }

    fn say(&mut self, message: &Value) {
        // A program that has ended is noticed when its next line does not come.
        let _ = writeln!(self.input, "{message}");
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
