//! `claviger completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

#[allow(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    clap_complete::generate(arguments.shell, &mut Cli::command(), "claviger", &mut std::io::stdout());
    Ok(())
}
