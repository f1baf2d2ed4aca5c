//! Makes, rotates and imports signing keys.
//!
//! A key's whole life follows from the dates written here, once, in one transaction: a crash leaves either no new key
//! or one that every node treats alike.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::profiles::{Demand, check_algorithm};
use super::{AppError, Management, Work};
use crate::clock;
use crate::crypto::CryptoError;
use crate::crypto::master_key::MasterKey;
use crate::crypto::signing::SigningPair;
use crate::domain::Invalid;
use crate::domain::actor::{Actor, Principal};
use crate::domain::audit_event::AuditEntry;
use crate::domain::role::RolePolicy;
use crate::domain::signing_key::{
    KeyDates, KeyState, SigningAlgorithm, StoredSigningKey, publish_before_use_seconds, published_until, signs_until, state,
};
use crate::domain::time::Timestamp;
use crate::store::{Change, Db, StoreError, meta, signing_keys};

/// A signing key as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
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
    /// Until when it signs; `null` while no other takes its place.
    pub signs_until: Option<Timestamp>,
    /// Until when it is in the JWKS, so that its tokens are good to their end; `null` while no other takes its place.
    pub published_until: Option<Timestamp>,
    /// When it was taken out at once.
    pub revoked_at: Option<Timestamp>,
}

/// Every signing key with its state, in the order in which they were made.
///
/// # Errors
/// [`StoreError`].
pub fn list(db: &Db, now: Timestamp) -> Result<Vec<SigningKeyView>, AppError> {
    Ok(views(db.read(signing_keys::all)?, now))
}

fn views(keys: Vec<StoredSigningKey>, now: Timestamp) -> Vec<SigningKeyView> {
    let dates: Vec<KeyDates> = keys.iter().map(|key| key.dates).collect();
    let view = |(index, key): (usize, StoredSigningKey)| SigningKeyView {
        id: key.kid.clone(),
        kid: key.kid,
        algorithm: key.algorithm,
        state: state(&dates, index, now),
        created_at: key.dates.created_at,
        signs_from: key.dates.signs_from,
        signs_until: signs_until(&dates, index),
        published_until: published_until(&dates, index),
        revoked_at: key.dates.revoked_at,
    };
    keys.into_iter().enumerate().map(view).collect()
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

/// A key pair that was not added yet: making one takes long, and nobody should wait for the database meanwhile.
pub struct NewSigningKey {
    pair: SigningPair,
    der: Zeroizing<Vec<u8>>,
    /// What the audit log says.
    action: &'static str,
}

/// Makes a key pair; without an algorithm, with that of the key that signs now.
///
/// # Errors
/// [`AppError::Store`], [`AppError::Crypto`].
pub fn generate(db: &Db, algorithm: Option<SigningAlgorithm>) -> Result<NewSigningKey, AppError> {
    let algorithm = match algorithm {
        Some(algorithm) => algorithm,
        None => algorithm_in_use(&db.read(signing_keys::all)?, clock::now()).unwrap_or_default(),
    };
    let (pair, der) = SigningPair::generate(algorithm)?;
    Ok(NewSigningKey { pair, der, action: "signing_key.rotated" })
}

/// Reads a key pair from PEM (PKCS#8).
///
/// # Errors
/// [`AppError::Invalid`] when it is not such a key.
pub fn read_pem(pem: &str, algorithm: Option<SigningAlgorithm>) -> Result<NewSigningKey, AppError> {
    let (pair, der) = SigningPair::import_pem(pem, algorithm).map_err(|error| match error {
        CryptoError::KeyRefused(_) | CryptoError::PublicJwk(_) => Invalid::new("pem", "key_refused", error.to_string()).into(),
        other => AppError::Crypto(other),
    })?;
    Ok(NewSigningKey { pair, der, action: "signing_key.imported" })
}

/// Adds a key. `jwks_max_age_seconds` is what the caller knows of the JWKS's age; the servers have noted theirs.
///
/// # Errors
/// [`AppError::Conflict`] when the key is there already, [`AppError::Invalid`] when a profile forbids its algorithm.
pub fn add(
    work: &mut Work<'_, '_>,
    new: &NewSigningKey,
    takeover: Takeover,
    jwks_max_age_seconds: Option<u32>,
) -> Result<SigningKeyView, AppError> {
    let published = meta::jwks_max_age_seconds(work.transaction.reading())?;
    // The longest that a verifier may keep the JWKS.
    let max_age = published.max(jwks_max_age_seconds).unwrap_or(DEFAULT_JWKS_MAX_AGE_SECONDS);
    let existing = signing_keys::all(work.transaction.reading())?;
    if existing.iter().any(|key| key.kid == new.pair.kid()) {
        return Err(AppError::Conflict(format!("the signing key {} is there already", new.pair.kid())));
    }
    check_algorithm(work.transaction.reading(), new.pair.algorithm())?;
    let now = work.now;
    if takeover == Takeover::AtOnce {
        signing_keys::revoke_all(work.transaction, now)?;
    }
    let signs_from = signs_from(&existing, takeover, max_age, now);
    let public_jwk = serde_json::to_string(new.pair.public_jwk()).map_err(|error| StoreError::Refused(error.to_string()))?;
    let key = StoredSigningKey {
        kid: new.pair.kid().to_owned(),
        algorithm: new.pair.algorithm(),
        public_jwk,
        encrypted_private_key: work.management.envelope.seal(&new.der, new.pair.kid().as_bytes())?,
        dates: KeyDates { created_at: now, signs_from, revoked_at: None },
    };
    signing_keys::insert(work.transaction, &key)?;
    work.transaction.changed(Change::SigningKeys);
    let after = json!({"algorithm": key.algorithm, "signs_from": signs_from, "others_revoked": takeover == Takeover::AtOnce});
    work.audit(AuditEntry::done(new.action, None, &key.kid).changing(None, Some(after)));
    let all = signing_keys::all(work.transaction.reading())?;
    views(all, now).into_iter().find(|view| view.kid == key.kid).ok_or_else(|| AppError::not_found("signing key", &key.kid))
}

fn signs_from(existing: &[StoredSigningKey], takeover: Takeover, jwks_max_age_seconds: u32, now: Timestamp) -> Timestamp {
    let in_use = || existing.iter().filter(|key| takeover != Takeover::AtOnce && key.dates.revoked_at.is_none());
    let waits = takeover == Takeover::AfterPublication && in_use().next().is_some();
    let from = if waits { now.plus_seconds(publish_before_use_seconds(jwks_max_age_seconds)) } else { now };
    // Two rotations within a second: the later one's key is the one that signs in the end.
    let latest = in_use().map(|key| key.dates.signs_from).max();
    latest.map_or(from, |latest| from.max(latest.plus_seconds(1)))
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
    // What the settings ask for may have been forbidden since, by an organization's profile.
    let demand = db.read(Demand::noted)?;
    let policy =
        RotationPolicy { algorithm: policy.algorithm.filter(|algorithm| demand.profile.signs_with(*algorithm)), ..policy };
    if !is_due(&db.read(signing_keys::all)?, policy, occasion, clock::now()) {
        return Ok(None);
    }
    let new = generate(db, policy.algorithm)?;
    let management = Management::new(db.clone(), master_key, RolePolicy::default())?;
    management.change(&Actor::local(Principal::System), |work| {
        // Another node may have been quicker.
        if !is_due(&signing_keys::all(work.transaction.reading())?, policy, occasion, work.now) {
            return Ok(None);
        }
        let key = add(work, &new, Takeover::AfterPublication, Some(policy.jwks_max_age_seconds))?;
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
