//! Links that are sent by mail: asking for one, making it when its mail leaves, and using it.
//!
//! The worker that sends mails calls, in this order: [`take_pending_mails`]; for each [`mint_link`], at the very moment of
//! sending, for the token is kept nowhere; then [`mark_mail_sent`], or [`put_mail_off`] when the mail server refused. A
//! mail that was taken and not marked is taken again when its lease ends: it leaves at least once, with a link of its
//! own each time. Earlier links go on working until one is used or they are too old.

use serde::Serialize;
use utoipa::ToSchema;

use super::people::{LoginError, People, Visitor};
use super::user_sessions::{end_sessions, hash_chosen};
use super::{AppError, Work, random_bits};
use crate::clock;
use crate::crypto::login_key::LoginKey;
use crate::domain::audit_event::AuditEntry;
use crate::domain::client_secret::SecretDigest;
use crate::domain::counted_address::counted_address;
use crate::domain::email::Email;
use crate::domain::id::{MailId, UserId};
use crate::domain::name::Name;
use crate::domain::one_time_link::{LinkPurpose, LinkToken, OneTimeLink};
use crate::domain::organization::Organization;
use crate::domain::password::PasswordHash;
use crate::domain::role::Role;
use crate::domain::user::{Standing, User};
use crate::store::pending_mails::{self, PendingMail};
use crate::store::{Db, organizations, user_links, users};

/// Who asks again within this time gets no second mail: nobody's mail box is to be filled by strangers.
const MAIL_EVERY_SECONDS: i64 = 300;

/// A mail with a link that is to be sent, with what its text needs.
#[derive(Clone, Debug)]
pub struct OutgoingMail {
    /// `mail_…`
    pub id: MailId,
    /// To whom.
    pub user: User,
    /// Of which organization.
    pub organization: Organization,
    /// With what link.
    pub purpose: LinkPurpose,
    /// How often it was taken to be sent, this time included.
    pub attempts: i64,
}

/// For whom a link is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LinkHolder {
    /// The login.
    pub email: Email,
    /// Shown to people.
    pub name: Option<Name>,
    /// What the person may.
    pub role: Role,
    /// The name of the organization.
    pub organization: Name,
}

/// Takes at most `limit` mails that are to be sent. For `lease_seconds` no other worker takes them.
///
/// # Errors
/// [`AppError::Store`].
pub fn take_pending_mails(db: &Db, lease_seconds: i64, limit: i64) -> Result<Vec<OutgoingMail>, AppError> {
    let now = clock::now();
    db.write(now, |transaction| {
        // Two workers must not take the same ones.
        transaction.exclusively()?;
        let mut mails = Vec::new();
        for mail in pending_mails::take(transaction, now, now.plus_seconds(lease_seconds), limit)? {
            let PendingMail { id, user_id, purpose, attempts, .. } = mail;
            let Some(user) = users::find(transaction.reading(), user_id)? else { continue };
            let organization = organizations::find(transaction.reading(), user.organization_id)?;
            let Some(organization) = organization else { continue };
            mails.push(OutgoingMail { id, user, organization, purpose, attempts });
        }
        Ok(mails)
    })
}

/// Makes the link of a mail that leaves at this moment. The token goes into the mail and nowhere else.
///
/// # Errors
/// [`AppError::Store`], [`AppError::Crypto`].
pub fn mint_link(db: &Db, key: &LoginKey, user_id: UserId, purpose: LinkPurpose) -> Result<LinkToken, AppError> {
    let (token, digest) = key.mint_link(purpose)?;
    let now = clock::now();
    let link =
        OneTimeLink { digest, user_id, purpose, created_at: now, expires_at: now.plus_seconds(purpose.lifetime_seconds()) };
    db.write(now, |transaction| Ok::<_, AppError>(user_links::insert(transaction, &link)?))?;
    Ok(token)
}

/// The mail server has taken the mail.
///
/// # Errors
/// [`AppError::Store`].
pub fn mark_mail_sent(db: &Db, id: MailId) -> Result<(), AppError> {
    let now = clock::now();
    db.write(now, |transaction| Ok(pending_mails::mark_sent(transaction, id, now)?))
}

/// The mail could not be sent; it is taken again after `seconds`.
///
/// # Errors
/// [`AppError::Store`].
pub fn put_mail_off(db: &Db, id: MailId, seconds: i64) -> Result<(), AppError> {
    let now = clock::now();
    db.write(now, |transaction| Ok(pending_mails::put_off(transaction, id, now.plus_seconds(seconds))?))
}

/// Lets a mail with a link be sent, unless one is waiting or has been asked for a moment ago.
pub(super) fn ask_for_mail(work: &mut Work<'_, '_>, user_id: UserId, purpose: LinkPurpose) -> Result<(), AppError> {
    let since = work.now.plus_seconds(-MAIL_EVERY_SECONDS);
    if pending_mails::is_asked_for(work.transaction.reading(), user_id, purpose, since)? {
        return Ok(());
    }
    let id = MailId::from_parts(clock::unix_milliseconds(), random_bits()?);
    let mail = PendingMail { id, user_id, purpose, created_at: work.now, attempts: 0 };
    Ok(pending_mails::insert(work.transaction, &mail)?)
}

