//! What the use cases of people who sign in share, and how they fail.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::login_brakes::LoginBrakes;
use super::passwords::{Busy, Passwords};
use super::{AppError, Management};
use crate::crypto::Envelope;
use crate::crypto::login_key::LoginKey;
use crate::crypto::master_key::MasterKey;
use crate::domain::Invalid;
use crate::domain::actor::{Actor, Principal};
use crate::domain::id::UserId;
use crate::domain::user::User;
use crate::store::{StoreError, organizations, users};

/// What signing in needs.
#[derive(Debug)]
pub struct People {
    /// How everything is changed.
    pub management: Arc<Management>,
    /// What sessions and links are digested under.
    pub key: LoginKey,
    /// What a secret is sealed with on its way to the page that shows it once.
    pub shown_secrets: Envelope,
    pub(super) passwords: Passwords,
    pub(super) brakes: LoginBrakes,
}

/// A request of a person: from where, and its name in the log.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// From where.
    pub address: IpAddr,
    /// With what: the `User-Agent`.
    pub user_agent: Option<String>,
    /// The request's name in the log.
    pub request_id: String,
}

impl Visitor {
    /// Nobody yet.
    pub fn anonymous(&self) -> Actor {
        self.acting(Principal::Anonymous)
    }

    /// That person.
    pub fn as_user(&self, id: UserId) -> Actor {
        self.acting(Principal::User(id))
    }

    fn acting(&self, principal: Principal) -> Actor {
        Actor { principal, address: Some(self.address), request_id: Some(self.request_id.clone()) }
    }
}

/// Why somebody is not let in.
#[derive(Debug)]
pub enum LoginError {
    /// Who it is was not proved; why not is for the audit log alone.
    Refused,
    /// Too many wrong tries.
    TooManyTries {
        /// Seconds until the next, at least 1.
        retry_after_seconds: u32,
    },
    /// Too many people sign in at once.
    Busy,
    /// The session has ended meanwhile.
    SessionOver,
    /// A link that is used up, too old, or never was one.
    DeadLink,
    /// Anything else.
    App(AppError),
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("the e-mail address or the password is wrong"),
            Self::TooManyTries { .. } => f.write_str("there were too many wrong tries; wait before the next"),
            Self::Busy => f.write_str("too many people sign in at this moment"),
            Self::SessionOver => f.write_str("the session has ended; sign in again"),
            Self::DeadLink => f.write_str("the link was used already, or is too old; ask for another"),
            Self::App(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoginError {}

impl<E: Into<AppError>> From<E> for LoginError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

impl From<Busy> for LoginError {
    fn from(Busy: Busy) -> Self {
        Self::Busy
    }
}

impl People {
    /// Starts the threads that hash passwords.
    ///
    /// # Errors
    /// When the system gives no thread, or the key can't be derived.
    pub fn start(management: Arc<Management>, master_key: &MasterKey) -> Result<Self, AppError> {
        let passwords = Passwords::start().map_err(|error| AppError::Store(StoreError::Unavailable(error.to_string())))?;
        Ok(Self {
            management,
            key: master_key.login_key()?,
            shown_secrets: master_key.shown_secret_envelope()?,
            passwords,
            brakes: LoginBrakes::new(),
        })
    }

    /// What guessers would try first for this user.
    pub(super) fn context(&self, id: UserId) -> Result<Vec<String>, LoginError> {
        let found = self.management.db.read(|connection| {
            let Some(user) = users::find(connection, id)? else { return Ok(None) };
            Ok(Some((organizations::find(connection, user.organization_id)?, user)))
        })?;
        let (organization, user) = found.ok_or_else(|| AppError::not_found("user", id))?;
        Ok(password_context(&user, organization.as_ref().map_or("", |organization| organization.name.as_str())))
    }
}

/// What guessers would try first for this user.
pub fn password_context(user: &User, organization: &str) -> Vec<String> {
    let name = user.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let texts =
        [user.email.to_string(), user.email.local_part().to_owned(), name, organization.to_owned(), "claviger".to_owned()];
    texts.into_iter().filter(|text| !text.is_empty()).collect()
}

/// A password that breaks a rule, under the name that its field has here.
pub(super) fn named(field: &'static str) -> impl Fn(Invalid) -> LoginError {
    move |invalid| LoginError::App(Invalid { field, ..invalid }.into())
}
