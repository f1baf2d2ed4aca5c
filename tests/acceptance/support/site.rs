//! One installation of the product: a database, a keys folder, and the command line that works on both.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::leaks;
use super::postgres::Cluster;
use super::tools::{self, output_of};
use super::workspace::{TempDir, copy_folder};

/// The program under test.
pub(crate) const CLAVIGER: &str = env!("CARGO_BIN_EXE_claviger");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

pub(crate) struct Site {
    pub(crate) backend: Backend,
    pub(crate) dir: TempDir,
    pub(crate) keys_dir: PathBuf,
    pub(crate) database_url: String,
    database: Option<(Arc<Cluster>, String)>,
}

impl Site {
    /// An empty place: no database yet (SQLite) or an empty one (PostgreSQL), no keys folder.
    pub(crate) fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::build(backend, None, None),
            Backend::Postgres => Self::build(backend, Some(Cluster::shared()), None),
        }
    }

    /// An empty place in that cluster.
    pub(crate) fn in_cluster(cluster: Arc<Cluster>) -> Self {
        Self::build(Backend::Postgres, Some(cluster), None)
    }

    /// The same data and keys at another place. No process may be using `template`.
    pub(crate) fn copy_of(template: &Self) -> Self {
        let database = template.database.as_ref();
        let site = Self::build(template.backend, database.map(|(c, _)| Arc::clone(c)), database.map(|(_, name)| name.as_str()));
        copy_folder(&template.keys_dir, &site.keys_dir);
        if template.backend == Backend::Sqlite {
            copy_folder(&template.dir.join("data"), &site.dir.join("data"));
        }
        site
    }

    fn build(backend: Backend, cluster: Option<Arc<Cluster>>, template: Option<&str>) -> Self {
        let dir = TempDir::new("site");
        let database = cluster.map(|cluster| {
            let name = cluster.create_database(template);
            (cluster, name)
        });
        let database_url = match &database {
            Some((cluster, name)) => cluster.url(name),
            None => format!("sqlite://{}", dir.join("data/claviger.db").display()),
        };
        Self { backend, keys_dir: dir.join("keys"), dir, database_url, database }
    }

    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.dir.join("data/claviger.db")
    }

    /// Everything in the database, as text or as the bytes of its files, for comparing and for searching.
    pub(crate) fn database_bytes(&self) -> Vec<u8> {
        match &self.database {
            Some((cluster, name)) => cluster.dump(name).into_bytes(),
            None => {
                let mut files: Vec<PathBuf> = fs::read_dir(self.dir.join("data"))
                    .map(|entries| entries.filter_map(|e| Some(e.ok()?.path())).collect())
                    .unwrap_or_default();
                files.sort();
                // The -shm file is an index of the log that readers may rebuild.
                files.retain(|file| !file.to_string_lossy().ends_with("-shm"));
                files.iter().flat_map(|file| fs::read(file).expect("a database file can be read")).collect()
            }
        }
    }

    /// Runs SQL on the database behind the program's back.
    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> String {
        match &self.database {
            Some((cluster, name)) => cluster.psql(name, sql),
            None => {
                // The server may be writing at the moment.
                let mut sqlite = Command::new(tools::program("sqlite3", "sqlite3"));
                output_of(sqlite.args(["-cmd", ".timeout 10000"]).arg(self.sqlite_file()).arg(sql))
            }
        }
    }

    /// Holds the lock that writers take, for so long.
    pub(crate) fn hold(&self, time: Duration) {
        let seconds = time.as_secs();
        match self.backend {
            Backend::Postgres => {
                let tables = "feed_head, api_secret_uses, recent_secret_uses";
                self.sql(&format!("BEGIN; LOCK TABLE {tables} IN SHARE MODE; SELECT pg_sleep({seconds}); COMMIT"));
            }
            Backend::Sqlite => {
                let held = format!(".shell touch {} && sleep {seconds}", self.dir.join("held").display());
                let mut sqlite = Command::new(tools::program("sqlite3", "sqlite3"));
                output_of(sqlite.args(["-cmd", ".timeout 10000"]).arg(self.sqlite_file()).args([
                    "BEGIN IMMEDIATE",
                    &held,
                    "COMMIT",
                ]));
            }
        }
    }

    /// Waits until [`Site::hold`] has the lock.
    #[track_caller]
    pub(crate) fn wait_until_held(&self) {
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
        let is_held = || match self.backend {
            Backend::Postgres => self.sql(sleeping).trim() == "1",
            Backend::Sqlite => self.dir.join("held").exists(),
        };
        tools::eventually(Duration::from_secs(10), "somebody holds the lock", || is_held().then_some(()));
    }

    /// The program with this installation in its environment, and nothing else there.
    pub(crate) fn command(&self) -> Command {
        let mut command = bare_command(self.dir.path());
        command.env("CLAVIGER_DATABASE_URL", &self.database_url).env("CLAVIGER_KEYS_DIR", &self.keys_dir);
        command
    }
}

impl Site {
    /// No secret that was made here is in a log, a table or a write-ahead log.
    fn assert_no_leaks(&self) {
        for entry in fs::read_dir(self.dir.path()).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = fs::read_to_string(&path).unwrap_or_default();
                // What --dev prints to be pasted goes to standard output, which is no log.
                let logged: Vec<&str> = log.lines().filter(|line| !line.starts_with("curl -u ")).collect();
                leaks::assert_none(logged.join("\n").as_bytes(), "the server's log");
            }
        }
        // A dump takes a while, so of the databases on PostgreSQL only some are looked at.
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if self.backend == Backend::Sqlite || NUMBER.fetch_add(1, Ordering::Relaxed).is_multiple_of(8) {
            leaks::assert_none(&self.database_bytes(), "the database");
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.assert_no_leaks();
        }
        if let Some((cluster, name)) = &self.database {
            cluster.drop_database(name);
        }
    }
}

/// The program without any setting.
pub(crate) fn bare_command(folder: &Path) -> Command {
    let mut command = Command::new(CLAVIGER);
    command.env_clear().current_dir(folder).env("HOME", folder);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// What a finished command left behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    #[allow(dead_code, reason = "what failed is read in the output of Debug")]
    command: String,
}

impl Output {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command, input: &str) -> Self {
        let label = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{label} can be started: {e}"));
        if let Some(mut stdin) = child.stdin.take() {
            let _ = stdin.write_all(input.as_bytes());
        }
        let output = child.wait_with_output().expect("its end can be awaited");
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            command: label,
        }
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// Ended with that exit code, said why on standard error and printed no data.
    #[track_caller]
    pub(crate) fn failed_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self.said_why()
    }

    /// Ended with 1 or 2: the contract leaves open which.
    #[track_caller]
    pub(crate) fn failed(self) -> Self {
        assert!(matches!(self.code, Some(1 | 2)), "{self:#?}");
        self.said_why()
    }

    #[track_caller]
    fn said_why(self) -> Self {
        assert_eq!(self.stdout, "", "data on standard output although it failed: {self:#?}");
        assert!(!self.stderr.trim().is_empty(), "no word about the cause: {self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    /// One line on standard error and no more.
    #[track_caller]
    pub(crate) fn in_one_line(self) -> Self {
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "more than one line: {self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON ({e}): {self:#?}"))
    }
}
