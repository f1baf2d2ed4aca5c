//! Settings: a flag, else an environment variable `CLAVIGER_…`, else a key in the settings file, else the default.
//!
//! One struct is both the command line's arguments and the file's keys, so that the three always have the same names.

mod client_certificates;
mod file;
mod mail;
mod serve;

use std::fmt;

pub use client_certificates::ClientCertificateSettings;
pub use file::load as load_file;
pub use serve::{ServeArguments, ServeSettings, Transport};

use std::path::PathBuf;

use clap::Args;

use crate::app::bootstrap::MasterKeySource;
use crate::crypto::master_key::MasterKey;
use crate::domain::Invalid;
use crate::domain::resource_server::Audience;
use crate::domain::signing_key::SigningAlgorithm;
use crate::store::{DatabaseUrl, DbOptions, Patience};

/// A setting that cannot be used: a fault of usage, exit code 2.
#[derive(Debug)]
pub struct SettingsError(pub String);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SettingsError {}

impl From<Invalid> for SettingsError {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.to_string())
    }
}

/// Where the database and the master key are, and how signing keys are made: every command that touches the database
/// takes these.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Database, keys and issuer")]
pub struct CommonArguments {
    /// Settings file (TOML)
    #[arg(long, global = true, env = "CLAVIGER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Database: sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite://data/claviger.db]
    #[arg(long, global = true, env = "CLAVIGER_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Directory of the master key [default: keys]
    #[arg(long, global = true, env = "CLAVIGER_KEYS_DIR", value_name = "DIR")]
    pub keys_dir: Option<PathBuf>,
    /// What tokens name as their issuer, and where clients find this server [default: http://127.0.0.1:8080]
    #[arg(long, global = true, env = "CLAVIGER_ISSUER", value_name = "URL")]
    pub issuer: Option<String>,
    /// The most database connections at once [default: 8]
    #[arg(long, global = true, env = "CLAVIGER_DATABASE_POOL_SIZE", value_name = "N")]
    pub database_pool_size: Option<u32>,
    /// Seconds for which verifiers may keep the JWKS; a new signing key waits for twice as long [default: 300]
    #[arg(long, global = true, env = "CLAVIGER_JWKS_MAX_AGE", value_name = "SECONDS")]
    pub jwks_max_age: Option<u32>,
    /// What new signing keys sign with: RS256, PS256, ES256 or EdDSA [default: RS256, later that of the key that signs]
    #[arg(long, global = true, env = "CLAVIGER_SIGNING_ALGORITHM", value_name = "ALG")]
    pub signing_algorithm: Option<String>,
}

/// [`CommonArguments`], checked.
#[derive(Clone, Debug)]
pub struct CommonSettings {
    /// Where the database is.
    pub database_url: DatabaseUrl,
    /// Where the master key comes from.
    pub master_key: MasterKeySource,
    /// The `iss` of tokens; `None`: follows from where the server listens.
    pub issuer: Option<String>,
    /// The most database connections.
    pub database_pool_size: u32,
    /// How long verifiers may keep the JWKS, when said.
    pub jwks_max_age_seconds: Option<u32>,
    /// What new signing keys sign with, when said.
    pub signing_algorithm: Option<SigningAlgorithm>,
}

/// The environment's own spelling of the master key; never a flag, because arguments are seen by other users.
pub const MASTER_KEY_VARIABLE: &str = "CLAVIGER_MASTER_KEY";

impl CommonArguments {
    /// Fills what is missing from `file`.
    #[must_use]
    pub fn or(self, file: Self) -> Self {
        Self {
            config: self.config,
            database_url: self.database_url.or(file.database_url),
            keys_dir: self.keys_dir.or(file.keys_dir),
            issuer: self.issuer.or(file.issuer),
            database_pool_size: self.database_pool_size.or(file.database_pool_size),
            jwks_max_age: self.jwks_max_age.or(file.jwks_max_age),
            signing_algorithm: self.signing_algorithm.or(file.signing_algorithm),
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Names the first setting that cannot be used.
    pub fn check(self) -> Result<CommonSettings, SettingsError> {
        let keys_dir = self.keys_dir.unwrap_or_else(|| PathBuf::from("keys"));
        let master_key = match std::env::var(MASTER_KEY_VARIABLE) {
            Ok(text) => MasterKeySource::Given(
                MasterKey::parse_text(&text).map_err(|error| SettingsError(format!("{MASTER_KEY_VARIABLE}: {error}")))?,
            ),
            Err(std::env::VarError::NotPresent) => MasterKeySource::Directory(keys_dir),
            Err(_) => return Err(SettingsError(format!("{MASTER_KEY_VARIABLE} is not 64 hexadecimal digits"))),
        };
        let issuer = self.issuer;
        if let Some(issuer) = &issuer {
            check_issuer(issuer)?;
        }
        Ok(CommonSettings {
            database_url: self.database_url.as_deref().unwrap_or("sqlite://data/claviger.db").parse()?,
            master_key,
            issuer,
            database_pool_size: in_range("database_pool_size", self.database_pool_size.unwrap_or(8), 1..=1_000)?,
            jwks_max_age_seconds: self.jwks_max_age.map(|seconds| in_range("jwks_max_age", seconds, 1..=86_400)).transpose()?,
            signing_algorithm: self.signing_algorithm.as_deref().map(str::parse).transpose()?,
        })
    }
}

impl CommonSettings {
    /// How the database is to be opened.
    pub fn db_options(&self, patience: Patience, create: bool) -> DbOptions {
        DbOptions { url: self.database_url.clone(), pool_size: self.database_pool_size, create, patience }
    }

    /// The issuer, when nothing is known of where the server listens.
    pub fn issuer_or_default(&self) -> &str {
        self.issuer.as_deref().unwrap_or("http://127.0.0.1:8080")
    }
}

fn in_range<T: PartialOrd + fmt::Display>(name: &str, value: T, range: std::ops::RangeInclusive<T>) -> Result<T, SettingsError> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(SettingsError(format!("{name} must be {} to {}", range.start(), range.end())))
    }
}

/// RFC 8414 section 2: an https URL without query and fragment; http for loopback or where `serve` allows it.
fn check_issuer(issuer: &str) -> Result<(), SettingsError> {
    let refused = |why: &str| Err(SettingsError(format!("the issuer {why}, e.g. https://auth.example.com")));
    let Ok(url) = url::Url::parse(issuer) else { return refused("must be a URL") };
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return refused("must begin with https://");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return refused("must be a URL without user, query and fragment");
    }
    if issuer.bytes().any(|b| !(0x21..=0x7e).contains(&b) || matches!(b, b'"' | b'\\')) {
        return refused("must be plain ASCII");
    }
    // The identifier of this server's own API.
    if format!("{}/api", issuer.trim_end_matches('/')).parse::<Audience>().is_err() {
        return refused("must be shorter and have no characters that a URI forbids");
    }
    Ok(())
}
