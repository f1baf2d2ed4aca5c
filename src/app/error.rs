//! What a use case can answer besides success.

use std::fmt;

use crate::crypto::CryptoError;
use crate::domain::Invalid;
use crate::store::StoreError;

/// Why a use case did not do what was asked. Nothing was changed.
#[derive(Debug)]
pub enum AppError {
    /// The input breaks a rule.
    Invalid(Invalid),
    /// There is no such thing.
    NotFound {
        /// Its kind, e.g. `API key`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The state of things forbids it; the text says why.
    Conflict(String),
    /// The same, with a stable word for programs that is told apart from other conflicts.
    Refused {
        /// The word.
        code: &'static str,
        /// A sentence for people.
        detail: String,
    },
    /// The caller may not.
    Forbidden {
        /// A stable word for programs.
        code: &'static str,
        /// A sentence for people.
        detail: String,
    },
    /// The database.
    Store(StoreError),
    /// Keys or randomness.
    Crypto(CryptoError),
}

impl AppError {
    /// The caller may not; `code` is for programs.
    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Forbidden { code, detail: detail.into() }
    }

    /// There is no `what` of this id.
    pub fn not_found(what: &'static str, id: impl fmt::Display) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::NotFound { what, id } => write!(f, "there is no {what} {id}"),
            Self::Conflict(text) => f.write_str(text),
            Self::Refused { detail, .. } | Self::Forbidden { detail, .. } => f.write_str(detail),
            Self::Store(error) => error.fmt(f),
            Self::Crypto(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AppError {}

impl From<Invalid> for AppError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CryptoError> for AppError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}
