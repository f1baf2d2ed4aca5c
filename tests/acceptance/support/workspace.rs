//! The one temporary folder of this test process, and the watchdog that clears up after it.
//!
//! Drop handlers stop servers and remove folders when a test ends, also when it fails. What they cannot cover (the
//! shared PostgreSQL, Ctrl-C, `kill -9` of the test process) is left to a small shell that waits on a pipe from this
//! process: when the pipe closes, however that came about, it kills every registered process and removes the folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const WATCHDOG: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
for file in "$1"/pids/*; do
    [ -e "$file" ] && kill -s "$(cat "$file")" "${file##*/}" 2>/dev/null
done
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    alive=
    for file in "$1"/pids/*; do
        [ -e "$file" ] && kill -s 0 "${file##*/}" 2>/dev/null && alive=yes
    done
    [ -z "$alive" ] && break
    sleep 0.3
done
rm -rf "$1"
"#;

struct Workspace {
    root: PathBuf,
    _until_this_closes: ChildStdin,
}

#[allow(clippy::zombie_processes, reason = "the watchdog outlives this process: that is what it is for")]
fn workspace() -> &'static Workspace {
    static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
    WORKSPACE.get_or_init(|| {
        let root = std::env::temp_dir().join(format!("claviger-acceptance-{}", std::process::id()));
        fs::create_dir_all(root.join("pids")).expect("the temporary folder can be made");
        let mut watchdog = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let pipe = watchdog.stdin.take().expect("the watchdog has a pipe");
        Workspace { root, _until_this_closes: pipe }
    })
}

/// The folder that holds everything this test process makes.
pub(crate) fn root() -> &'static Path {
    &workspace().root
}

/// A process that the watchdog ends with `signal` unless this value was dropped before.
pub(crate) struct Registered(PathBuf);

impl Registered {
    pub(crate) fn new(pid: u32, signal: &str) -> Self {
        let file = root().join("pids").join(pid.to_string());
        fs::write(&file, signal).expect("the process can be registered");
        Self(file)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A folder of one test, removed when it ends.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new(label: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let path = root().join(format!("{label}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&path).expect("a folder can be made");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Copies a folder, modes included.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    fs::set_permissions(to, fs::metadata(from).expect("the folder is there").permissions()).expect("its mode can be set");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("its entries can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("an entry has a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
