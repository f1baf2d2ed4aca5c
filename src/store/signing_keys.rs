//! The table of signing keys.

use diesel::prelude::*;

use super::schema::signing_keys;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::signing_key::{KeyDates, StoredSigningKey};
use crate::domain::time::Timestamp;

#[derive(Queryable, Insertable)]
#[diesel(table_name = signing_keys)]
struct Row {
    kid: String,
    algorithm: String,
    public_jwk: String,
    encrypted_private_key: Vec<u8>,
    created_at: i64,
    signs_from: i64,
    revoked_at: Option<i64>,
}

impl TryFrom<Row> for StoredSigningKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let algorithm = row.algorithm.parse().map_err(|detail| StoreError::corrupt("signing_keys", &row.kid, detail))?;
        Ok(Self {
            kid: row.kid,
            algorithm,
            public_jwk: row.public_jwk,
            encrypted_private_key: row.encrypted_private_key,
            dates: KeyDates {
                created_at: Timestamp::from_unix(row.created_at),
                signs_from: Timestamp::from_unix(row.signs_from),
                revoked_at: row.revoked_at.map(Timestamp::from_unix),
            },
        })
    }
}

/// Adds a signing key.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when this very key is there already.
pub fn insert(transaction: &mut WriteTransaction<'_>, key: &StoredSigningKey) -> Result<(), StoreError> {
    let row = Row {
        kid: key.kid.clone(),
        algorithm: key.algorithm.as_str().to_owned(),
        public_jwk: key.public_jwk.clone(),
        encrypted_private_key: key.encrypted_private_key.clone(),
        created_at: key.dates.created_at.unix(),
        signs_from: key.dates.signs_from.unix(),
        revoked_at: key.dates.revoked_at.map(Timestamp::unix),
    };
    diesel::insert_into(signing_keys::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// Every signing key, in the order in which they were made.
///
/// # Errors
/// [`StoreError`].
pub fn all(connection: &mut DbConnection) -> Result<Vec<StoredSigningKey>, StoreError> {
    let rows: Vec<Row> =
        signing_keys::table.order((signing_keys::created_at, signing_keys::signs_from, signing_keys::kid)).load(connection)?;
    rows.into_iter().map(StoredSigningKey::try_from).collect()
}

/// Takes every key that is not revoked yet out of the JWKS at `now`.
///
/// # Errors
/// [`StoreError`].
pub fn revoke_all(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<usize, StoreError> {
    Ok(diesel::update(signing_keys::table.filter(signing_keys::revoked_at.is_null()))
        .set(signing_keys::revoked_at.eq(now.unix()))
        .execute(transaction.connection)?)
}
