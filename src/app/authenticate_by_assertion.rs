//! Step 2 of the token endpoint for clients without a secret: whose assertion it is, and whether it is used for the first time.
//!
//! What can be judged without asking anybody is judged first; a `jti` is used up last, when all else is right.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::OneTimeKind;
use super::authenticate_client::AuthenticatedClient;
use super::issue_token::{Refusal, TokenIssuer};
use crate::crypto::client_jwk::ClientJwks;
use crate::crypto::client_jwt::Unverified;
use crate::crypto::digest::fingerprint;
use crate::directory::{LoadedKey, LookupError};
use crate::domain::api_key::AuthMethod;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::public_credential::{PublicCredential, TrustedIssuer};
use crate::domain::time::Timestamp;
use crate::oauth::client_auth::assertion::{self, UsedAssertion};
use crate::oauth::client_auth::check_key;
use crate::oauth::error::{ClientRefusal, OAuthError};

/// Why an assertion, or a certificate, does not prove who its client is.
pub(super) enum Denied {
    Client(ClientRefusal),
    /// From an address that the key's allowlist does not have.
    Address,
    Fault(LookupError),
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Client(refusal) => OAuthError::InvalidClient(refusal).into(),
            Denied::Address => OAuthError::UnauthorizedClient.into(),
            Denied::Fault(fault) => Self::from(fault),
        }
    }
}

impl From<ClientRefusal> for Denied {
    fn from(refusal: ClientRefusal) -> Self {
        Self::Client(refusal)
    }
}

impl From<LookupError> for Denied {
    fn from(fault: LookupError) -> Self {
        Self::Fault(fault)
    }
}

impl TokenIssuer {
    /// Whether the client is who the assertion says.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn authenticate_by_assertion(
        &self,
        named: Option<&str>,
        text: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Refusal> {
        let read = assertion::read(text);
        // RFC 7521 section 4.2: the client's name in the form is optional, for `sub` has it.
        let of_assertion = read.as_ref().ok().and_then(|read| read.claim("sub")?.as_str());
        let id: Option<ClientId> = named.or(of_assertion).and_then(|name| name.parse().ok());
        let counted = id.map(|id| id.to_string());
        // The answer is waited for, and so a failure is counted before it is known.
        let counted = self
            .failures
            .reserve_until_known(counted, address)
            .map_err(|retry_after_seconds| OAuthError::TooManyFailures { retry_after_seconds })?;
        let outcome = match (read, id) {
            (Err(refusal), _) => Err(refusal.into()),
            (Ok(_), None) => Err(ClientRefusal::UnknownClient.into()),
            (Ok(read), Some(id)) => self.prove(id, &read, address, now).await,
        };
        // Keys that are out of reach are nobody's guess.
        if matches!(outcome, Err(Denied::Client(refusal)) if refusal != ClientRefusal::KeysUnavailable) {
            counted.stays();
        }
        outcome.map_err(|denied| Refusal { client_id: id, ..denied.into() })
    }

    async fn prove(
        &self,
        id: ClientId,
        read: &Unverified<'_>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Denied> {
        let (loaded, is_from_memory) = match self.directory.key_in_memory(id) {
            Some(remembered) => (remembered, true),
            None => (self.directory.load_key(id).await?, false),
        };
        let checked = match self.check_assertion(&loaded, read, now).await {
            // The key may have been made, or its credential changed, on another node a moment ago.
            Err(ClientRefusal::AssertionSignature | ClientRefusal::AssertionClaims | ClientRefusal::UnknownClient)
                if is_from_memory && loaded.may_be_outdated() =>
            {
                match self.directory.load_key(id).await {
                    Ok(newer) => self.check_assertion(&newer, read, now).await,
                    Err(_) => return Err(ClientRefusal::AssertionSignature.into()),
                }
            }
            checked => checked,
        };
        let (key, used) = checked?;
        if !key.ip_allowlist.allows(address) {
            return Err(Denied::Address);
        }
        let owner = owner(&key);
        let is_first = self.one_time.use_once(OneTimeKind::ClientAssertion, &owner, &used.jti, used.expires_at).await?;
        if is_first { Ok(AuthenticatedClient { key, secret: None }) } else { Err(ClientRefusal::AssertionReplayed.into()) }
    }

