//! Step 2 of the token endpoint: the key of a client, and whether the client knows its secret.
//!
//! Memory first, then the database, then what takes long. A failure is counted when it is known, or before, where its
//! answer has to be waited for: as many tries at once are not to be more than the limit.

use std::net::IpAddr;
use std::sync::Arc;

use super::foreign_secrets::Busy;
use super::issue_token::{Refusal, TokenIssuer};
use crate::directory::{AbsentKey, CachedKey, LoadedKey};
use crate::domain::api_key::AuthMethod;
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::id::{ClientId, SecretId};
use crate::domain::key_entry::KeyEntry;
use crate::domain::time::Timestamp;
use crate::oauth::client_auth::{self, Recognised};
use crate::oauth::client_request::{Credentials, Presented};
use crate::oauth::error::{ClientRefusal, OAuthError};

/// What a client presents.
struct Attempt<'a> {
    client_id: &'a str,
    address: IpAddr,
    method: AuthMethod,
    secret: &'a [u8],
    now: Timestamp,
}

/// Why a client has not proved who it is.
enum Denied {
    Client(ClientRefusal),
    /// Its secret could not be compared now.
    Busy,
}

impl From<ClientRefusal> for Denied {
    fn from(refusal: ClientRefusal) -> Self {
        Self::Client(refusal)
    }
}

impl From<Busy> for Denied {
    fn from(Busy: Busy) -> Self {
        Self::Busy
    }
}

/// A client that has proved who it is.
pub(super) struct AuthenticatedClient {
    pub(super) key: Arc<KeyEntry>,
    /// The secret that it knows, if it has any.
    pub(super) secret: Option<SecretId>,
}

impl TokenIssuer {
    /// Step 2: whether the client is who it says.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn authenticate(
        &self,
        client: &Presented,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<AuthenticatedClient, Refusal> {
        let wait = |retry_after_seconds| OAuthError::TooManyFailures { retry_after_seconds };
        let (client_id, secret, method) = match &client.credentials {
            Credentials::Refused(refusal) => {
                self.failures.reserve(None, address).map_err(wait)?;
                return Err(OAuthError::InvalidClient(*refusal).into());
            }
            Credentials::Basic { client_id, client_secret } => (client_id, client_secret, AuthMethod::ClientSecretBasic),
            Credentials::Post { client_id, client_secret } => (client_id, client_secret, AuthMethod::ClientSecretPost),
            Credentials::Assertion { client_id, assertion } => {
                return self.authenticate_by_assertion(client_id.as_deref(), assertion, address, now).await;
            }
            Credentials::Certificate { client_id, certificate } => {
                return self.authenticate_by_certificate(client_id, certificate, address, now).await;
            }
        };
        if !self.profile.takes(method) {
            self.failures.reserve(Some(client_id), address).map_err(wait)?;
            return Err(OAuthError::InvalidClient(ClientRefusal::WeakerThanProfile).into());
        }
        let attempt = Attempt { client_id, address, method, secret: secret.as_bytes(), now };
        self.failures.check(Some(client_id), address).map_err(wait)?;
        if client.body_client_id.as_deref().is_some_and(|other| other != client_id.as_bytes()) {
            let named = client_id.parse().ok();
            return self.count(&attempt, ClientRefusal::OtherClientId).map_err(|r| Refusal { client_id: named, ..r });
        }
        let id = match client_id.parse() {
            Ok(id) => id,
            Err(_) => match self.resolve_foreign_id(&attempt).await? {
                Some(id) => id,
                None => return Err(OAuthError::InvalidClient(self.unknown_client(&attempt)).into()),
            },
        };
        self.try_key(id, &attempt).await.map_err(|refusal| Refusal { client_id: Some(id), ..refusal })
    }

    /// The key of a client id that is not of our form: imported keys may go by what they were called elsewhere. A
    /// failure is counted when there is none.
    async fn resolve_foreign_id(&self, attempt: &Attempt<'_>) -> Result<Option<ClientId>, Refusal> {
        let foreign: Option<ForeignClientId> = attempt.client_id.parse().ok();
        let remembered = match &foreign {
            Some(foreign) => self.directory.foreign_id_in_memory(foreign),
            None => Some(None),
        };
        match (remembered, foreign) {
            (Some(Some(id)), _) => return Ok(Some(id)),
            (None, Some(foreign)) => {
                self.reserve(attempt)?;
                let loaded = self.directory.load_foreign_id(foreign).await;
                if !matches!(loaded, Ok(None)) {
                    self.take_back(attempt);
                }
                return Ok(loaded?);
            }
            (Some(None) | None, _) => {}
        }
        self.failures.record(Some(attempt.client_id), attempt.address);
        Ok(None)
    }

