//! Receivers in other languages' libraries: a process that prints what arrives, a line of JSON each.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::tools::{eventually, output_of, program};
use super::workspace::Registered;

/// The first start installs the libraries.
const STARTED_WITHIN: Duration = Duration::from_secs(240);

pub(crate) struct ForeignReceiver {
    lines: Arc<Mutex<Vec<Value>>>,
    child: Child,
    _registered: Registered,
}

impl ForeignReceiver {
    /// Starts `tests/foreign/run NAME` and waits until it listens.
    #[track_caller]
    pub(crate) fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's temporary folder is in the target folder");
        let mut child = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/run"))
            .arg(name)
            .env("CARGO_TARGET_DIR", target)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the receiver can be started");
        let registered = Registered::new(child.id(), "KILL");
        let lines: Arc<Mutex<Vec<Value>>> = Arc::default();
        let output = BufReader::new(child.stdout.take().expect("it has an output"));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let receiver = Self { lines, child, _registered: registered };
        eventually(STARTED_WITHIN, "the receiver listens", || (!receiver.lines.lock().unwrap().is_empty()).then_some(()));
        receiver
    }

    pub(crate) fn port(&self) -> u64 {
        self.lines.lock().unwrap()[0]["port"].as_u64().expect("it says its port first")
    }

    /// What has arrived so far.
    pub(crate) fn received(&self) -> Vec<Value> {
        self.lines.lock().unwrap()[1..].to_vec()
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize, limit: Duration) -> Vec<Value> {
        eventually(limit, &format!("{count} messages"), || Some(self.received()).filter(|all| all.len() >= count))
    }
}

impl Drop for ForeignReceiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate for `localhost` and its key, and the authority that a client needs to believe it.
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    pub(crate) fn make(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name);
        let openssl = |arguments: &[&str]| {
            output_of(Command::new(program("openssl", "openssl")).current_dir(folder).args(arguments));
        };
        let (subject, days) = ("/CN=Test authority", "2");
        openssl(&[
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", days, "-subj", subject, "-keyout", "ca.key", "-out",
            "ca.pem",
        ]);
        openssl(&["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "leaf.key", "-out", "leaf.csr"]);
        std::fs::write(file("leaf.ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
            .expect("a file can be written");
        openssl(&[
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            days,
            "-extfile",
            "leaf.ext",
            "-out",
            "leaf.pem",
        ]);
        Self { authority: file("ca.pem"), certificate: file("leaf.pem"), key: file("leaf.key") }
    }
}
