//! The settings file.

use std::path::Path;

use serde::Deserialize;

use super::{CommonArguments, ServeArguments, SettingsError};

/// Everything that the file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    database_url: Option<String>,
    keys_dir: Option<std::path::PathBuf>,
    issuer: Option<String>,
    database_pool_size: Option<u32>,
    jwks_max_age: Option<u32>,
    signing_algorithm: Option<String>,
    listen: Option<String>,
    metrics_listen: Option<String>,
    trusted_proxies: Option<List>,
    insecure_http: Option<bool>,
    tls_cert: Option<std::path::PathBuf>,
    tls_key: Option<std::path::PathBuf>,
    no_migrate: Option<bool>,
    admin_manages_keys: Option<bool>,
    roles: Roles,
    dev: Option<bool>,
    workers: Option<usize>,
    max_connections: Option<usize>,
    directory_max_keys: Option<usize>,
    max_staleness_seconds: Option<u64>,
    feed_interval_ms: Option<u64>,
    default_plan: Option<String>,
    dpop_nonces: Option<String>,
    signing_key_rotation_days: Option<u32>,
    smtp_url: Option<String>,
    smtp_password_file: Option<std::path::PathBuf>,
    mail_from: Option<String>,
    webhook_allow_private: Option<List>,
    log_level: Option<String>,
}

/// `[roles]`: another spelling of what is said of roles.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Roles {
    admin_manages_keys: Option<bool>,
}

/// `"a,b"` or `["a", "b"]`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum List {
    Text(String),
    Items(Vec<String>),
}

impl List {
    fn items(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
            Self::Items(items) => items,
        }
    }
}

/// Reads the settings file.
///
/// # Errors
/// When it cannot be read, is not TOML, or has a key that this program does not know.
pub fn load(path: &Path) -> Result<(CommonArguments, ServeArguments), SettingsError> {
    let refused = |cause: &dyn std::fmt::Display| {
        let cause = cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        SettingsError(format!("the settings file {}: {cause}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| refused(&error))?;
    // toml's own message shows the offending line, which may be a password.
    let file: File = toml::from_str(&text).map_err(|error| refused(&without_excerpt(&error, &text)))?;
    let admin_manages_keys = match (file.admin_manages_keys, file.roles.admin_manages_keys) {
        (Some(one), Some(other)) if one != other => {
            return Err(refused(&"admin_manages_keys and roles.admin_manages_keys say different things"));
        }
        (one, other) => one.or(other),
    };
    let common = CommonArguments {
        config: None,
        database_url: file.database_url,
        keys_dir: file.keys_dir,
        issuer: file.issuer,
        database_pool_size: file.database_pool_size,
        jwks_max_age: file.jwks_max_age,
        signing_algorithm: file.signing_algorithm,
    };
    let serve = ServeArguments {
        listen: file.listen,
        metrics_listen: file.metrics_listen,
        trusted_proxies: file.trusted_proxies.map(List::items),
        insecure_http: file.insecure_http,
        tls_cert: file.tls_cert,
        tls_key: file.tls_key,
        no_migrate: file.no_migrate,
        admin_manages_keys,
        dev: file.dev,
        workers: file.workers,
        max_connections: file.max_connections,
        directory_max_keys: file.directory_max_keys,
        max_staleness_seconds: file.max_staleness_seconds,
        feed_interval_ms: file.feed_interval_ms,
        default_plan: file.default_plan,
        dpop_nonces: file.dpop_nonces,
        signing_key_rotation_days: file.signing_key_rotation_days,
        smtp_url: file.smtp_url,
        smtp_password_file: file.smtp_password_file,
        mail_from: file.mail_from,
        webhook_allow_private: file.webhook_allow_private.map(List::items),
        log_level: file.log_level,
    };
    Ok((common, serve))
}

fn without_excerpt(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map_or(0, |before| before.matches('\n').count() + 1);
    format!("{} (line {line})", error.message())
}
