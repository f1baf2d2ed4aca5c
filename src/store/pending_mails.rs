//! The table of mails with a link that are to be sent.

use diesel::prelude::*;

use super::schema::pending_mails;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::{MailId, UserId};
use crate::domain::one_time_link::LinkPurpose;
use crate::domain::time::Timestamp;

/// A mail with a link that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMail {
    /// `mail_…`
    pub id: MailId,
    /// To whom.
    pub user_id: UserId,
    /// With what link.
    pub purpose: LinkPurpose,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// How often it was taken to be sent.
    pub attempts: i64,
}

type Row = (String, String, String, i64, i64);

fn from_row((id, user_id, purpose, created_at, attempts): Row) -> Result<PendingMail, StoreError> {
    let damaged = |detail| StoreError::corrupt("pending_mails", &id, detail);
    Ok(PendingMail {
        id: id.parse().map_err(damaged)?,
        user_id: user_id.parse().map_err(damaged)?,
        purpose: purpose.parse().map_err(damaged)?,
        created_at: Timestamp::from_unix(created_at),
        attempts,
    })
}

/// Adds a mail; it is sent when the transaction is kept.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when the user is gone.
pub fn insert(transaction: &mut WriteTransaction<'_>, mail: &PendingMail) -> Result<(), StoreError> {
    diesel::insert_into(pending_mails::table)
        .values((
            pending_mails::id.eq(mail.id.to_string()),
            pending_mails::user_id.eq(mail.user_id.to_string()),
            pending_mails::purpose.eq(mail.purpose.as_str()),
            pending_mails::created_at.eq(mail.created_at.unix()),
            pending_mails::attempts.eq(mail.attempts),
        ))
        .execute(transaction.connection)?;
    Ok(())
}

/// Whether such a mail is waiting, or was asked for since `since`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn is_asked_for(
    connection: &mut DbConnection,
    user_id: UserId,
    purpose: LinkPurpose,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let count: i64 = pending_mails::table
        .filter(pending_mails::user_id.eq(user_id.to_string()))
        .filter(pending_mails::purpose.eq(purpose.as_str()))
        .filter(pending_mails::sent_at.is_null().or(pending_mails::created_at.ge(since.unix())))
        .count()
        .get_result(connection)?;
    Ok(count > 0)
}

/// Whether there is a mail to be taken.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn is_any_due(connection: &mut DbConnection, now: Timestamp) -> Result<bool, StoreError> {
    let due: Option<String> = pending_mails::table
        .filter(pending_mails::sent_at.is_null())
        .filter(pending_mails::taken_until.is_null().or(pending_mails::taken_until.le(now.unix())))
        .select(pending_mails::id)
        .first(connection)
        .optional()?;
    Ok(due.is_some())
}

/// How many mails wait, and since when the oldest does.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn waiting(connection: &mut DbConnection) -> Result<(i64, Option<Timestamp>), StoreError> {
    let (count, oldest): (i64, Option<i64>) = pending_mails::table
        .filter(pending_mails::sent_at.is_null())
        .select((diesel::dsl::count_star(), diesel::dsl::min(pending_mails::created_at)))
        .first(connection)?;
    Ok((count, oldest.map(Timestamp::from_unix)))
}

/// Takes mails that are to be sent, the oldest first, at most `limit`: until `until` nobody else takes them.
///
/// # Errors
/// [`StoreError`].
pub fn take(
    transaction: &mut WriteTransaction<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> Result<Vec<PendingMail>, StoreError> {
    let rows: Vec<Row> = pending_mails::table
        .filter(pending_mails::sent_at.is_null())
        .filter(pending_mails::taken_until.is_null().or(pending_mails::taken_until.le(now.unix())))
        .order(pending_mails::id)
        .limit(limit)
        .select((
            pending_mails::id,
            pending_mails::user_id,
            pending_mails::purpose,
            pending_mails::created_at,
            pending_mails::attempts,
        ))
        .load(transaction.connection)?;
    let mut mails: Vec<PendingMail> = rows.into_iter().map(from_row).collect::<Result<_, _>>()?;
    for mail in &mut mails {
        mail.attempts += 1;
        diesel::update(pending_mails::table.find(mail.id.to_string()))
            .set((pending_mails::taken_until.eq(until.unix()), pending_mails::attempts.eq(mail.attempts)))
            .execute(transaction.connection)?;
    }
    Ok(mails)
}

/// Puts a mail that could not be sent off until `until`.
///
/// # Errors
/// [`StoreError`].
pub fn put_off(transaction: &mut WriteTransaction<'_>, id: MailId, until: Timestamp) -> Result<(), StoreError> {
    diesel::update(pending_mails::table.find(id.to_string()))
        .set(pending_mails::taken_until.eq(until.unix()))
        .execute(transaction.connection)?;
    Ok(())
}

/// Notes that a mail was handed over.
///
/// # Errors
/// [`StoreError`].
pub fn mark_sent(transaction: &mut WriteTransaction<'_>, id: MailId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(pending_mails::table.find(id.to_string()))
        .set(pending_mails::sent_at.eq(now.unix()))
        .execute(transaction.connection)?;
    Ok(())
}

/// Gives up the mails of a user that are still to be sent.
///
/// # Errors
/// [`StoreError`].
pub fn delete_of_user(transaction: &mut WriteTransaction<'_>, user_id: UserId) -> Result<usize, StoreError> {
    let all = pending_mails::table.filter(pending_mails::user_id.eq(user_id.to_string()));
    Ok(diesel::delete(all).execute(transaction.connection)?)
}

/// Removes the mails of `purpose` that were asked for before `moment`, sent or not.
///
/// # Errors
/// [`StoreError`].
pub fn remove_before(
    transaction: &mut WriteTransaction<'_>,
    purpose: LinkPurpose,
    moment: Timestamp,
) -> Result<usize, StoreError> {
    let old = pending_mails::table
        .filter(pending_mails::purpose.eq(purpose.as_str()))
        .filter(pending_mails::created_at.lt(moment.unix()));
    Ok(diesel::delete(old).execute(transaction.connection)?)
}