    /// Memory first. When memory knows another secret or no key, the database is asked once more: the key may have been
    /// regenerated or made on another node a moment ago, and its secret must work everywhere at once. Secrets that
    /// another server has hashed come last, for they may take long.
    async fn try_key(&self, id: ClientId, attempt: &Attempt<'_>) -> Result<AuthenticatedClient, Refusal> {
        let remembered = match self.directory.key_in_memory(id) {
            Some(LoadedKey::Known(key)) => match self.check_key(&key, attempt) {
                Err(ClientRefusal::WrongSecret) => Some(LoadedKey::Known(key)),
                outcome => return outcome.or_else(|refusal| self.count(attempt, refusal)),
            },
            absent_or_not_in_memory => absent_or_not_in_memory,
        };
        // From here on the answer is waited for, and counted before it is known.
        self.reserve(attempt)?;
        let outcome = match remembered {
            Some(known) if !known.may_be_outdated() => self.judge(known, attempt).await,
            remembered => match (self.directory.load_key(id).await, remembered) {
                (Ok(loaded), _) => self.judge(loaded, attempt).await,
                // What memory said stands while memory is to be trusted.
                (Err(_), Some(known)) => self.judge(known, attempt).await,
                (Err(fault), None) => {
                    self.take_back(attempt);
                    return Err(fault.into());
                }
            },
        };
        if !matches!(outcome, Err(Denied::Client(_))) {
            self.take_back(attempt);
        }
        outcome.map_err(|denied| match denied {
            Denied::Client(refusal) => OAuthError::InvalidClient(refusal).into(),
            Denied::Busy => OAuthError::TemporarilyUnavailable.into(),
        })
    }

    async fn judge(&self, loaded: LoadedKey, attempt: &Attempt<'_>) -> Result<AuthenticatedClient, Denied> {
        match loaded {
            LoadedKey::Known(key) => match self.check_key(&key, attempt) {
                Err(ClientRefusal::WrongSecret) => self.check_foreign_secrets(&key, attempt).await,
                outcome => Ok(outcome?),
            },
            LoadedKey::Absent(AbsentKey { was_deleted, .. }) => {
                let unknown = self.unknown_client(attempt);
                Err(Denied::Client(if was_deleted { ClientRefusal::Deleted } else { unknown }))
            }
        }
    }

    fn check_key(&self, key: &CachedKey, attempt: &Attempt<'_>) -> Result<AuthenticatedClient, ClientRefusal> {
        let secret = client_auth::authenticate(&key.entry, attempt.method, attempt.secret, &self.pepper, attempt.now)?;
        self.accept(&key.entry, secret)
    }

    /// A client with the right secret, unless its organization takes none. Judged after the secret, so that nobody who does
    /// not have it learns whose the key is.
    fn accept(&self, key: &Arc<KeyEntry>, secret: SecretId) -> Result<AuthenticatedClient, ClientRefusal> {
        if self.profile_for(key).takes(key.auth_method) {
            Ok(AuthenticatedClient { key: Arc::clone(key), secret: Some(secret) })
        } else {
            Err(ClientRefusal::WeakerThanProfile)
        }
    }

    async fn check_foreign_secrets(&self, key: &CachedKey, attempt: &Attempt<'_>) -> Result<AuthenticatedClient, Denied> {
        let entry = &key.entry;
        for stored in &entry.foreign_secrets {
            if self.foreign_secrets.matches(entry.client_id, stored, attempt.secret).await? {
                let recognised = Recognised { id: stored.id, expires_at: stored.expires_at };
                let secret = client_auth::check_state(entry, attempt.method, recognised, attempt.now)?;
                return Ok(self.accept(entry, secret)?);
            }
        }
        Err(Denied::Client(ClientRefusal::WrongSecret))
    }

    fn reserve(&self, attempt: &Attempt<'_>) -> Result<(), OAuthError> {
        let reserved = self.failures.reserve(Some(attempt.client_id), attempt.address);
        reserved.map_err(|retry_after_seconds| OAuthError::TooManyFailures { retry_after_seconds })
    }

    fn take_back(&self, attempt: &Attempt<'_>) {
        self.failures.take_back(Some(attempt.client_id), attempt.address);
    }

    /// Counts a refusal of the client.
    fn count(&self, attempt: &Attempt<'_>, refusal: ClientRefusal) -> Result<AuthenticatedClient, Refusal> {
        self.failures.record(Some(attempt.client_id), attempt.address);
        Err(OAuthError::InvalidClient(refusal).into())
    }

    /// The work of comparing one secret, so that an unknown id costs what a wrong secret costs.
    fn unknown_client(&self, attempt: &Attempt<'_>) -> ClientRefusal {
        let digest = self.pepper.digest(b"");
        std::hint::black_box(self.pepper.matches(attempt.secret, &digest));
        ClientRefusal::UnknownClient
    }
}
