//! What profiles demand where something is made or changed: a signing key, an organization, an API key. What requests are
//! held to is with the requests.

use std::fmt;

use super::AppError;
use crate::clock;
use crate::domain::Invalid;
use crate::domain::api_key::AuthMethod;
use crate::domain::id::OrganizationId;
use crate::domain::organization::Organization;
use crate::domain::profile::{OrganizationProfile, Profile};
use crate::domain::signing_key::{KeyDates, KeyState, SigningAlgorithm, state};
use crate::domain::time::Timestamp;
use crate::store::{Db, DbConnection, StoreError, meta, organizations, signing_keys};

/// The code of everything that a profile forbids.
pub const WEAKER_THAN_PROFILE: &str = "weaker_than_profile";

/// The strictest of the profiles that must get along with how tokens are signed, and who has it.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// What is demanded.
    pub profile: Profile,
    /// `None`: the server itself demands it.
    organization: Option<OrganizationId>,
}

impl Demand {
    /// What a server of the profile `own` and its organizations demand.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn of(connection: &mut DbConnection, own: Profile) -> Result<Self, StoreError> {
        if own != Profile::Standard {
            return Ok(Self { profile: own, organization: None });
        }
        let organization = organizations::with_profile(connection, OrganizationProfile::Fapi2)?.into_iter().next();
        let profile = if organization.is_some() { Profile::Fapi2 } else { own };
        Ok(Self { profile, organization })
    }

    /// The same for whoever is no server: what the servers of this database have noted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn noted(connection: &mut DbConnection) -> Result<Self, StoreError> {
        let own = meta::profile(connection)?.unwrap_or_default();
        Self::of(connection, own)
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.organization {
            Some(id) => write!(f, "the profile {} of the organization {id}", self.profile),
            None => write!(f, "the profile {}", self.profile),
        }
    }
}

/// Notes what profile the servers have, for whoever makes signing keys by the command line.
///
/// # Errors
/// [`AppError::Store`].
pub fn publish_profile(db: &Db, profile: Profile) -> Result<(), AppError> {
    if db.read(meta::profile)?.unwrap_or_default() == profile {
        return Ok(());
    }
    db.write(clock::now(), |transaction| {
        // Nodes that start together write one after the other.
        transaction.exclusively()?;
        Ok(meta::set_profile(transaction, profile)?)
    })
}

/// Whether a signing key with this algorithm may be added.
///
/// # Errors
/// [`AppError::Invalid`].
pub(super) fn check_algorithm(connection: &mut DbConnection, algorithm: SigningAlgorithm) -> Result<(), AppError> {
    let demand = Demand::noted(connection)?;
    if demand.profile.signs_with(algorithm) {
        return Ok(());
    }
    let detail = format!("{demand} does not sign with {algorithm}: say PS256, ES256 or EdDSA");
    Err(Invalid::new("algorithm", WEAKER_THAN_PROFILE, detail).into())
}

/// What a key signs with, now or as soon as it has been published for long enough, that the profile forbids.
///
/// # Errors
/// [`StoreError`].
pub fn weak_signer(
    connection: &mut DbConnection,
    profile: Profile,
    now: Timestamp,
) -> Result<Option<SigningAlgorithm>, StoreError> {
    let keys = signing_keys::all(connection)?;
    let dates: Vec<KeyDates> = keys.iter().map(|key| key.dates).collect();
    let signs = |index| matches!(state(&dates, index, now), KeyState::Published | KeyState::Signing);
    let weak = keys.iter().enumerate().find(|(index, key)| signs(*index) && !profile.signs_with(key.algorithm));
    Ok(weak.map(|(_, key)| key.algorithm))
}

/// Why an organization cannot have a profile now; `None`: it can.
///
/// # Errors
/// [`StoreError`].
pub(super) fn in_the_way_of(
    connection: &mut DbConnection,
    profile: OrganizationProfile,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let weak = weak_signer(connection, profile.demands(), now)?;
    Ok(weak.map(|algorithm| {
        format!(
            "the profile {profile} does not sign with {algorithm}, and a key that signs, or soon will, does: `claviger signing-keys \
             rotate --alg PS256` first, and wait until the new key signs"
        )
    }))
}

/// Whether a key of that organization may be made that proves itself so.
///
/// # Errors
/// [`AppError::Invalid`].
pub(super) fn check_method(organization: &Organization, method: AuthMethod) -> Result<(), AppError> {
    let profile = organization.profile;
    if profile.demands().takes(method) {
        return Ok(());
    }
    let detail = format!(
        "the organization has the profile {profile}, which does not take {method}: say private_key_jwt, tls_client_auth or \
         self_signed_tls_client_auth"
    );
    Err(Invalid::new("token_endpoint_auth_method", WEAKER_THAN_PROFILE, detail).into())
}
