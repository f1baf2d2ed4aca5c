//! Whether a token was revoked: the lists of the issuer, fetched, verified and kept for their `ttl`
//! (draft-ietf-oauth-status-list sections 5, 8 and 13.7).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::algorithm::Algorithm;
use super::cached::{Cached, Policy};
use super::clock::Clock;
use super::http::Client;
use super::issuer::Issuer;
use super::jws;
use super::status_list::{StatusList, VALID};
use crate::access_token::StatusListEntry;
use crate::refusal::Reason;

const TYPE: &str = "statuslist+jwt";
/// A list of [`super::status_list::MAX_LIST_BYTES`] that does not compress, in base64url twice.
const MAX_DOCUMENT_BYTES: usize = 8 * 1024 * 1024;
/// For lists that do not say how long they may be kept.
const DEFAULT_TTL: Duration = Duration::from_secs(60);
const LONGEST_TTL: Duration = Duration::from_secs(60 * 60);
/// Lists that are kept. An issuer has few; the one that was used longest ago makes room.
const MAX_LISTS: usize = 256;

/// What the lists of an issuer are read with.
pub(super) struct StatusLists {
    pub(super) issuer: Arc<Issuer>,
    pub(super) issuer_name: String,
    pub(super) origin: url::Origin,
    pub(super) client: Client,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) policy: Policy,
    pub(super) leeway_seconds: u32,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lists: Mutex<HashMap<String, Kept>>,
}

/// A list as its token has it.
struct SignedList {
    list: StatusList,
    /// Unix seconds after which it says nothing any more (section 8.3), however long it may be kept.
    expires_at: Option<i64>,
}

/// A list and when it was last asked for.
pub(super) struct Kept {
    list: Arc<Cached<SignedList>>,
    used_at: Duration,
}

impl StatusLists {
    /// Holds a verified token against its list.
    ///
    /// # Errors
    /// [`Reason::InvalidToken`] when it was revoked, [`Reason::Unavailable`] when nobody knows.
    pub(super) async fn check(self: &Arc<Self>, entry: &StatusListEntry) -> Result<(), Reason> {
        let url: Url = entry.uri.parse().map_err(|_| Reason::InvalidToken("the status list has no address".to_owned()))?;
        if url.origin() != self.origin {
            return Err(Reason::InvalidToken("the status list is not at the issuer's origin".to_owned()));
        }
        let cached = self.kept(&entry.uri);
        let get = async |newer| {
            let (lists, uri, url) = (Arc::clone(self), entry.uri.clone(), url.clone());
            let list = cached.get(newer, move || async move { lists.fetch(&uri, &url).await }).await;
            let list = list.map_err(|cause| Reason::Unavailable(format!("the status list can't be read: {cause}")))?;
            let latest = self.clock.unix_seconds().saturating_sub(self.leeway_seconds.into());
            if list.expires_at.is_some_and(|at| at <= latest) {
                return Err(Reason::Unavailable("the status list has expired and can't be fetched again".to_owned()));
            }
            Ok(list.list.get(entry.index))
        };
        let status = match get(false).await? {
            Some(status) => Some(status),
            // The list may have grown since it was fetched.
            None => get(true).await?,
        };
        match status {
            Some(VALID) => Ok(()),
            Some(_) => Err(Reason::InvalidToken("the status list says that the token was revoked".to_owned())),
            None => Err(Reason::InvalidToken("the status list has no such place".to_owned())),
        }
    }

    fn kept(&self, uri: &str) -> Arc<Cached<SignedList>> {
        let now = self.clock.uptime();
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = lists.get_mut(uri) {
            kept.used_at = now;
            return Arc::clone(&kept.list);
        }
        if lists.len() >= MAX_LISTS
            && let Some(oldest) = lists.iter().min_by_key(|(_, kept)| kept.used_at).map(|(uri, _)| uri.clone())
        {
            lists.remove(&oldest);
        }
        let list = Arc::new(Cached::new(self.policy, Arc::clone(&self.clock)));
        lists.insert(uri.to_owned(), Kept { list: Arc::clone(&list), used_at: now });
        list
    }

    async fn fetch(&self, uri: &str, url: &Url) -> Result<(SignedList, Duration), String> {
        let document = self.client.get(url, "application/statuslist+jwt", MAX_DOCUMENT_BYTES).await?;
        let token = std::str::from_utf8(&document.body).map_err(|_| format!("{url} is not text"))?;
        let (list, fresh_for) = self.read(uri, token.trim_ascii()).await.map_err(|why| format!("{url}: {why}"))?;
        // Caches on the way have kept it for a part of that.
        Ok((list, fresh_for.saturating_sub(document.age)))
    }

    /// Section 8.3: signature, type, `sub`, times; then the list.
    async fn read(&self, uri: &str, token: &str) -> Result<(SignedList, Duration), String> {
        let unverified = jws::read(token, MAX_DOCUMENT_BYTES, TYPE, &self.algorithms)?;
        let key = self.issuer.key(unverified.key_id()?).await.map_err(|cause| cause.to_string())?;
        let claims = unverified.verified_by(&*key.ok_or("no published key has the list's kid")?)?;
        let text = |name| claims.get(name).and_then(Value::as_str);
        if text("sub") != Some(uri) {
            return Err("sub is not the list's own address".to_owned());
        }
        if claims.contains_key("iss") && text("iss") != Some(&self.issuer_name) {
            return Err("iss is another issuer".to_owned());
        }
        let now = self.clock.unix_seconds();
        jws::time(&claims, "iat").ok_or("iat is missing or not a whole number")?;
        let mut fresh_for = match claims.get("ttl") {
            None => DEFAULT_TTL,
            Some(ttl) => Duration::from_secs(ttl.as_u64().filter(|ttl| *ttl > 0).ok_or("ttl is not a positive whole number")?),
        };
        let mut expires_at = None;
        if claims.contains_key("exp") {
            let at = jws::time(&claims, "exp").ok_or("exp is not a whole number")?;
            expires_at = Some(at);
            let left = u64::try_from(at.saturating_sub(now)).ok().filter(|left| *left > 0).ok_or("the list has expired")?;
            fresh_for = fresh_for.min(Duration::from_secs(left));
        }
        let list = claims.get("status_list").ok_or("status_list is missing")?;
        let bits = list.get("bits").and_then(Value::as_u64).ok_or("bits is missing")?;
        let lst = list.get("lst").and_then(Value::as_str).ok_or("lst is missing")?;
        Ok((SignedList { list: StatusList::read(bits, lst)?, expires_at }, fresh_for.min(LONGEST_TTL)))
    }
}