    async fn check_assertion(
        &self,
        loaded: &LoadedKey,
        read: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<(Arc<KeyEntry>, UsedAssertion), ClientRefusal> {
        let key = match loaded {
            LoadedKey::Known(key) => Arc::clone(&key.entry),
            LoadedKey::Absent(absent) if absent.was_deleted => return Err(ClientRefusal::Deleted),
            LoadedKey::Absent(_) => return Err(ClientRefusal::UnknownClient),
        };
        let profile = self.profile_for(&key);
        if !profile.takes(key.auth_method) || !profile.signs_with(read.algorithm()) {
            return Err(ClientRefusal::WeakerThanProfile);
        }
        let used = match (key.auth_method, key.public_credential.as_deref()) {
            (AuthMethod::PrivateKeyJwt, Some(credential)) => self.check_own(&key, credential, read, now).await?,
            (AuthMethod::WorkloadJwt, Some(PublicCredential::TrustedIssuer(trusted))) => {
                self.check_of_workload(trusted, read, now).await?
            }
            _ => return Err(ClientRefusal::OtherMethod),
        };
        check_key(&key, now)?;
        Ok((key, used))
    }

    async fn check_own(
        &self,
        key: &KeyEntry,
        credential: &PublicCredential,
        read: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<UsedAssertion, ClientRefusal> {
        let id = key.client_id.to_string();
        let check = |keys: &ClientJwks| assertion::check_own(read.clone(), &id, &self.issuer, keys, now);
        match credential {
            PublicCredential::Jwks(jwks) => {
                let keys = ClientJwks::read(jwks.set()).map_err(|_| ClientRefusal::KeysUnavailable)?;
                check(&keys)
            }
            PublicCredential::JwksUri(url) => {
                let published = self.client_keys.at(url, false).await.ok_or(ClientRefusal::KeysUnavailable)?;
                match check(&published.keys) {
                    // The client may have a new key.
                    Err(ClientRefusal::AssertionSignature) if published.may_be_outdated() => {
                        let newer = self.client_keys.at(url, true).await.ok_or(ClientRefusal::KeysUnavailable)?;
                        check(&newer.keys)
                    }
                    checked => checked,
                }
            }
            PublicCredential::TrustedIssuer(_) | PublicCredential::Certificate(_) => Err(ClientRefusal::OtherMethod),
        }
    }

    async fn check_of_workload(
        &self,
        trusted: &TrustedIssuer,
        read: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<UsedAssertion, ClientRefusal> {
        // Without the signature: of ECDSA's there are two for each that is known.
        let print = || URL_SAFE_NO_PAD.encode(fingerprint([read.message().as_bytes()]));
        let check = |keys: &ClientJwks| assertion::check_of_workload(read.clone(), trusted, keys, print, now);
        // Nobody is asked for the keys of an issuer whose token it is not.
        if read.claim("iss").and_then(serde_json::Value::as_str) != Some(trusted.issuer.as_str()) {
            return Err(ClientRefusal::AssertionClaims);
        }
        let published = self.client_keys.of_issuer(trusted, false).await.ok_or(ClientRefusal::KeysUnavailable)?;
        match check(&published.keys) {
            Err(ClientRefusal::AssertionSignature) if published.may_be_outdated() => {
                let newer = self.client_keys.of_issuer(trusted, true).await.ok_or(ClientRefusal::KeysUnavailable)?;
                check(&newer.keys)
            }
            checked => checked,
        }
    }
}

/// Whose a `jti` is: names are one's own, those of an issuer are its own whatever key of the organization it vouches for.
/// Another organization may call any server by that issuer's name.
fn owner(key: &KeyEntry) -> String {
    match key.public_credential.as_deref() {
        Some(PublicCredential::TrustedIssuer(trusted)) => format!("{} {}", key.organization_id, trusted.issuer.as_str()),
        _ => key.client_id.to_string(),
    }
}
