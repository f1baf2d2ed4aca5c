//! Makes, rotates and imports signing keys.
//!
//! A key's whole life follows from the dates written here, once, in one transaction: a crash leaves either no new key
//! or one that every node treats alike.

use serde::Serialize;

use super::AppError;
use crate::clock;
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningPair;
use crate::domain::signing_key::{KeyDates, KeyState, SigningAlgorithm, StoredSigningKey, publish_before_use_seconds, state};
use crate::domain::time::Timestamp;
use crate::store::{Change, Db, StoreError, WriteTransaction, meta, signing_keys};

/// A signing key as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct SigningKeyView {
    /// The same as `kid`.
    pub id: String,
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// Where it stands now.
    pub state: KeyState,
    /// When it entered the JWKS.
    pub created_at: Timestamp,
    /// From when on it signs.
    pub signs_from: Timestamp,
    /// When it was taken out at once.
    pub revoked_at: Option<Timestamp>,
}

/// Every signing key with its state, in the order in which they were made.
///
/// # Errors
/// [`StoreError`].
pub fn list(db: &Db, now: Timestamp) -> Result<Vec<SigningKeyView>, AppError> {
    let keys = db.read(signing_keys::all)?;
    let dates: Vec<KeyDates> = keys.iter().map(|key| key.dates).collect();
    let view = |(index, key): (usize, StoredSigningKey)| SigningKeyView {
        id: key.kid.clone(),
        kid: key.kid,
        algorithm: key.algorithm,
        state: state(&dates, index, now),
        created_at: key.dates.created_at,
        signs_from: key.dates.signs_from,
        revoked_at: key.dates.revoked_at,
    };
    Ok(keys.into_iter().enumerate().map(view).collect())
}

/// When a new key begins to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// After it has been in the JWKS for long enough that every verifier has it.
    AfterPublication,
    /// At once; every other key leaves the JWKS. For a compromise.
    AtOnce,
}

/// How signing keys are looked after.
#[derive(Clone, Copy, Debug)]
pub struct RotationPolicy {
    /// What the JWKS says of its own age, in seconds.
    pub jwks_max_age_seconds: u32,
    /// Days after which the newest key gets a successor; 0: never.
    pub rotation_days: u32,
    /// The algorithm that the settings ask for; `None`: the one of the newest key.
    pub algorithm: Option<SigningAlgorithm>,
}

/// Notes what this server says of the JWKS's age, so that whoever rotates by the command line waits for long enough.
///
/// # Errors
/// [`AppError::Store`].
pub fn publish_jwks_max_age(db: &Db, seconds: u32) -> Result<(), AppError> {
    if db.read(meta::jwks_max_age_seconds)? == Some(seconds) {
        return Ok(());
    }
    db.write(clock::now(), |transaction| {
        // Nodes that start together write one after the other.
        transaction.exclusively()?;
        Ok(meta::set_jwks_max_age_seconds(transaction, seconds)?)
    })
}

/// The longest that a verifier may keep the JWKS: what the servers say, or `own` when that is more.
fn longest_max_age(db: &Db, own: Option<u32>) -> Result<u32, AppError> {
    let published = db.read(meta::jwks_max_age_seconds)?;
    Ok(published.max(own).unwrap_or(DEFAULT_JWKS_MAX_AGE_SECONDS))
}

/// What the JWKS says of its own age unless a setting says otherwise, in seconds.
pub const DEFAULT_JWKS_MAX_AGE_SECONDS: u32 = 300;

/// When a rotation is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A server starts: a changed algorithm counts. Only here, or two nodes with different settings would never end.
    Start,
    /// From time to time.
    Later,
}

/// Makes a new key.
///
/// # Errors
/// [`AppError::Store`], [`AppError::Crypto`].
pub fn rotate(
    db: &Db,
    master_key: &MasterKey,
    algorithm: Option<SigningAlgorithm>,
    takeover: Takeover,
    jwks_max_age_seconds: Option<u32>,
) -> Result<SigningKeyView, AppError> {
    let jwks_max_age_seconds = longest_max_age(db, jwks_max_age_seconds)?;
    let now = clock::now();
    let in_use = algorithm_in_use(&db.read(signing_keys::all)?, now);
    let (pair, der) = SigningPair::generate(algorithm.or(in_use).unwrap_or_default())?;
    let key = db.write(now, |transaction| {
        transaction.exclusively()?;
        add(transaction, master_key, &pair, &der, takeover, jwks_max_age_seconds, now)
    })?;
    show(db, &key.kid, now)
}

