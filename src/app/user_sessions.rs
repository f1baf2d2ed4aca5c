//! Sessions after signing in: who is it, sign out, the list of one's own, another password.

use super::login::{SignedIn, renew, still_valid};
use super::people::{LoginError, People, Visitor, named};
use super::{AppError, Work};
use crate::crypto::password_hash;
use crate::domain::audit_event::AuditEntry;
use crate::domain::id::{SessionId, UserId};
use crate::domain::organization::Organization;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::session::{SEEN_EVERY_SECONDS, Session, SessionToken};
use crate::domain::time::Timestamp;
use crate::domain::user::{Standing, User};
use crate::store::{StoreError, organizations, sessions, user_links, users};

/// A person with a session, as a request finds them: role and organization are those of this moment.
#[derive(Clone, Debug)]
pub struct CurrentUser {
    /// Who.
    pub user: User,
    /// Of which organization.
    pub organization: Organization,
    /// With which session.
    pub session: Session,
}

impl People {
    /// Who has this session; `None` when it is over or never was, or the person is kept out. Asks the database each
    /// time, so that a session that ends, ends everywhere at once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find_session(&self, token: &SessionToken, now: Timestamp) -> Result<Option<CurrentUser>, StoreError> {
        let digest = self.key.session_digest(token);
        let found = self.management.db.read(|connection| {
            let Some(session) = sessions::find_by_digest(connection, &digest)? else { return Ok(None) };
            let Some(user) = users::find(connection, session.user_id)? else { return Ok(None) };
            let Some(organization) = organizations::find(connection, user.organization_id)? else { return Ok(None) };
            Ok(Some(CurrentUser { user, organization, session }))
        })?;
        let Some(current) = found else { return Ok(None) };
        if current.session.is_over(now) {
            // Not to come to life again when a clock is set back.
            self.management.db.write(now, |transaction| sessions::delete(transaction, current.session.id))?;
            return Ok(None);
        }
        if current.user.standing() != Standing::Active {
            return Ok(None);
        }
        if now >= current.session.last_seen_at.plus_seconds(SEEN_EVERY_SECONDS) {
            self.management.db.write(now, |transaction| sessions::record_use(transaction, current.session.id, now))?;
        }
        Ok(Some(current))
    }

    /// Gives oneself another password: every other session ends, this one goes on under another token.
    ///
    /// # Errors
    /// [`LoginError`]; a wrong `current` counts as a wrong login does.
    pub fn change_password(
        &self,
        user: &User,
        session: SessionId,
        current: Password,
        new: String,
        visitor: &Visitor,
    ) -> Result<SignedIn, LoginError> {
        let candidate = self.prove(user.email.as_str(), current, visitor, "user.password_changed")?;
        let context = self.context(user.id)?;
        let hash = self.passwords.run(move || hash_chosen(new, &context, "new_password"))??;
        let (token, digest) = self.key.mint_session().map_err(AppError::from)?;
        self.management.change(&visitor.as_user(user.id), |work| {
            still_valid(work, &candidate)?;
            renew(work, session, user.id, digest)?;
            end_sessions(work, user.id, Some(session))?;
            user_links::delete_of_user(work.transaction, user.id)?;
            users::set_password(work.transaction, user.id, &hash, work.now)?;
            work.audit(AuditEntry::done("user.password_changed", Some(user.organization_id), user.id));
            Ok::<_, LoginError>(())
        })?;
        Ok(SignedIn { user_id: user.id, token })
    }
}

/// Checks a new password's rules and hashes it; on a thread that may take its time.
pub(super) fn hash_chosen(text: String, context: &[String], field: &'static str) -> Result<PasswordHash, LoginError> {
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    let password = Password::chosen(text, &context).map_err(named(field))?;
    Ok(password_hash::hash(&password).map_err(AppError::from)?)
}

/// Signs out.
///
/// # Errors
/// [`AppError::Store`].
pub fn sign_out(work: &mut Work<'_, '_>, current: &CurrentUser) -> Result<(), AppError> {
    if sessions::delete(work.transaction, current.session.id)? {
        work.audit(AuditEntry::done("session.ended", Some(current.organization.id), current.session.id));
    }
    Ok(())
}

/// The user's sessions that are not over, the oldest first.
///
/// # Errors
/// [`StoreError`].
pub fn list_sessions(people: &People, user_id: UserId, now: Timestamp) -> Result<Vec<Session>, StoreError> {
    let mut all = people.management.db.read(|connection| sessions::of_user(connection, user_id))?;
    all.retain(|session| !session.is_over(now));
    Ok(all)
}

/// Ends one of the user's own sessions.
///
/// # Errors
/// [`AppError::NotFound`] when it is not the user's.
pub fn end_session(work: &mut Work<'_, '_>, current: &CurrentUser, id: SessionId) -> Result<(), AppError> {
    let own = sessions::of_user(work.transaction.reading(), current.user.id)?;
    if !own.iter().any(|session| session.id == id && !session.is_over(work.now)) {
        return Err(AppError::not_found("session", id));
    }
    sessions::delete(work.transaction, id)?;
    work.audit(AuditEntry::done("session.ended", Some(current.organization.id), id));
    Ok(())
}

/// Ends the user's other sessions.
///
/// # Errors
/// [`AppError::Store`].
pub fn end_other_sessions(work: &mut Work<'_, '_>, current: &CurrentUser) -> Result<(), AppError> {
    end_sessions(work, current.user.id, Some(current.session.id))?;
    work.audit(AuditEntry::done("session.others_ended", Some(current.organization.id), current.session.id));
    Ok(())
}

/// Ends the user's sessions but `kept`.
pub(super) fn end_sessions(work: &mut Work<'_, '_>, user_id: UserId, kept: Option<SessionId>) -> Result<(), AppError> {
    for session in sessions::of_user(work.transaction.reading(), user_id)? {
        if Some(session.id) != kept {
            sessions::delete(work.transaction, session.id)?;
        }
    }
    Ok(())
}
