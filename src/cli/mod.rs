//! The command line: a file for each command. Data on standard output, messages on standard error.

mod accounts;
mod apply;
mod audit;
mod catalogue;
mod completions;
mod context;
mod credential;
mod doctor;
mod import;
mod inspect;
mod key_usage;
mod keys;
mod logging;
mod migrate;
mod organizations;
mod output;
mod plans;
mod process;
mod serve;
mod signing_keys;
mod token;
mod users;
mod values;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{CommonArguments, ServeArguments};

/// An OAuth 2.0 authorization server for machines: API keys in, short-lived signed access tokens out.
#[derive(Debug, Parser)]
#[command(name = "claviger", version, propagate_version = true, args_conflicts_with_subcommands = false)]
struct Cli {
    #[command(flatten)]
    common: CommonArguments,
    /// Print data as JSON
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
    #[command(flatten)]
    serve: ServeArguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default)
    Serve(Box<ServeArguments>),
    /// Apply pending migrations
    Migrate,
    /// Organizations: the customers of the platform
    #[command(subcommand)]
    Organizations(organizations::Command),
    /// Accounts of an organization
    #[command(subcommand)]
    Accounts(accounts::Command),
    /// Resource servers: the APIs that accept tokens
    #[command(subcommand)]
    ResourceServers(catalogue::ServerCommand),
    /// The scope catalogue
    #[command(subcommand)]
    Scopes(catalogue::ScopeCommand),
    /// API keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Rate plans
    #[command(subcommand)]
    Plans(plans::Command),
    /// People who sign in
    #[command(subcommand)]
    Users(users::Command),
    /// Make organizations, accounts, resource servers, scopes and rate plans as a file says
    Apply(apply::Arguments),
    /// Signing keys
    #[command(subcommand)]
    SigningKeys(signing_keys::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Get a token, as a client
    Token(token::Arguments),
    /// Verify a token against a server's JWKS and explain it
    Inspect(inspect::Arguments),
    /// Check configuration, database and keys, and say what to do
    Doctor(doctor::Arguments),
    /// Print shell completions
    Completions(completions::Arguments),
}

/// Why a command did not do what was asked.
#[derive(Debug)]
enum Failure {
    /// Exit code 1; one line for standard error.
    Failed(String),
    /// Exit code 2.
    Usage(String),
    /// Exit code 1; everything has been said.
    Reported,
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// A setting or argument that cannot be used.
fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// Exit code of wrong usage or settings.
const EXIT_USAGE: u8 = 2;

/// Runs the command line of this process: 0 done, 1 failed, 2 wrong usage or settings.
pub fn run() -> ExitCode {
    process::prepare();
    let cli = Cli::parse();
    let outcome = dispatch(cli);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Failed(message)) => {
            output::message(&format!("claviger: {message}"));
            ExitCode::FAILURE
        }
        Err(Failure::Usage(message)) => {
            output::message(&format!("claviger: {message}"));
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn dispatch(cli: Cli) -> Result<(), Failure> {
    let (file_common, file_serve) = match &cli.common.config {
        Some(path) => crate::config::load_file(path).map_err(usage)?,
        None => Default::default(),
    };
    let common = cli.common.or(file_common);
    let context = context::Context { common, json: cli.json };
    match cli.command {
        None => serve::run(context.common, cli.serve.or(file_serve)),
        Some(Command::Serve(arguments)) => serve::run(context.common, (*arguments).or(cli.serve).or(file_serve)),
        Some(Command::Migrate) => migrate::run(context),
        Some(Command::Organizations(command)) => organizations::run(context, command),
        Some(Command::Accounts(command)) => accounts::run(context, command),
        Some(Command::ResourceServers(command)) => catalogue::run_servers(context, command),
        Some(Command::Scopes(command)) => catalogue::run_scopes(context, command),
        Some(Command::Keys(command)) => keys::run(context, command),
        Some(Command::Plans(command)) => plans::run(context, command),
        Some(Command::Users(command)) => users::run(context, command),
        Some(Command::Apply(arguments)) => apply::run(context, &arguments),
        Some(Command::SigningKeys(command)) => signing_keys::run(context, command),
        Some(Command::Audit(command)) => audit::run(context, command),
        Some(Command::Token(arguments)) => token::run(context, arguments),
        Some(Command::Inspect(arguments)) => inspect::run(context, arguments),
        Some(Command::Doctor(arguments)) => doctor::run(context, arguments, file_serve.client_cert_header),
        Some(Command::Completions(arguments)) => completions::run(arguments),
    }
}