impl People {
    /// Asks for a link to choose another password. Whether there is such a user is told to nobody; somebody who has not
    /// accepted the invitation yet gets that again.
    ///
    /// # Errors
    /// [`LoginError::TooManyTries`], [`LoginError::App`].
    pub fn ask_for_password_reset(&self, email: &str, visitor: &Visitor) -> Result<(), LoginError> {
        // Counted as a wrong login from there would be, and never taken back.
        self.brakes
            .begin(&format!("reset {}", email.to_lowercase()), visitor.address)
            .map_err(|retry_after_seconds| LoginError::TooManyTries { retry_after_seconds })?;
        let email = email.parse::<Email>().ok();
        self.management.change(&visitor.anonymous(), |work| {
            let user = match &email {
                Some(email) => users::find_by_email(work.transaction.reading(), email)?,
                None => None,
            };
            let entry = match user {
                None => AuditEntry::refused(ASKED, None, "unknown_user"),
                Some(user) if user.standing() == Standing::Disabled => {
                    AuditEntry::refused(ASKED, Some(user.organization_id), "user_disabled").about(user.id)
                }
                Some(user) => {
                    let purpose = if user.has_password { LinkPurpose::PasswordReset } else { LinkPurpose::Invitation };
                    ask_for_mail(work, user.id, purpose)?;
                    AuditEntry::done(ASKED, Some(user.organization_id), user.id)
                }
            };
            work.audit(entry);
            Ok(())
        })
    }

    /// For whom a link is, as long as it can be used. Looking does not use it: programs that look at mails open links.
    ///
    /// # Errors
    /// [`LoginError::DeadLink`], [`LoginError::App`].
    pub fn look_at_link(&self, purpose: LinkPurpose, token: &str) -> Result<LinkHolder, LoginError> {
        let token = LinkToken::parse(token).ok_or(LoginError::DeadLink)?;
        let digest = self.key.link_digest(purpose, &token);
        let now = clock::now();
        let found = self.management.db.read(|connection| {
            let Some(id) = user_links::find_live(connection, &digest, purpose, now)? else { return Ok(None) };
            let Some(user) = users::find(connection, id)? else { return Ok(None) };
            Ok(organizations::find(connection, user.organization_id)?.map(|organization| (user, organization)))
        })?;
        let (user, organization) = found.filter(|(user, _)| fits(purpose, user)).ok_or(LoginError::DeadLink)?;
        Ok(LinkHolder { email: user.email, name: user.name, role: user.role, organization: organization.name })
    }

    /// Uses a link: the user has this password from now on, and no session.
    ///
    /// # Errors
    /// [`LoginError::DeadLink`], [`LoginError::App`] for a password that breaks a rule; the link still works then.
    pub fn use_link(&self, purpose: LinkPurpose, token: &str, password: String, visitor: &Visitor) -> Result<UserId, LoginError> {
        let token = LinkToken::parse(token).ok_or(LoginError::DeadLink)?;
        let digest = self.key.link_digest(purpose, &token);
        let now = clock::now();
        let found = self.management.db.read(|connection| user_links::find_live(connection, &digest, purpose, now))?;
        let user_id = found.ok_or(LoginError::DeadLink)?;
        let context = self.context(user_id)?;
        let hash = self.passwords.run(move || hash_chosen(password, &context, "password"))??;
        self.management.change(&visitor.as_user(user_id), |work| set_by_link(work, purpose, &digest, &hash, visitor))?;
        Ok(user_id)
    }
}

const ASKED: &str = "user.password_reset_requested";

/// Whether a link for this is any good to the user.
fn fits(purpose: LinkPurpose, user: &User) -> bool {
    match purpose {
        LinkPurpose::Invitation => user.standing() == Standing::Invited,
        LinkPurpose::PasswordReset => user.standing() == Standing::Active,
    }
}

/// The link may have been used, or the person kept out, since it was looked at.
fn set_by_link(
    work: &mut Work<'_, '_>,
    purpose: LinkPurpose,
    digest: &SecretDigest,
    hash: &PasswordHash,
    visitor: &Visitor,
) -> Result<(), LoginError> {
    let now = work.now;
    let live = user_links::find_live(work.transaction.reading(), digest, purpose, now)?;
    let id = live.ok_or(LoginError::DeadLink)?;
    let user = users::find(work.transaction.reading(), id)?.ok_or(LoginError::DeadLink)?;
    if !fits(purpose, &user) {
        return Err(LoginError::DeadLink);
    }
    users::set_password(work.transaction, id, hash, now)?;
    users::record_address(work.transaction, id, counted_address(visitor.address), now)?;
    user_links::delete_of_user(work.transaction, id)?;
    pending_mails::delete_of_user(work.transaction, id)?;
    end_sessions(work, id, None)?;
    let action = match purpose {
        LinkPurpose::Invitation => "user.invitation_accepted",
        LinkPurpose::PasswordReset => "user.password_reset",
    };
    work.audit(AuditEntry::done(action, Some(user.organization_id), id));
    Ok(())
}
