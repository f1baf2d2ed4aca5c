//! The platform's first operator, who has nobody yet to be invited by.
//!
//! A link that is printed where the server starts lets one person in: its token is proved by the login key alone, so
//! that every node and every start can print one, strangers have nothing that they could use up, and none works any more
//! once the platform's organization has a user.

use super::people::{LoginError, People, Visitor, password_context};
use super::user_sessions::hash_chosen;
use super::users::{NewUser, create_user};
use super::{AppError, Work};
use crate::clock;
use crate::crypto::login_key::LoginKey;
use crate::domain::audit_event::AuditEntry;
use crate::domain::counted_address::counted_address;
use crate::domain::email::Email;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::name::Name;
use crate::domain::role::Role;
use crate::domain::setup_token::{SETUP_SECONDS, SetupToken};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::{Db, DbConnection, StoreError, users};

/// The person who sets the platform up.
#[derive(Clone, Debug)]
pub struct FirstOperator {
    /// The login.
    pub email: Email,
    /// Shown to people.
    pub name: Option<Name>,
}

/// The token of a link that lets somebody set the platform up; `None` when somebody has.
///
/// # Errors
/// [`StoreError`].
pub fn setup_token(db: &Db, key: &LoginKey) -> Result<Option<SetupToken>, StoreError> {
    let has_users = db.read(has_users)?;
    Ok((!has_users).then(|| key.setup_token(clock::now().plus_seconds(SETUP_SECONDS))))
}

/// The link itself.
pub fn setup_link(issuer: &str, token: &SetupToken) -> String {
    format!("{}/setup?token={}", issuer.trim_end_matches('/'), token.expose())
}

fn has_users(connection: &mut DbConnection) -> Result<bool, StoreError> {
    Ok(!users::page(connection, OrganizationId::platform(), "", None, 1)?.is_empty())
}

impl People {
    /// Until when a token lets somebody set the platform up.
    ///
    /// # Errors
    /// [`LoginError::DeadLink`], [`LoginError::App`].
    pub fn look_at_setup(&self, token: &str) -> Result<Timestamp, LoginError> {
        let token = SetupToken::parse(token).ok_or(LoginError::DeadLink)?;
        let now = clock::now();
        let is_live = |expires_at: &Timestamp| *expires_at > now && *expires_at <= now.plus_seconds(SETUP_SECONDS);
        let expires_at = self.key.verify_setup_token(&token).filter(is_live).ok_or(LoginError::DeadLink)?;
        if self.management.db.read(has_users)? { Err(LoginError::DeadLink) } else { Ok(expires_at) }
    }

    /// Makes the first operator, an owner of the platform's organization. Of two at once, one is too late.
    ///
    /// # Errors
    /// [`LoginError::DeadLink`], [`LoginError::App`] for a password that breaks a rule or an address that is somebody's.
    pub fn set_up(&self, token: &str, first: FirstOperator, password: String, visitor: &Visitor) -> Result<User, LoginError> {
        self.look_at_setup(token)?;
        let hash = {
            let context = setup_context(&first);
            self.passwords.run(move || hash_chosen(password, &context, "password"))??
        };
        self.management.change(&visitor.anonymous(), |work| {
            // Somebody may have been quicker.
            if has_users(work.transaction.reading())? {
                return Err(LoginError::DeadLink);
            }
            let FirstOperator { email, name } = first;
            let organization_id = OrganizationId::platform();
            let new = NewUser { organization_id, email, name, role: Role::Owner, password: Some(hash) };
            let user = create_user(work, new)?;
            note_place(work, user.id, visitor)?;
            work.audit(AuditEntry::done("platform.set_up", Some(organization_id), user.id));
            Ok(user)
        })
    }
}

/// The person's own place is known from the start.
fn note_place(work: &mut Work<'_, '_>, id: UserId, visitor: &Visitor) -> Result<(), AppError> {
    Ok(users::record_address(work.transaction, id, counted_address(visitor.address), work.now)?)
}

/// What guessers would try first for this person.
fn setup_context(first: &FirstOperator) -> Vec<String> {
    let now = Timestamp::from_unix(0);
    let user = User {
        id: UserId::from_parts(0, 0),
        organization_id: OrganizationId::platform(),
        email: first.email.clone(),
        name: first.name.clone(),
        role: Role::Owner,
        has_password: false,
        disabled_at: None,
        created_at: now,
        updated_at: now,
        last_login_at: None,
    };
    password_context(&user, "")
}
