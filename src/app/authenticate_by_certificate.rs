//! Step 2 of the token endpoint for clients with certificates (RFC 8705 section 2): whether the certificate is the key's.

use std::net::IpAddr;
use std::sync::Arc;

use super::authenticate_client::AuthenticatedClient;
use super::issue_token::{Refusal, TokenIssuer};
use crate::crypto::client_certificate::PresentedCertificate;
use crate::crypto::client_jwk::ClientJwks;
use crate::domain::api_key::AuthMethod;
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
use crate::domain::public_credential::PublicCredential;
use crate::domain::time::Timestamp;
use crate::oauth::client_auth::{certificate, check_key};
use crate::oauth::error::ClientRefusal;
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
        let proving = async {
            let check = async |key: Arc<KeyEntry>| {
                self.check_certificate(&key, presented, now).await?;
                Ok(AuthenticatedClient { key, secret: None })
            };
            let id = id.ok_or(ClientRefusal::UnknownClient)?;
            self.check_newest(id, &[ClientRefusal::CertificateMismatch], check).await
        };
        self.brake(id, address, proving).await
    }

    async fn check_certificate(
        &self,
        key: &KeyEntry,
        presented: &PresentedCertificate,
        now: Timestamp,
    ) -> Result<(), ClientRefusal> {
        let settings = self.mutual_tls.as_ref().ok_or(ClientRefusal::OtherMethod)?;
        if !MutualTls::allows(Some(settings), key.auth_method) {
            return Err(ClientRefusal::OtherMethod);
        }
        if !self.profile_for(key).takes(key.auth_method) {
            return Err(ClientRefusal::WeakerThanProfile);
        }
        match (key.auth_method, key.public_credential.as_deref(), &settings.ca) {
            (AuthMethod::TlsClientAuth, Some(PublicCredential::Certificate(subject)), Some(ca)) => {
                certificate::check_issued(presented, subject, ca, now)?;
            }
            (AuthMethod::SelfSignedTlsClientAuth, Some(credential), _) => {
                let check = |keys: &ClientJwks| certificate::check_registered(presented, keys, now);
                let unless_newer = ClientRefusal::CertificateMismatch;
                self.client_keys.check_registered(credential, key.organization_id, unless_newer, check).await?;
            }
            _ => return Err(ClientRefusal::OtherMethod),
        }
        check_key(key, now)
    }
}
