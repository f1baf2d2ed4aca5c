//! A throw-away PostgreSQL cluster, run from the machine's own server binaries.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use super::tools::{self, eventually, free_port, in_path, output_of, signal};
use super::workspace::{Registered, TempDir};

pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    process: Mutex<Option<(Child, u32, Registered)>>,
}

impl Cluster {
    /// The cluster that most tests share; each has its own database in it.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Cluster>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(Self::new())))
    }

    /// A cluster of its own, for tests that stop it.
    pub(crate) fn new() -> Self {
        let programs = server_programs();
        let folder = TempDir::new("postgres");
        if let Some(user) = unprivileged_user() {
            chown(folder.path(), Some(id_of(user, "-u")), Some(id_of(user, "-g"))).expect("root can give a folder away");
        }
        let cluster = Self { programs, folder, port: free_port(), process: Mutex::new(None) };
        let mut initdb = cluster.as_server_user("initdb");
        initdb.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"]);
        output_of(initdb.arg(cluster.data()));
        cluster.start();
        cluster
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start(&self) {
        let log = fs::File::create(super::workspace::root().join(format!("postgres-{}.log", self.port))).expect("a log");
        let mut server = self.as_server_user("postgres");
        server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"] {
            server.args(["-c", setting]);
        }
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("PostgreSQL starts");
        let pid = eventually(Duration::from_secs(30), "PostgreSQL writes its process id", || {
            fs::read_to_string(self.data().join("postmaster.pid")).ok()?.lines().next()?.parse().ok()
        });
        *self.process.lock().unwrap() = Some((child, pid, Registered::new(pid, "QUIT")));
        eventually(Duration::from_secs(30), "PostgreSQL answers", || self.try_psql("postgres", "select 1").ok());
    }

    /// Stops the server at once: every connection dies, the port refuses.
    pub(crate) fn stop(&self) {
        let Some((mut child, pid, _registered)) = self.process.lock().unwrap().take() else { return };
        signal(pid, "QUIT");
        let _ = child.wait();
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A new database, empty or a copy of `template`.
    pub(crate) fn create_database(&self, template: Option<&str>) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let sql = format!("create database {name} template {}", template.unwrap_or("template0"));
        // The template may still have a connection that is closing.
        eventually(Duration::from_secs(10), "a database can be made", || self.try_psql("postgres", &sql).ok());
        name
    }

    pub(crate) fn drop_database(&self, name: &str) {
        let _ = self.try_psql("postgres", &format!("drop database if exists {name} with (force)"));
    }

    /// Runs SQL and hands back the rows, unaligned, without headings.
    #[track_caller]
    pub(crate) fn psql(&self, database: &str, sql: &str) -> String {
        self.try_psql(database, sql).unwrap_or_else(|message| panic!("{sql}: {message}"))
    }

    fn try_psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .arg(self.url(database))
            .stdin(Stdio::null())
            .output()
            .map_err(|e| e.to_string())?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Everything in a database as SQL text.
    pub(crate) fn dump(&self, database: &str) -> String {
        let dump = output_of(Command::new(self.programs.join("pg_dump")).arg(self.url(database)));
        // Newer versions guard their dumps with a random word.
        dump.lines().filter(|l| !l.starts_with("\\restrict") && !l.starts_with("\\unrestrict")).collect::<Vec<_>>().join("\n")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// PostgreSQL refuses to run as root, so root becomes somebody else.
    fn as_server_user(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match unprivileged_user() {
            None => Command::new(program),
            Some(user) if in_path("setpriv").is_some() => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", &id_of(user, "-g").to_string(), "--clear-groups", "--"]).arg(program);
                command
            }
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
        };
        command.current_dir(self.folder.path()).env_remove("PGDATA").env_remove("PGPORT");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn unprivileged_user() -> Option<&'static str> {
    static USER: OnceLock<Option<&'static str>> = OnceLock::new();
    *USER.get_or_init(|| {
        let exists = |user: &str| Command::new("id").arg(user).output().is_ok_and(|o| o.status.success());
        tools::is_root().then(|| if exists("postgres") { "postgres" } else { "nobody" })
    })
}

fn id_of(user: &str, which: &str) -> u32 {
    output_of(Command::new("id").args([which, user])).trim().parse().expect("an id is a number")
}

/// The folder with `initdb`, `postgres` and `psql`.
fn server_programs() -> PathBuf {
    if let Some(found) = find_server_programs() {
        return found;
    }
    tools::install("postgresql");
    find_server_programs()
        .expect("the tests need PostgreSQL's own server programs (initdb, postgres, psql): install the package postgresql")
}

fn find_server_programs() -> Option<PathBuf> {
    let complete = |folder: &Path| ["initdb", "postgres", "psql", "pg_dump"].iter().all(|p| folder.join(p).is_file());
    let in_path = in_path("initdb").and_then(|file| Some(file.parent()?.to_owned()));
    let configured =
        Command::new("pg_config").arg("--bindir").output().ok().map(|o| String::from_utf8_lossy(&o.stdout).trim().into());
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|folders| folders.filter_map(|f| Some(f.ok()?.path().join("bin"))).collect())
        .unwrap_or_default();
    installed.sort();
    in_path.into_iter().chain(configured).chain(installed.into_iter().rev()).find(|folder| complete(folder))
}

#[test]
fn the_cluster_starts_stops_and_copies_databases() {
    let cluster = Cluster::new();
    let one = cluster.create_database(None);
    cluster.psql(&one, "create table t (x int); insert into t values (7)");
    cluster.stop();
    assert!(cluster.try_psql(&one, "select 1").is_err());
    cluster.start();
    let two = cluster.create_database(Some(&one));
    assert_eq!(cluster.psql(&two, "select x from t").trim(), "7");
    assert!(cluster.dump(&two).contains("CREATE TABLE public.t"));
}
