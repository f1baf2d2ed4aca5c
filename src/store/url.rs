//! Where the database is. The backend follows from the scheme alone: a mistyped URL must never become a new file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::domain::Invalid;

/// A database URL: `sqlite://path/to/file` or `postgres://user:password@host/name`. Shows itself without the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server; the URL as libpq reads it.
    Postgres(Box<url::Url>),
}

/// libpq waits for ever by default; given in seconds and milliseconds.
const POSTGRES_DEFAULTS: [(&str, &str); 4] =
    [("connect_timeout", "2"), ("tcp_user_timeout", "5000"), ("keepalives_idle", "10"), ("application_name", "claviger")];

impl DatabaseUrl {
    /// The file, when the database is one.
    pub fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = |detail: &'static str| Invalid::new("database_url", "invalid_url", detail);
        if let Some(path) = text.strip_prefix("sqlite://") {
            if path.is_empty() || path == ":memory:" || path.ends_with('/') || path.contains(['?', '#', '\0']) {
                return Err(invalid("must name a file after sqlite://, e.g. sqlite://data/claviger.db"));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let mut url = url::Url::parse(text).map_err(|_| invalid("is not a well-formed postgres:// URL"))?;
            if url.fragment().is_some() {
                return Err(invalid("must not have a fragment (write # as %23 in a password)"));
            }
            let given: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            for (name, value) in POSTGRES_DEFAULTS {
                if !given.iter().any(|g| g == name) {
                    url.query_pairs_mut().append_pair(name, value);
                }
            }
            return Ok(Self::Postgres(Box::new(url)));
        }
        Err(invalid("must begin with sqlite:// or postgres://"))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => {
                let host = url.host_str().unwrap_or_default();
                let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
                write!(f, "postgres://{host}{port}{}", url.path())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backend_follows_from_the_scheme() {
        let url = |text: &str| text.parse::<DatabaseUrl>();
        assert_eq!(url("sqlite://data/claviger.db").unwrap(), DatabaseUrl::Sqlite("data/claviger.db".into()));
        assert_eq!(url("sqlite:///var/lib/c.db").unwrap(), DatabaseUrl::Sqlite("/var/lib/c.db".into()));
        for typo in [
            "",
            "claviger.db",
            "postgre://h/d",
            "postgress://h/d",
            "sqlite:/x",
            "sqlite:x",
            "sqlite://",
            "sqlite://a/",
            "sqlite://a?mode=ro",
            "sqlite://:memory:",
            "mysql://h/d",
            "postgres:h/d",
            "file:x",
        ] {
            assert!(url(typo).is_err(), "{typo}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://u:hunter2@db.example:5433/c?sslmode=require".parse().unwrap();
        assert_eq!(format!("{url} {url:?}"), "postgres://db.example:5433/c postgres://db.example:5433/c");
    }
}
