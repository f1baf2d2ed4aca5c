//! Signing in, and giving the password again.
//!
//! 1. *Count* the try, before it is known to be wrong.
//! 2. *Find* the user.
//! 3. *Verify* the password, with the same work for users that there are not, are disabled, or have none yet.
//! 4. *Look again* and *open* a session, in one transaction.
//!
//! Whoever fails is told the same thing whatever the cause; the cause is in the audit log.

use super::people::{LoginError, People, Visitor};
use super::{AppError, Work, audit, random_bits};
use crate::clock;
use crate::crypto::password_hash::{self, Verdict};
use crate::domain::audit_event::AuditEntry;
use crate::domain::client_secret::SecretDigest;
use crate::domain::counted_address::counted_address;
use crate::domain::email::Email;
use crate::domain::id::{OrganizationId, SessionId, UserId};
use crate::domain::password::{Password, PasswordHash};
use crate::domain::session::{MAX_USER_AGENT_CHARACTERS, SESSION_SECONDS, Session, SessionToken};
use crate::domain::user::{Standing, User};
use crate::store::{sessions, users};

/// The most sessions of one user; the oldest end.
const MOST_SESSIONS: usize = 20;

/// A session that has begun, or goes on under another token.
#[derive(Debug)]
pub struct SignedIn {
    /// Whose.
    pub user_id: UserId,
    /// What the cookie holds from now on.
    pub token: SessionToken,
}

/// A user as far as signing in goes.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    id: UserId,
    organization_id: OrganizationId,
    standing: Standing,
    hash: Option<PasswordHash>,
    at_known_place: bool,
}

impl People {
    /// Signs in. `earlier` is the session whose cookie came along; it ends.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn sign_in(
        &self,
        email: &str,
        password: Password,
        visitor: &Visitor,
        earlier: Option<SessionToken>,
    ) -> Result<SignedIn, LoginError> {
        let candidate = self.prove(email, password, visitor, "session.created")?;
        let (token, digest) = self.key.mint_session().map_err(AppError::from)?;
        self.management.change(&visitor.as_user(candidate.id), |work| {
            still_valid(work, &candidate)?;
            if let Some(earlier) = &earlier {
                end_earlier(work, &self.key.session_digest(earlier))?;
            }
            open(work, &candidate, digest, visitor)
        })?;
        Ok(SignedIn { user_id: candidate.id, token })
    }

    /// Gives the session's password again: a fresh proof, and another token for the same session.
    ///
    /// # Errors
    /// [`LoginError`]; wrong tries count as those of signing in do.
    pub fn reauthenticate(
        &self,
        user: &User,
        session: SessionId,
        password: Password,
        visitor: &Visitor,
    ) -> Result<SignedIn, LoginError> {
        let candidate = self.prove(user.email.as_str(), password, visitor, "session.reauthenticated")?;
        let (token, digest) = self.key.mint_session().map_err(AppError::from)?;
        self.management.change(&visitor.as_user(user.id), |work| {
            still_valid(work, &candidate)?;
            renew(work, session, user.id, digest)?;
            work.audit(AuditEntry::done("session.reauthenticated", Some(candidate.organization_id), session));
            Ok::<_, LoginError>(())
        })?;
        Ok(SignedIn { user_id: user.id, token })
    }

    /// Whether this is the password of this login, with the brakes on. A wrong one has its row in the audit log, as a
    /// refusal of `action`.
    pub(super) fn prove(
        &self,
        email: &str,
        password: Password,
        visitor: &Visitor,
        action: &'static str,
    ) -> Result<Candidate, LoginError> {
        // What is no address is nobody's, and is treated as an unknown one is.
        let email = email.parse::<Email>().map_err(|_| email.to_lowercase());
        let login = email.as_ref().map_or_else(String::as_str, Email::as_str).to_owned();
        let too_many = |retry_after_seconds| LoginError::TooManyTries { retry_after_seconds };
        self.brakes.begin(&login, visitor.address).map_err(too_many)?;
        let outcome = self.try_password(email.ok(), password, visitor, &login);
        match outcome {
            Ok((Some(candidate), Verdict::Right)) if candidate.standing == Standing::Active => {
                self.brakes.take_back(&login, visitor.address);
                Ok(candidate)
            }
            Ok((candidate, verdict)) => {
                self.write_down(candidate, verdict, visitor, action)?;
                Err(LoginError::Refused)
            }
            Err(error) => {
                // An unknown place has already given its try back.
                if !matches!(error, LoginError::TooManyTries { .. }) {
                    self.brakes.take_back(&login, visitor.address);
                }
                Err(error)
            }
        }
    }

    fn try_password(
        &self,
        email: Option<Email>,
        password: Password,
        visitor: &Visitor,
        login: &str,
    ) -> Result<(Option<Candidate>, Verdict), LoginError> {
        let candidate = self.find(email, visitor)?;
        if !candidate.as_ref().is_some_and(|candidate| candidate.at_known_place) {
            self.brakes
                .begin_at_unknown_place(login, visitor.address)
                .map_err(|retry_after_seconds| LoginError::TooManyTries { retry_after_seconds })?;
        }
        let hash = candidate.as_ref().and_then(|candidate| candidate.hash.clone());
        let verdict = self.passwords.run(move || password_hash::verify(&password, hash.as_ref()))?;
        Ok((candidate, verdict.map_err(AppError::from)?))
    }

    fn find(&self, email: Option<Email>, visitor: &Visitor) -> Result<Option<Candidate>, LoginError> {
        let Some(email) = email else { return Ok(None) };
        let address = counted_address(visitor.address);
        let found = self.management.db.read(|connection| {
            let Some(user) = users::find_by_email(connection, &email)? else { return Ok(None) };
            Ok(Some(Candidate {
                id: user.id,
                organization_id: user.organization_id,
                standing: user.standing(),
                hash: users::password_hash(connection, user.id)?,
                at_known_place: users::is_known_address(connection, user.id, address)?,
            }))
        })?;
        Ok(found)
    }

    fn write_down(
        &self,
        candidate: Option<Candidate>,
        verdict: Verdict,
        visitor: &Visitor,
        action: &'static str,
    ) -> Result<(), LoginError> {
        let reason = match (&candidate, verdict) {
            (None, _) => "unknown_user",
            (Some(Candidate { standing: Standing::Invited, .. }), _) => "not_accepted_yet",
            (Some(_), Verdict::Damaged) => "damaged_password_hash",
            (Some(_), Verdict::Wrong) => "wrong_password",
            (Some(_), Verdict::Right) => "user_disabled",
        };
        let mut entry = AuditEntry::refused(action, candidate.as_ref().map(|candidate| candidate.organization_id), reason);
        if let Some(candidate) = &candidate {
            entry = entry.about(candidate.id);
            if verdict == Verdict::Damaged {
                log::error!(user_id:% = candidate.id; "the stored password hash is damaged");
            }
        }
        Ok(self.management.record(vec![audit::event(visitor.anonymous(), entry)?])?)
    }
}

