//! What clients have in common that prove themselves by something else than a secret: nothing of them is believed before it
//! was looked at, and a look may have to be waited for.

use std::net::IpAddr;
use std::sync::Arc;

use super::authenticate_client::AuthenticatedClient;
use super::issue_token::{Refusal, TokenIssuer};
use crate::directory::{LoadedKey, LookupError};
use crate::domain::id::ClientId;
use crate::domain::key_entry::KeyEntry;
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
    /// What `proving` comes to, unless there were too many failures for that id. The answer is waited for, and so a failure is
    /// counted before it is known.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn brake(
        &self,
        id: Option<ClientId>,
        address: IpAddr,
        proving: impl Future<Output = Result<AuthenticatedClient, Denied>>,
    ) -> Result<AuthenticatedClient, Refusal> {
        let counted = self
            .failures
            .reserve_until_known(id.map(|id| id.to_string()), address)
            .map_err(|retry_after_seconds| OAuthError::TooManyFailures { retry_after_seconds })?;
        let outcome = proving.await;
        // Keys that are out of reach are nobody's guess.
        if matches!(outcome, Err(Denied::Client(refusal)) if refusal != ClientRefusal::KeysUnavailable) {
            counted.stays();
        }
        outcome.map_err(|denied| Refusal { client_id: id, ..denied.into() })
    }

    /// What `check` says of the key of that id. Memory first; where it refuses, or knows no such key, for a reason that is in
    /// `unless_newer`, the database is asked once more: the key may have been made, or its credential changed, on another
    /// node a moment ago.
    ///
    /// # Errors
    /// [`Denied`].
    pub(super) async fn check_newest<T>(
        &self,
        id: ClientId,
        unless_newer: &[ClientRefusal],
        check: impl AsyncFn(Arc<KeyEntry>) -> Result<T, ClientRefusal>,
    ) -> Result<T, Denied> {
        let judge = async |loaded: &LoadedKey| match loaded {
            LoadedKey::Known(key) => check(Arc::clone(&key.entry)).await,
            LoadedKey::Absent(absent) if absent.was_deleted => Err(ClientRefusal::Deleted),
            LoadedKey::Absent(_) => Err(ClientRefusal::UnknownClient),
        };
        let Some(remembered) = self.directory.key_in_memory(id) else {
            return Ok(judge(&self.directory.load_key(id).await?).await?);
        };
        let refusal = match judge(&remembered).await {
            Ok(checked) => return Ok(checked),
            Err(refusal) => refusal,
        };
        let may_be_news = refusal == ClientRefusal::UnknownClient || unless_newer.contains(&refusal);
        if !may_be_news || !remembered.may_be_outdated() {
            return Err(refusal.into());
        }
        match self.directory.load_key(id).await {
            Ok(newer) => Ok(judge(&newer).await?),
            // What memory said stands while memory is to be trusted.
            Err(_) => Err(refusal.into()),
        }
    }
}
