//! The table of people's sessions.

use diesel::prelude::*;

use super::schema::sessions;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::client_secret::SecretDigest;
use crate::domain::id::{SessionId, UserId};
use crate::domain::session::{SESSION_IDLE_SECONDS, Session};
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = sessions)]
struct Row {
    id: String,
    user_id: String,
    digest: Vec<u8>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    proved_at: i64,
    address: Option<String>,
    user_agent: Option<String>,
}

impl TryFrom<Row> for Session {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let damaged = |detail| StoreError::corrupt("sessions", &row.id, detail);
        let address = row.address.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            user_id: row.user_id.parse().map_err(damaged)?,
            digest: digest_of(&row.id, row.digest)?,
            created_at: Timestamp::from_unix(row.created_at),
            last_seen_at: Timestamp::from_unix(row.last_seen_at),
            expires_at: Timestamp::from_unix(row.expires_at),
            proved_at: Timestamp::from_unix(row.proved_at),
            address: address.map_err(|_| StoreError::corrupt("sessions", &row.id, "the address is none"))?,
            user_agent: row.user_agent,
        })
    }
}

fn digest_of(id: &str, bytes: Vec<u8>) -> Result<SecretDigest, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::corrupt("sessions", id, "the digest does not have 32 bytes"))?;
    Ok(SecretDigest::from_bytes(bytes))
}

/// Adds a session.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when the user is gone.
pub fn insert(transaction: &mut WriteTransaction<'_>, session: &Session) -> Result<(), StoreError> {
    let row = Row {
        id: session.id.to_string(),
        user_id: session.user_id.to_string(),
        digest: session.digest.as_bytes().to_vec(),
        created_at: session.created_at.unix(),
        last_seen_at: session.last_seen_at.unix(),
        expires_at: session.expires_at.unix(),
        proved_at: session.proved_at.unix(),
        address: session.address.map(|address| address.to_string()),
        user_agent: session.user_agent.clone(),
    };
    diesel::insert_into(sessions::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// The session that this digest belongs to, over or not. Looked up by the digest of what a browser sent: whoever does not
/// have the key cannot choose which digests are compared.
///
/// # Errors
/// [`StoreError`].
pub fn find_by_digest(connection: &mut DbConnection, digest: &SecretDigest) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> =
        sessions::table.filter(sessions::digest.eq(digest.as_bytes().as_slice())).first(connection).optional()?;
    row.map(Session::try_from).transpose()
}

/// Whether the session was not ended.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn is_there(connection: &mut DbConnection, id: SessionId) -> Result<bool, StoreError> {
    let found: Option<i64> = sessions::table.find(id.to_string()).select(sessions::created_at).first(connection).optional()?;
    Ok(found.is_some())
}

/// The sessions of a user, the oldest first, those that are over included.
///
/// # Errors
/// [`StoreError`].
pub fn of_user(connection: &mut DbConnection, user_id: UserId) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<Row> =
        sessions::table.filter(sessions::user_id.eq(user_id.to_string())).order(sessions::id).load(connection)?;
    rows.into_iter().map(Session::try_from).collect()
}

/// Notes that the session was used.
///
/// # Errors
/// [`StoreError`].
pub fn record_use(transaction: &mut WriteTransaction<'_>, id: SessionId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(id.to_string()))
        .set(sessions::last_seen_at.eq(now.unix()))
        .execute(transaction.connection)?;
    Ok(())
}

/// Ends a session. Returns whether it was there.
///
/// # Errors
/// [`StoreError`].
pub fn delete(transaction: &mut WriteTransaction<'_>, id: SessionId) -> Result<bool, StoreError> {
    Ok(diesel::delete(sessions::table.find(id.to_string())).execute(transaction.connection)? > 0)
}

/// Ends every session of a user. Returns how many there were.
///
/// # Errors
/// [`StoreError`].
pub fn delete_of_user(transaction: &mut WriteTransaction<'_>, user_id: UserId) -> Result<usize, StoreError> {
    let all = sessions::table.filter(sessions::user_id.eq(user_id.to_string()));
    Ok(diesel::delete(all).execute(transaction.connection)?)
}

/// Removes the sessions that are over at `now`.
///
/// # Errors
/// [`StoreError`].
pub fn remove_ended(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    let idle_since = now.plus_seconds(-SESSION_IDLE_SECONDS).unix();
    let over = sessions::expires_at.le(now.unix()).or(sessions::last_seen_at.le(idle_since));
    Ok(diesel::delete(sessions::table.filter(over)).execute(transaction.connection)?)
}
