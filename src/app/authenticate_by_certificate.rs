//! Step 2 of the token endpoint for clients with certificates (RFC 8705 section 2): whether the certificate is the key's.

use std::net::IpAddr;
use std::sync::Arc;

use super::authenticate_by_assertion::Denied;
use super::authenticate_client::AuthenticatedClient;
use super::issue_token::{Refusal, TokenIssuer};
use crate::crypto::client_certificate::PresentedCertificate;
use crate::crypto::client_jwk::ClientJwks;
use crate::directory::LoadedKey;
use crate::domain::api_key::AuthMethod;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::public_credential::PublicCredential;
use crate::domain::time::Timestamp;
use crate::oauth::client_auth::{certificate, check_key};
use crate::oauth::error::{ClientRefusal, OAuthError};
use crate::oauth::mutual_tls::MutualTls;

impl TokenIssuer {
    /// Whether the client with that certificate is the one that it names in the form.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn authenticate_by_certificate(
        &self,
        named: &str,
        presented: &PresentedCertificate,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Refusal> {
        let id: Option<ClientId> = named.parse().ok();
        let counted = id.map(|id| id.to_string());
        // The answer may be waited for, and so a failure is counted before it is known.
        self.failures
            .reserve(counted.as_deref(), address)
            .map_err(|retry_after_seconds| OAuthError::TooManyFailures { retry_after_seconds })?;
        let outcome = match id {
            None => Err(ClientRefusal::UnknownClient.into()),
            Some(id) => self.prove_by_certificate(id, presented, now).await,
        };
        if !matches!(outcome, Err(Denied::Client(_))) {
            self.failures.take_back(counted.as_deref(), address);
        }
        outcome.map_err(|denied| Refusal { client_id: id, ..denied.into() })
    }

    async fn prove_by_certificate(
        &self,
        id: ClientId,
        presented: &PresentedCertificate,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Denied> {
        let (loaded, is_from_memory) = match self.directory.key_in_memory(id) {
            Some(remembered) => (remembered, true),
            None => (self.directory.load_key(id).await?, false),
        };
        let checked = match self.check_certificate(&loaded, presented, now).await {
            // The key may have been made, or its credential changed, on another node a moment ago.
            Err(refusal @ (ClientRefusal::CertificateMismatch | ClientRefusal::UnknownClient))
                if is_from_memory && loaded.may_be_outdated() =>
            {
                match self.directory.load_key(id).await {
                    Ok(newer) => self.check_certificate(&newer, presented, now).await,
                    Err(_) => Err(refusal),
                }
            }
            checked => checked,
        };
        Ok(AuthenticatedClient { key: checked?, secret: None })
    }

    async fn check_certificate(
        &self,
        loaded: &LoadedKey,
        presented: &PresentedCertificate,
        now: Timestamp,
    ) -> Result<Arc<KeyEntry>, ClientRefusal> {
        let key = match loaded {
            LoadedKey::Known(key) => Arc::clone(&key.entry),
            LoadedKey::Absent(absent) if absent.was_deleted => return Err(ClientRefusal::Deleted),
            LoadedKey::Absent(_) => return Err(ClientRefusal::UnknownClient),
        };
        let settings = self.mutual_tls.as_ref().ok_or(ClientRefusal::OtherMethod)?;
        if !MutualTls::allows(Some(settings), key.auth_method) {
            return Err(ClientRefusal::OtherMethod);
        }
        if !self.profile_for(&key).takes(key.auth_method) {
            return Err(ClientRefusal::WeakerThanProfile);
        }
        match (key.auth_method, key.public_credential.as_deref(), &settings.ca) {
            (AuthMethod::TlsClientAuth, Some(PublicCredential::Certificate(subject)), Some(ca)) => {
                certificate::check_issued(presented, subject, ca, now)?;
            }
            (AuthMethod::SelfSignedTlsClientAuth, Some(credential), _) => {
                self.check_registered(credential, presented, now).await?;
            }
            _ => return Err(ClientRefusal::OtherMethod),
        }
        check_key(&key, now)?;
        Ok(key)
    }

    async fn check_registered(
        &self,
        credential: &PublicCredential,
        presented: &PresentedCertificate,
        now: Timestamp,
    ) -> Result<(), ClientRefusal> {
        let check = |keys: &ClientJwks| certificate::check_registered(presented, keys, now);
        match credential {
            PublicCredential::Jwks(jwks) => check(&ClientJwks::read(jwks.set()).map_err(|_| ClientRefusal::KeysUnavailable)?),
            PublicCredential::JwksUri(url) => {
                let published = self.client_keys.at(url, false).await.ok_or(ClientRefusal::KeysUnavailable)?;
                match check(&published.keys) {
                    // The client may have a new certificate.
                    Err(ClientRefusal::CertificateMismatch) if published.may_be_outdated() => {
                        let newer = self.client_keys.at(url, true).await.ok_or(ClientRefusal::KeysUnavailable)?;
                        check(&newer.keys)
                    }
                    checked => checked,
                }
            }
            PublicCredential::TrustedIssuer(_) | PublicCredential::Certificate(_) => Err(ClientRefusal::OtherMethod),
        }
    }
}
