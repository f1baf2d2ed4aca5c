//! Users: invite or create, change, remove.
//!
//! All changes come one after the other, so that two owners who demote each other at once do not both succeed.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::user_links::ask_for_mail;
use super::user_sessions::end_sessions;
use super::{AppError, Work, random_bits};
use crate::clock;
use crate::domain::Invalid;
use crate::domain::actor::Principal;
use crate::domain::audit_event::AuditEntry;
use crate::domain::email::Email;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::name::Name;
use crate::domain::one_time_link::LinkPurpose;
use crate::domain::password::PasswordHash;
use crate::domain::permission::Permission;
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::{Standing, User, owners_suffice_without};
use crate::store::{StoreError, api_keys, organizations, pending_mails, user_links, users};

/// What a new user is to be.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Whose person it will be.
    pub organization_id: OrganizationId,
    /// The login.
    pub email: Email,
    /// Shown to people.
    pub name: Option<Name>,
    /// What the person may.
    pub role: Role,
    /// The password; without one, an invitation is sent.
    pub password: Option<PasswordHash>,
}

/// What a change of a user changes; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// What the person may.
    pub role: Option<Role>,
    /// Shown to people; `Some(None)` takes it away.
    pub name: Option<Option<Name>>,
    /// Whether the person is kept out.
    pub disabled: Option<bool>,
}

/// A user as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// `user_…`
    pub id: UserId,
    /// Whose person it is.
    pub organization_id: OrganizationId,
    /// The login.
    pub email: Email,
    /// Shown to people.
    pub name: Option<Name>,
    /// What the person may.
    pub role: Role,
    /// `invited`, `active` or `disabled`.
    pub status: Standing,
    /// Since when the person is kept out.
    pub disabled_at: Option<Timestamp>,
    /// When the person last signed in.
    pub last_login_at: Option<Timestamp>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            organization_id: user.organization_id,
            status: user.standing(),
            email: user.email,
            name: user.name,
            role: user.role,
            disabled_at: user.disabled_at,
            last_login_at: user.last_login_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Makes a user; one without a password is invited by mail.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such organization, [`AppError::Conflict`] when the address is somebody's,
/// [`AppError::Forbidden`].
pub fn create_user(work: &mut Work<'_, '_>, new: NewUser) -> Result<User, AppError> {
    if !is_first_owner_by_operator(work, &new)? {
        check_reach(work, &[new.role])?;
    }
    organizations::find(work.transaction.reading(), new.organization_id)?
        .ok_or_else(|| AppError::not_found("organization", new.organization_id))?;
    let user = User {
        id: UserId::from_parts(clock::unix_milliseconds(), random_bits()?),
        organization_id: new.organization_id,
        email: new.email,
        name: new.name,
        role: new.role,
        has_password: new.password.is_some(),
        disabled_at: None,
        created_at: work.now,
        updated_at: work.now,
        last_login_at: None,
    };
    // Looked at first: a violated constraint would end the transaction.
    if users::find_by_email(work.transaction.reading(), &user.email)?.is_some() {
        return Err(address_taken());
    }
    users::insert(work.transaction, &user, new.password.as_ref()).map_err(|error| match error {
        StoreError::UniqueViolation(_) => address_taken(),
        other => other.into(),
    })?;
    tell(work, "user.created", None, Some(&user));
    if !user.has_password {
        ask_for_mail(work, user.id, LinkPurpose::Invitation)?;
    }
    Ok(user)
}

fn address_taken() -> AppError {
    AppError::Conflict("there is a user with this e-mail address already".to_owned())
}

/// Changes a user. Another role, and being disabled, end the user's sessions.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] when the organization would be left without an owner,
/// [`AppError::Forbidden`].
pub fn change_user(work: &mut Work<'_, '_>, id: UserId, change: UserChange) -> Result<User, AppError> {
    let before = find(work, id)?;
    let mut user = before.clone();
    if let Some(role) = change.role {
        user.role = role;
    }
    if let Some(name) = change.name {
        user.name = name;
    }
    user.disabled_at = match change.disabled {
        None => user.disabled_at,
        Some(false) => None,
        Some(true) => user.disabled_at.or(Some(work.now)),
    };
    check_reach(work, &[before.role, user.role])?;
    if user == before {
        return Ok(user);
    }
    let was_owner = before.role == Role::Owner && before.disabled_at.is_none();
    if was_owner && (user.role != Role::Owner || user.disabled_at.is_some()) {
        check_owner_is_left(work, &before)?;
    }
    user.updated_at = work.now;
    users::update(work.transaction, &user)?;
    if user.role != before.role || user.disabled_at.is_some() {
        end_sessions(work, id, None)?;
    }
    if user.disabled_at.is_some() {
        user_links::delete_of_user(work.transaction, id)?;
        pending_mails::delete_of_user(work.transaction, id)?;
    }
    tell(work, "user.changed", Some(&before), Some(&user));
    Ok(user)
}

