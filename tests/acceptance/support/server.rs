//! A running server process.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use super::http::{self, Connection, Request, Response};
use super::site::Site;
use super::tools::{free_port, signal};
use super::workspace::Registered;

/// How long a server may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// How to start a server.
#[derive(Clone, Default)]
pub(crate) struct Options {
    /// Flags besides address, issuer, database and keys.
    pub(crate) flags: Vec<String>,
    /// What follows `http://127.0.0.1:PORT` in the issuer, or a whole URL.
    pub(crate) issuer: Option<String>,
    /// Environment variables.
    pub(crate) environment: Vec<(String, String)>,
    /// Where to listen instead of 127.0.0.1.
    pub(crate) host: Option<String>,
    /// For servers that speak TLS and so cannot be asked whether they are ready.
    pub(crate) speaks_tls: bool,
}

impl Options {
    pub(crate) fn flags(flags: &[&str]) -> Self {
        Self { flags: flags.iter().map(|f| (*f).to_owned()).collect(), ..Self::default() }
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    /// `http://127.0.0.1:PORT`
    pub(crate) base_url: String,
    pub(crate) issuer: String,
    options: Options,
    log: PathBuf,
    process: Mutex<Option<(Child, Registered)>>,
}

impl Server {
    #[track_caller]
    pub(crate) fn start(site: &Site, options: Options) -> Self {
        for _ in 0..5 {
            let server = Self::prepare(site, options.clone());
            match server.launch(site) {
                Ok(()) => return server,
                Err(message) if message.to_lowercase().contains("in use") => {}
                Err(message) => panic!("the server did not become ready: {message}"),
            }
        }
        panic!("every port was taken");
    }

    fn prepare(site: &Site, options: Options) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let port = free_port();
        let base_url = format!("http://127.0.0.1:{port}");
        let issuer = match &options.issuer {
            None => base_url.clone(),
            Some(path) if path.starts_with('/') => format!("{base_url}{path}"),
            Some(url) => url.clone(),
        };
        let log = site.dir.join(&format!("server-{}.log", NUMBER.fetch_add(1, Ordering::Relaxed)));
        Self { port, base_url, issuer, options, log, process: Mutex::new(None) }
    }

    /// Starts the process again after it ended, at the same address.
    #[track_caller]
    pub(crate) fn start_again(&self, site: &Site) {
        self.launch(site).unwrap_or_else(|message| panic!("the server did not become ready again: {message}"));
    }

    fn launch(&self, site: &Site) -> Result<(), String> {
        remember_panics();
        let log = File::options().create(true).append(true).open(&self.log).expect("a log can be opened");
        let listen = format!("{}:{}", self.options.host.as_deref().unwrap_or("127.0.0.1"), self.port);
        let mut command = super::site::bare_command(site.dir.path());
        command
            .args(["serve", "--listen", &listen, "--issuer", &self.issuer])
            .args(["--database-url", &site.database_url, "--keys-dir"])
            .arg(&site.keys_dir)
            .args(&self.options.flags)
            .envs(self.options.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log can be shared"))
            .stderr(log);
        let child = command.spawn().expect("the server can be started");
        let registered = Registered::new(child.id(), "KILL");
        *self.process.lock().unwrap() = Some((child, registered));
        self.wait_until_ready()
    }

    fn wait_until_ready(&self) -> Result<(), String> {
        let start = Instant::now();
        while start.elapsed() < READY_WITHIN {
            if self.has_exited() {
                return Err(format!("it exited: {}", self.log()));
            }
            let ready = if self.options.speaks_tls {
                Connection::open(self.address()).is_ok()
            } else {
                http::exchange(self.address(), &Request::new("GET", "/readyz")).is_ok_and(|answer| answer.status == 200)
            };
            if ready {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("not within {READY_WITHIN:?}: {}", self.log()))
    }

    pub(crate) fn has_exited(&self) -> bool {
        match self.process.lock().unwrap().as_mut() {
            Some((child, _)) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => true,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.lock().unwrap().as_ref().expect("the server runs").0.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        if let Some((mut child, _registered)) = self.process.lock().unwrap().take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM; hands back how the process ended and how long it took.
    pub(crate) fn terminate(&self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        signal(self.pid(), "TERM");
        let (mut child, _registered) = self.process.lock().unwrap().take().expect("the server runs");
        loop {
            if let Some(status) = child.try_wait().expect("its end can be awaited") {
                return (status, start.elapsed());
            }
            if start.elapsed() > Duration::from_secs(20) {
                let _ = child.kill();
                let _ = child.wait();
                panic!("SIGTERM did not end the server within 20 s: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the server wrote to standard output and standard error so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Response {
        http::exchange(self.address(), request).unwrap_or_else(|e| panic!("no answer ({e}); the server says: {}", self.log()))
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(&Request::new("GET", path))
    }

    #[track_caller]
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address()).expect("the server accepts connections")
    }
}

thread_local! {
    static LAST_PANIC: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

/// Lets each thread remember what it fails of.
fn remember_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            LAST_PANIC.set(panic.to_string());
            usual(panic);
        }));
    });
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(15).collect();
            eprintln!("--- last lines of the server at {}:", self.base_url);
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
            // Once more, for readers who see the end of a long output alone.
            eprintln!("--- the test failed: {}", LAST_PANIC.with_borrow(String::clone));
        }
    }
}
