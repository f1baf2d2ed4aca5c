//! Step 2 of the token endpoint for clients without a secret: whose assertion it is, and whether it is used for the first time.
//!
//! What can be judged without asking anybody is judged first; a `jti` is used up last, when all else is right.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::OneTimeKind;
use super::authenticate_client::AuthenticatedClient;
use super::clients_without_secrets::Denied;
use super::issue_token::{Refusal, TokenIssuer};
use crate::crypto::client_jwk::ClientJwks;
use crate::crypto::client_jwt::Unverified;
use crate::crypto::digest::fingerprint;
use crate::domain::api_key::AuthMethod;
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::key_entry::KeyEntry;
use crate::domain::public_credential::{PublicCredential, TrustedIssuer};
use crate::domain::time::Timestamp;
use crate::oauth::client_auth::assertion::{self, UsedAssertion};
use crate::oauth::client_auth::check_key;
use crate::oauth::error::ClientRefusal;

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
        let proving = async {
            let read = read?;
            self.prove(id.ok_or(ClientRefusal::UnknownClient)?, &read, address, now).await
        };
        self.brake(id, address, proving).await
    }

    async fn prove(
        &self,
        id: ClientId,
        read: &Unverified<'_>,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Denied> {
        let unless_newer = [ClientRefusal::AssertionSignature, ClientRefusal::AssertionClaims];
        let check = async |key: Arc<KeyEntry>| {
            let used = self.check_assertion(&key, read, now).await?;
            Ok((key, used))
        };
        let (key, used) = self.check_newest(id, &unless_newer, check).await?;
        if !key.ip_allowlist.allows(address) {
            return Err(Denied::Address);
        }
        let owner = owner(&key);
        let is_first = self.one_time.use_once(OneTimeKind::ClientAssertion, &owner, &used.jti, used.expires_at).await?;
        if is_first { Ok(AuthenticatedClient { key, secret: None }) } else { Err(ClientRefusal::AssertionReplayed.into()) }
    }

    async fn check_assertion(
        &self,
        key: &KeyEntry,
        read: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<UsedAssertion, ClientRefusal> {
        let profile = self.profile_for(key);
        if !profile.takes(key.auth_method) || !profile.signs_with(read.algorithm()) {
            return Err(ClientRefusal::WeakerThanProfile);
        }
        let used = match (key.auth_method, key.public_credential.as_deref()) {
            (AuthMethod::PrivateKeyJwt, Some(credential)) => {
                let id = key.client_id.to_string();
                let check = |keys: &ClientJwks| assertion::check_own(read.clone(), &id, &self.issuer, keys, now);
                let unless_newer = ClientRefusal::AssertionSignature;
                self.client_keys.check_registered(credential, key.organization_id, unless_newer, check).await?
            }
            (AuthMethod::WorkloadJwt, Some(PublicCredential::TrustedIssuer(trusted))) => {
                self.check_of_workload(trusted, key.organization_id, read, now).await?
            }
            _ => return Err(ClientRefusal::OtherMethod),
        };
        check_key(key, now)?;
        Ok(used)
    }

    async fn check_of_workload(
        &self,
        trusted: &TrustedIssuer,
        organization: OrganizationId,
        read: &Unverified<'_>,
        now: Timestamp,
    ) -> Result<UsedAssertion, ClientRefusal> {
        // Without the signature: of ECDSA's there are two for each that is known.
        let print = || URL_SAFE_NO_PAD.encode(fingerprint([read.message().as_bytes()]));
        // Nobody is asked for the keys of an issuer whose token it is not.
        if read.claim("iss").and_then(serde_json::Value::as_str) != Some(trusted.issuer.as_str()) {
            return Err(ClientRefusal::AssertionClaims);
        }
        let check = |keys: &ClientJwks| assertion::check_of_workload(read.clone(), trusted, keys, print, now);
        self.client_keys.check_of_issuer(trusted, organization, ClientRefusal::AssertionSignature, check).await
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