/// Removes a user for good.
///
/// # Errors
/// As [`change_user`].
pub fn remove_user(work: &mut Work<'_, '_>, id: UserId) -> Result<(), AppError> {
    let user = find(work, id)?;
    check_reach(work, &[user.role])?;
    if user.role == Role::Owner {
        check_owner_is_left(work, &user)?;
    }
    users::delete(work.transaction, id)?;
    tell(work, "user.removed", Some(&user), None);
    Ok(())
}

/// Sends the invitation again.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`], [`AppError::Conflict`] when it was accepted or the user is disabled.
pub fn invite_again(work: &mut Work<'_, '_>, id: UserId) -> Result<User, AppError> {
    let user = find(work, id)?;
    check_reach(work, &[user.role])?;
    match user.standing() {
        Standing::Invited => {}
        Standing::Active => return Err(AppError::Conflict("the invitation was accepted already".to_owned())),
        Standing::Disabled => return Err(AppError::Conflict("the user is disabled; enable it first".to_owned())),
    }
    ask_for_mail(work, id, LinkPurpose::Invitation)?;
    work.audit(AuditEntry::done("user.invited", Some(user.organization_id), id));
    Ok(user)
}

/// Gives a user another password, as whoever runs the command line; every session of the user ends.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn set_password(work: &mut Work<'_, '_>, id: UserId, hash: &PasswordHash) -> Result<User, AppError> {
    let user = find(work, id)?;
    users::set_password(work.transaction, id, hash, work.now)?;
    user_links::delete_of_user(work.transaction, id)?;
    pending_mails::delete_of_user(work.transaction, id)?;
    end_sessions(work, id, None)?;
    work.audit(AuditEntry::done("user.password_set", Some(user.organization_id), id));
    Ok(User { has_password: true, updated_at: work.now, ..user })
}

fn find(work: &mut Work<'_, '_>, id: UserId) -> Result<User, AppError> {
    users::find(work.transaction.reading(), id)?.ok_or_else(|| AppError::not_found("user", id))
}

fn check_owner_is_left(work: &mut Work<'_, '_>, leaving: &User) -> Result<(), AppError> {
    let owners = users::owners(work.transaction.reading(), leaving.organization_id)?;
    if owners_suffice_without(&owners, leaving.id) {
        return Ok(());
    }
    Err(Invalid::new("role", "last_owner", "an organization's last owner can't be removed, demoted or disabled").into())
}

/// An API key neither makes nor touches people who may do what no key may: manage admin keys and users. Or else a key that
/// may invite people would invite one who hands it everything.
fn check_reach(work: &Work<'_, '_>, roles: &[Role]) -> Result<(), AppError> {
    if !matches!(work.actor.principal, Principal::ApiKey(_)) {
        return Ok(());
    }
    let policy = work.management.roles;
    let above_keys = |role: &&Role| {
        [Permission::ManageKeys, Permission::WriteUsers].iter().any(|permission| permission.is_given_to(**role, false, policy))
    };
    match roles.iter().find(above_keys) {
        None => Ok(()),
        Some(role) => {
            let detail = format!("an API key can't make or change a user with the role {role}; an owner can");
            Err(AppError::forbidden("beyond_keys", detail))
        }
    }
}

/// The platform's own keys may bring in the first owner of another organization: there is nobody yet whose place that
/// person would take.
fn is_first_owner_by_operator(work: &mut Work<'_, '_>, new: &NewUser) -> Result<bool, AppError> {
    let Principal::ApiKey(caller) = work.actor.principal else { return Ok(false) };
    let connection = work.transaction.reading();
    let is_operator = api_keys::find(connection, caller)?.is_some_and(|key| key.organization_id.is_platform());
    Ok(is_operator && !new.organization_id.is_platform() && users::owners(connection, new.organization_id)?.is_empty())
}

/// Writes down what was done to a user.
fn tell(work: &mut Work<'_, '_>, action: &'static str, before: Option<&User>, after: Option<&User>) {
    let Some(user) = after.or(before) else { return };
    let described =
        |user: &User| json!({"email": user.email, "name": user.name, "role": user.role, "disabled_at": user.disabled_at});
    let entry = AuditEntry::done(action, Some(user.organization_id), user.id);
    work.audit(entry.changing(before.map(described), after.map(described)));
}
