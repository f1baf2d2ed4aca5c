//! What can go wrong with a database, and what it means for the caller.

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A database fault. "Not found" is never one: that is an answer.
#[derive(Debug)]
pub enum StoreError {
    /// The database cannot be reached, does not answer in time, or is full: trying again later may help.
    Unavailable(String),
    /// The connection broke: a new one may work at once.
    Disconnected(String),
    /// A unique constraint refused the write; the constraint's or column's name as far as the database tells.
    UniqueViolation(String),
    /// A foreign key refused the write: what it refers to is not there (any more).
    ForeignKeyViolation,
    /// A stored row breaks the rules of the domain: damage, or somebody wrote around the program.
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        id: String,
        /// Which rule.
        detail: String,
    },
    /// Anything else that the database refused; a fault of this program.
    Refused(String),
}

impl StoreError {
    /// A row that no longer parses.
    pub fn corrupt(table: &'static str, id: impl fmt::Display, detail: impl fmt::Display) -> Self {
        Self::Corrupt { table, id: id.to_string(), detail: detail.to_string() }
    }

    /// Whether a new connection could make the difference.
    pub(super) const fn is_connection_fault(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(cause) | Self::Disconnected(cause) => {
                write!(f, "the database is not available: {}", one_line(cause))
            }
            Self::UniqueViolation(name) => write!(f, "already exists ({name})"),
            Self::ForeignKeyViolation => f.write_str("refers to something that does not exist"),
            Self::Corrupt { table, id, detail } => write!(f, "the row {id} of the table {table} is damaged: {detail}"),
            Self::Refused(cause) => write!(f, "the database refused a statement: {}", one_line(cause)),
        }
    }
}

impl std::error::Error for StoreError {}

/// A database's message on one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, information) => {
                let message = information.message().to_owned();
                match kind {
                    DatabaseErrorKind::UniqueViolation => {
                        Self::UniqueViolation(information.constraint_name().map_or(message, str::to_owned))
                    }
                    DatabaseErrorKind::ForeignKeyViolation => Self::ForeignKeyViolation,
                    DatabaseErrorKind::CheckViolation | DatabaseErrorKind::NotNullViolation => Self::Refused(message),
                    DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => Self::Disconnected(message),
                    _ if is_broken_connection(&message) => Self::Disconnected(message),
                    _ if is_fault_of_statement(&message) => Self::Refused(message),
                    _ => Self::Unavailable(message),
                }
            }
            DieselError::DeserializationError(cause) => Self::corrupt("(unknown)", "(unknown)", cause),
            DieselError::QueryBuilderError(cause) | DieselError::SerializationError(cause) => Self::Refused(cause.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// How libpq tells that the server went away; diesel gives these no kind of their own.
fn is_broken_connection(message: &str) -> bool {
    [
        "terminating connection",
        "closed the connection",
        "connection to the server was lost",
        "no connection to the server",
        "Connection reset",
        "Broken pipe",
    ]
    .iter()
    .any(|m| message.contains(m))
}

/// Faults of the schema or of a statement, which no waiting mends.
fn is_fault_of_statement(message: &str) -> bool {
    ["no such table", "no such column", "syntax error", "does not exist", "datatype mismatch"].iter().any(|m| message.contains(m))
}
