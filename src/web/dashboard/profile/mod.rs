//! One's own password and sessions.

pub(super) mod password;
pub(super) mod program;
pub(super) mod sessions;
pub(super) mod show;
