//! `GET /connect/statuslists/{id}`: the status lists as signed documents, kept ready. One is made anew when an epoch of
//! it has ended, when the signing key is another, and before it is old; never for each request.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::issue_token::{Refusal, TokenIssuer};
use crate::directory::LookupError;
use crate::domain::key_epoch::StatusListId;
use crate::domain::time::Timestamp;
use crate::oauth::error::OAuthError;
use crate::oauth::status_list::{INVALID, STATUS_LIST_TYPE, StatusList, StatusListClaims, list_uri};

/// For how long a reader may keep a list.
const TTL_SECONDS: u32 = 60;
/// When a document is made anew at the latest.
const RENEW_AFTER_SECONDS: i64 = 30;
/// After so long a document must not be relied upon: longer than [`TTL_SECONDS`], for clocks differ and a reader may have to
/// ask twice.
const LIFETIME_SECONDS: i64 = 180;

/// How long ago the feed may have been read, whatever else memory is trusted with: a document that is not older than this can be
/// kept for [`TTL_SECONDS`].
const MOST_STALE: Duration = Duration::from_secs(90);

/// A signed list.
#[derive(Debug)]
pub struct StatusDocument {
    /// The Status List Token.
    pub token: Vec<u8>,
    /// The same in gzip.
    pub gzip: Vec<u8>,
    version: u64,
    kid: String,
    made_at: Timestamp,
}

/// The documents that are ready.
#[derive(Debug, Default)]
pub struct StatusDocuments(Mutex<HashMap<StatusListId, Arc<Slot>>>);

#[derive(Debug, Default)]
struct Slot {
    ready: ArcSwapOption<StatusDocument>,
    making: tokio::sync::Mutex<()>,
}

impl StatusDocuments {
    fn slot(&self, id: StatusListId) -> Arc<Slot> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default())
    }

    fn forget(&self, id: StatusListId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

fn fault(cause: impl ToString) -> Refusal {
    Refusal { error: OAuthError::ServerError, client_id: None, cause: Some(cause.to_string()) }
}

impl TokenIssuer {
    /// The list of this id as a signed document; `None`: there is no such list.
    ///
    /// # Errors
    /// When memory is too old to be trusted, or a fault of this server.
    pub async fn status_document(
        self: &Arc<Self>,
        id: StatusListId,
        now: Timestamp,
    ) -> Result<Option<Arc<StatusDocument>>, Refusal> {
        if !self.directory.is_fresh() || self.directory.staleness() > MOST_STALE {
            return Err(LookupError::Unavailable("the change feed was not read for too long".to_owned()).into());
        }
        let Some(version) = self.directory.status_list_version(id) else {
            self.status_documents.forget(id);
            return Ok(None);
        };
        let slot = self.status_documents.slot(id);
        if let Some(ready) = self.ready(&slot, version, now)? {
            return Ok(Some(ready));
        }
        let _one_at_a_time = slot.making.lock().await;
        let version = self.directory.status_list_version(id).unwrap_or(version);
        if let Some(ready) = self.ready(&slot, version, now)? {
            return Ok(Some(ready));
        }
        let issuer = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || issuer.make_document(id, now)).await.map_err(fault)??;
        slot.ready.store(made.clone());
        Ok(made)
    }

    /// The document that is there, when it says what is to be said.
    fn ready(&self, slot: &Slot, version: u64, now: Timestamp) -> Result<Option<Arc<StatusDocument>>, Refusal> {
        let keys = self.directory.signing_keys();
        let kid = keys.signer(now).ok_or_else(|| fault("there is no signing key"))?.kid();
        let ready = slot.ready.load_full().filter(|document| {
            let age = now.unix() - document.made_at.unix();
            document.version == version && document.kid == kid && (0..RENEW_AFTER_SECONDS).contains(&age)
        });
        Ok(ready)
    }

    fn make_document(&self, id: StatusListId, now: Timestamp) -> Result<Option<Arc<StatusDocument>>, Refusal> {
        let staleness = self.directory.staleness();
        let Some(state) = self.directory.status_list(id) else { return Ok(None) };
        let mut list = StatusList::new(1, state.size).map_err(fault)?;
        for place in state.closed {
            list.set(place, INVALID);
        }
        // What another node has changed since the feed was read is not in the list, so the list is not newer than that.
        let true_at = now.plus_seconds(-i64::try_from(staleness.as_secs()).unwrap_or(i64::MAX));
        let claims = StatusListClaims {
            iss: &self.issuer,
            sub: &list_uri(&self.issuer, id),
            iat: true_at.unix(),
            exp: true_at.plus_seconds(LIFETIME_SECONDS).unix(),
            ttl: TTL_SECONDS,
            status_list: (&list).into(),
        };
        let claims = serde_json::to_string(&claims).map_err(fault)?;
        let keys = self.directory.signing_keys();
        let pair = keys.signer(now).ok_or_else(|| fault("there is no signing key"))?;
        let mut token = Vec::with_capacity(2 * claims.len());
        pair.sign_onto(STATUS_LIST_TYPE, &claims, &mut token).map_err(fault)?;
        let gzip = gzip(&token).map_err(fault)?;
        let kid = pair.kid().to_owned();
        Ok(Some(Arc::new(StatusDocument { token, gzip, version: state.version, kid, made_at: now })))
    }

    /// Where the lists are.
    pub fn status_list_uris(&self) -> Vec<String> {
        self.directory.status_lists().into_iter().map(|id| list_uri(&self.issuer, id)).collect()
    }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
