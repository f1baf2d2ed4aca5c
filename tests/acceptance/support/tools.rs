//! Small things: polling, ports, randomness, foreign programs, percent-encoding.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

/// How long a running server may take to honour what another process changed (product.md section 10).
pub(crate) const HONOURED_WITHIN: Duration = Duration::from_secs(1);

/// Polls until `probe` answers `Some`, and fails after `limit`.
#[track_caller]
pub(crate) fn eventually<T>(limit: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// A port of 127.0.0.1 that nobody listens on now: below the range from which the kernel takes ports for outgoing
/// connections, and never the same twice in this process.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id().wrapping_mul(131) % 11_000).unwrap_or(0);
    for _ in 0..2_000 {
        let port = 20_000 + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("there is no free port between 20000 and 32000");
}

pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    bytes
}

/// 32 random bytes in hexadecimal digits: a master key.
pub(crate) fn random_hex() -> String {
    random_bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number below `bound`.
pub(crate) fn random_below(bound: u64) -> u64 {
    u64::from_le_bytes(random_bytes()) % bound
}

/// A client address that no other request of this process comes from, so that failures never add up at one address.
pub(crate) fn fresh_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let [_, b, c, d] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("11.{b}.{c}.{d}")
}

/// `application/x-www-form-urlencoded`, everything but letters and digits escaped.
pub(crate) fn form_encode(text: &str) -> String {
    percent_encode_where(text.as_bytes(), |b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'.' | b'_'))
}

/// Every byte for which `escape` holds, as `%XX`.
pub(crate) fn percent_encode_where(text: &[u8], escape: impl Fn(u8) -> bool) -> String {
    text.iter().map(|&b| if escape(b) { format!("%{b:02X}") } else { char::from(b).to_string() }).collect()
}

/// Finds a program, or installs its Debian package when this process may.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(path) = in_path(name) {
        return path;
    }
    install(package);
    in_path(name).unwrap_or_else(|| panic!("`{name}` is needed and was not found: install the package {package}"))
}

pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `apt-get install`, when this is root on a Debian-like system; otherwise nothing. Another apt-get may be at work (the
/// foreign clients install theirs): dpkg's lock is waited for, that of the lists is not.
pub(crate) fn install(package: &str) {
    if !is_root() || in_path("apt-get").is_none() {
        return;
    }
    let run = |arguments: &[&str]| {
        Command::new("apt-get")
            .args(["-q", "-y", "-o", "DPkg::Lock::Timeout=600"])
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    for attempt in 0..6 {
        if attempt > 0 {
            std::thread::sleep(Duration::from_secs(5));
        }
        if run(&["update"]) && run(&["install", "--no-install-recommends", package]) {
            return;
        }
    }
}

pub(crate) fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).trim() == "0"
}

/// Runs a command that must succeed and hands back what it printed.
#[track_caller]
pub(crate) fn output_of(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?} can be started: {e}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Sends a signal by the process's id.
pub(crate) fn signal(pid: u32, name: &str) {
    let _ = Command::new("/bin/sh").args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid.to_string()]).status();
}
