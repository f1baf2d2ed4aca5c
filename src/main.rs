//! The program: parses the command line and turns the outcome into an exit code.

use std::process::ExitCode;

/// A token request makes some dozens of small allocations; with ES256, where they weigh most, this allocator saved about
/// two microseconds of some forty a token. Without huge pages (`no_thp`), each of which is two megabytes at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    claviger::cli::run()
}
