//! What this process asks of the system before anything else.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Forbids core files and the reading of this process's memory by others of the same user: the master key is in it.
/// And asks for as many file descriptors as may be had, since each connection needs two. Where the system refuses, the
/// program goes on: it works, only less well guarded.
pub(super) fn prepare() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
}