/// Adds a key from a PEM file (PKCS#8); it signs after it has been published for long enough.
///
/// # Errors
/// [`AppError::Crypto`] when the file is not such a key, [`AppError::Conflict`] when the key is there already.
pub fn import(
    db: &Db,
    master_key: &MasterKey,
    pem: &str,
    algorithm: Option<SigningAlgorithm>,
    jwks_max_age_seconds: Option<u32>,
) -> Result<SigningKeyView, AppError> {
    let jwks_max_age_seconds = longest_max_age(db, jwks_max_age_seconds)?;
    let (pair, der) = SigningPair::import_pem(pem, algorithm)?;
    let now = clock::now();
    let key = db.write(now, |transaction| {
        transaction.exclusively()?;
        add(transaction, master_key, &pair, &der, Takeover::AfterPublication, jwks_max_age_seconds, now).map_err(|error| {
            match error {
                AppError::Store(StoreError::UniqueViolation(_)) => {
                    AppError::Conflict(format!("the signing key {} is there already", pair.kid()))
                }
                other => other,
            }
        })
    })?;
    show(db, &key.kid, now)
}

/// Makes the first key, or, as the policy says, a successor for one that is due. Safe to call on every node at once.
///
/// # Errors
/// [`AppError::Store`], [`AppError::Crypto`].
pub fn rotate_if_due(
    db: &Db,
    master_key: &MasterKey,
    policy: RotationPolicy,
    occasion: Occasion,
) -> Result<Option<String>, AppError> {
    if !is_due(&db.read(signing_keys::all)?, policy, occasion, clock::now()) {
        return Ok(None);
    }
    let now = clock::now();
    let in_use = algorithm_in_use(&db.read(signing_keys::all)?, now);
    let (pair, der) = SigningPair::generate(policy.algorithm.or(in_use).unwrap_or_default())?;
    db.write(now, |transaction| {
        transaction.exclusively()?;
        // Another node may have been quicker.
        if !is_due(&signing_keys::all(transaction.reading())?, policy, occasion, now) {
            return Ok(None);
        }
        let key = add(transaction, master_key, &pair, &der, Takeover::AfterPublication, policy.jwks_max_age_seconds, now)?;
        Ok(Some(key.kid))
    })
}

/// What resource servers expect now: the algorithm of the key that signs.
fn algorithm_in_use(keys: &[StoredSigningKey], now: Timestamp) -> Option<SigningAlgorithm> {
    let dates: Vec<KeyDates> = keys.iter().map(|key| key.dates).collect();
    let mut signing = keys.iter().enumerate().filter(|(index, _)| state(&dates, *index, now) == KeyState::Signing);
    signing.next().map(|(_, key)| key.algorithm)
}

fn is_due(keys: &[StoredSigningKey], policy: RotationPolicy, occasion: Occasion, now: Timestamp) -> bool {
    let in_use = || keys.iter().filter(|key| key.dates.revoked_at.is_none());
    let Some(newest) = in_use().max_by_key(|key| key.dates.signs_from) else { return true };
    if newest.dates.signs_from > now {
        // One is under way.
        return false;
    }
    let lifetime = i64::from(policy.rotation_days) * 86_400;
    let aged = policy.rotation_days > 0 && newest.dates.created_at.plus_seconds(lifetime) <= now;
    aged || (occasion == Occasion::Start && policy.algorithm.is_some_and(|wanted| wanted != newest.algorithm))
}

fn add(
    transaction: &mut WriteTransaction<'_>,
    master_key: &MasterKey,
    pair: &SigningPair,
    der: &[u8],
    takeover: Takeover,
    jwks_max_age_seconds: u32,
    now: Timestamp,
) -> Result<StoredSigningKey, AppError> {
    let existing = signing_keys::all(transaction.reading())?;
    let is_first = existing.iter().all(|key| key.dates.revoked_at.is_some());
    let waits = takeover == Takeover::AfterPublication && !is_first;
    if takeover == Takeover::AtOnce {
        signing_keys::revoke_all(transaction, now)?;
    }
    let signs_from = if waits { now.plus_seconds(publish_before_use_seconds(jwks_max_age_seconds)) } else { now };
    // Two rotations within a second: the later one's key is the one that signs in the end.
    let latest = existing
        .iter()
        .filter(|key| takeover != Takeover::AtOnce && key.dates.revoked_at.is_none())
        .map(|key| key.dates.signs_from)
        .max();
    let signs_from = latest.map_or(signs_from, |latest| signs_from.max(latest.plus_seconds(1)));
    let public_jwk = serde_json::to_string(pair.public_jwk()).map_err(|error| StoreError::Refused(error.to_string()))?;
    let key = StoredSigningKey {
        kid: pair.kid().to_owned(),
        algorithm: pair.algorithm(),
        public_jwk,
        encrypted_private_key: master_key.envelope()?.seal(der, pair.kid().as_bytes())?,
        dates: KeyDates { created_at: now, signs_from, revoked_at: None },
    };
    signing_keys::insert(transaction, &key)?;
    transaction.changed(Change::SigningKeys);
    Ok(key)
}

fn show(db: &Db, kid: &str, now: Timestamp) -> Result<SigningKeyView, AppError> {
    list(db, now)?.into_iter().find(|key| key.kid == kid).ok_or_else(|| AppError::not_found("signing key", kid))
}
