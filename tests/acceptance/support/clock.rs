//! A server's clock that a test sets, while the time since its start goes on.

use std::fs;
use std::path::PathBuf;

use super::server::Options;
use super::tools::{output_of, program};
use super::workspace::TempDir;

pub(crate) struct Clock {
    /// Lives as long as the clock.
    folder: TempDir,
}

impl Clock {
    pub(crate) fn new() -> Self {
        let clock = Self { folder: TempDir::new("clock") };
        clock.shift(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.folder.join("shift")
    }

    /// Sets the clock to so many seconds off the true time.
    pub(crate) fn shift(&self, seconds: i64) {
        fs::write(self.file(), format!("{seconds:+}s\n")).unwrap();
    }

    /// How to start a server with this clock.
    pub(crate) fn options(&self) -> Options {
        let environment = [
            ("LD_PRELOAD", library().display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        Options { environment: environment.map(|(name, value)| (name.to_owned(), value)).to_vec(), ..Options::default() }
    }
}

/// The library that shifts the clock of a process.
fn library() -> PathBuf {
    let faketime = program("faketime", "faketime");
    let preloaded = output_of(std::process::Command::new(faketime).args(["-f", "+0s", "printenv", "LD_PRELOAD"]));
    PathBuf::from(preloaded.trim().rsplit(':').next().unwrap_or_default())
}