/// The password may have been changed, or the person kept out, since it was verified.
pub(super) fn still_valid(work: &mut Work<'_, '_>, candidate: &Candidate) -> Result<(), LoginError> {
    let connection = work.transaction.reading();
    let is_active = users::find(connection, candidate.id)?.is_some_and(|user| user.standing() == Standing::Active);
    let now = users::password_hash(connection, candidate.id)?;
    match &candidate.hash {
        Some(verified) if is_active && verified.is_still(now.as_ref()) => Ok(()),
        _ => Err(LoginError::Refused),
    }
}

/// A cookie from before is good for nothing after, whoever's it was.
fn end_earlier(work: &mut Work<'_, '_>, digest: &SecretDigest) -> Result<(), LoginError> {
    if let Some(earlier) = sessions::find_by_digest(work.transaction.reading(), digest)? {
        sessions::delete(work.transaction, earlier.id)?;
    }
    Ok(())
}

fn open(work: &mut Work<'_, '_>, candidate: &Candidate, digest: SecretDigest, visitor: &Visitor) -> Result<(), LoginError> {
    let now = work.now;
    let live = sessions::of_user(work.transaction.reading(), candidate.id)?;
    let surplus = (live.len() + 1).saturating_sub(MOST_SESSIONS);
    for oldest in live.iter().take(surplus) {
        sessions::delete(work.transaction, oldest.id)?;
    }
    let session = Session {
        id: SessionId::from_parts(clock::unix_milliseconds(), random_bits()?),
        user_id: candidate.id,
        digest,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus_seconds(SESSION_SECONDS),
        proved_at: now,
        address: Some(visitor.address),
        user_agent: visitor.user_agent.as_ref().map(|text| shortened(text)),
    };
    sessions::insert(work.transaction, &session)?;
    users::record_login(work.transaction, candidate.id, now)?;
    users::record_address(work.transaction, candidate.id, counted_address(visitor.address), now)?;
    work.audit(AuditEntry::done("session.created", Some(candidate.organization_id), session.id));
    Ok(())
}

/// The session goes on under another token, with a fresh proof.
pub(super) fn renew(work: &mut Work<'_, '_>, id: SessionId, user_id: UserId, digest: SecretDigest) -> Result<(), LoginError> {
    let sessions = sessions::of_user(work.transaction.reading(), user_id)?;
    let Some(session) = sessions.into_iter().find(|session| session.id == id && !session.is_over(work.now)) else {
        return Err(LoginError::SessionOver);
    };
    sessions::delete(work.transaction, id)?;
    let renewed = Session { digest, proved_at: work.now, last_seen_at: work.now, ..session };
    Ok(sessions::insert(work.transaction, &renewed)?)
}

/// Without what could break a line of a log or a page.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARACTERS).collect()
}
