//! Facts about the database itself.

use diesel::prelude::*;

use super::schema::meta;
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::plan::PlanName;
use crate::domain::profile::Profile;
use crate::domain::time::Timestamp;

const MASTER_KEY_CHECK: &str = "master_key_check";

/// The check value of the master key that this database's data was written under; `None` before the first start.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn master_key_check(connection: &mut DbConnection) -> Result<Option<String>, StoreError> {
    Ok(meta::table.find(MASTER_KEY_CHECK).select(meta::value).first(connection).optional()?)
}

/// Binds the database to a master key, once.
///
/// # Errors
/// [`StoreError::UniqueViolation`] when it is bound already.
pub fn set_master_key_check(transaction: &mut WriteTransaction<'_>, value: &str) -> Result<(), StoreError> {
    diesel::insert_into(meta::table)
        .values((meta::name.eq(MASTER_KEY_CHECK), meta::value.eq(value)))
        .execute(transaction.connection)?;
    Ok(())
}

const USAGE_COUNTED_SINCE: &str = "usage_counted_since";

/// From when on usage is counted: when this database first knew how to.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn usage_counted_since(connection: &mut DbConnection) -> Result<Option<Timestamp>, StoreError> {
    let text: Option<String> = meta::table.find(USAGE_COUNTED_SINCE).select(meta::value).first(connection).optional()?;
    Ok(text.and_then(|text| text.parse().ok()).map(Timestamp::from_unix))
}

const JWKS_MAX_AGE: &str = "jwks_max_age_seconds";

/// How long the servers of this database let verifiers keep the JWKS; `None` before the first start.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn jwks_max_age_seconds(connection: &mut DbConnection) -> Result<Option<u32>, StoreError> {
    let text: Option<String> = meta::table.find(JWKS_MAX_AGE).select(meta::value).first(connection).optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// Notes how long verifiers may keep the JWKS, for whoever rotates the signing keys.
///
/// # Errors
/// [`StoreError`].
pub fn set_jwks_max_age_seconds(transaction: &mut WriteTransaction<'_>, seconds: u32) -> Result<(), StoreError> {
    set(transaction, JWKS_MAX_AGE, &seconds.to_string())
}

const DEFAULT_PLAN: &str = "default_plan";

/// The rate plan that the servers of this database fall back to; `None` before the first start.
///
/// # Errors
/// [`StoreError`].
pub fn default_plan(connection: &mut DbConnection) -> Result<Option<PlanName>, StoreError> {
    let text: Option<String> = meta::table.find(DEFAULT_PLAN).select(meta::value).first(connection).optional()?;
    text.map(|text| text.parse().map_err(|detail| StoreError::corrupt("meta", DEFAULT_PLAN, detail))).transpose()
}

/// Notes the servers' default plan, for whoever wants to delete it.
///
/// # Errors
/// [`StoreError`].
pub fn set_default_plan(transaction: &mut WriteTransaction<'_>, plan: &PlanName) -> Result<(), StoreError> {
    set(transaction, DEFAULT_PLAN, plan.as_str())
}

const PROFILE: &str = "profile";

/// The profile that the servers of this database run with; `None` before the first start.
///
/// # Errors
/// [`StoreError`].
pub fn profile(connection: &mut DbConnection) -> Result<Option<Profile>, StoreError> {
    let text: Option<String> = meta::table.find(PROFILE).select(meta::value).first(connection).optional()?;
    text.map(|text| text.parse().map_err(|detail| StoreError::corrupt("meta", PROFILE, detail))).transpose()
}

/// Notes the servers' profile, for whoever makes signing keys.
///
/// # Errors
/// [`StoreError`].
pub fn set_profile(transaction: &mut WriteTransaction<'_>, profile: Profile) -> Result<(), StoreError> {
    set(transaction, PROFILE, profile.as_str())
}

fn set(transaction: &mut WriteTransaction<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    let rows = diesel::update(meta::table.find(name)).set(meta::value.eq(value)).execute(transaction.connection)?;
    if rows == 0 {
        diesel::insert_into(meta::table).values((meta::name.eq(name), meta::value.eq(value))).execute(transaction.connection)?;
    }
    Ok(())
}
