//! For how long the database may keep its caller waiting.

use std::time::Duration;

/// Whose connections they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// A server's: whoever asked is told to come again before they give up by themselves, and others wait meanwhile.
    Server,
    /// A command's: somebody sits before it, and would rather wait behind a busy server than start it again. There is still
    /// an end, so that a script does not hang.
    Command,
}

impl Patience {
    /// How long a caller waits for a connection.
    pub(super) const fn for_connection(self) -> Duration {
        match self {
            Self::Server => Duration::from_millis(900),
            Self::Command => Duration::from_secs(10),
        }
    }

    /// How long a statement may take, in seconds. Waiting for another writer's lock ends a little earlier, so that it can be
    /// told from slowness.
    pub(super) const fn for_statement_seconds(self) -> u32 {
        match self {
            Self::Server => 5,
            Self::Command => 30,
        }
    }
}
