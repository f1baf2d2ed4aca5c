//! The daily sweep: looks at every key and tells of those that end soon, hold an old secret, or are not used. What was
//! told is written down in the same transaction, so each thing is told once, whichever nodes sweep.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::{AppError, random_bits};
use crate::clock;
use crate::domain::event::{Event, EventKind};
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::store::announcements::{self, KeyAge};
use crate::store::{Db, StoreError, WriteTransaction, events, leases};

const LEASE: &str = "daily-sweep";
const EVERY_SECONDS: i64 = 86_400;
const LEASE_SECONDS: i64 = 120;
/// How often a node looks whether a sweep is due.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The least time between two steps: a sweep of many keys takes its time.
const STEP_EVERY: Duration = Duration::from_millis(100);
/// Keys read at a time, and things told in one transaction: neither readers nor writers are to notice.
const KEYS_AT_ONCE: i64 = 500;
const TOLD_AT_ONCE: usize = 100;

const DAY: i64 = 86_400;
/// How long before its end a key is told of, and then again.
const ENDS_WITHIN: [(i64, &str); 2] = [(DAY, "1d"), (7 * DAY, "7d")];
const STALE_AFTER: i64 = 90 * DAY;
/// How long it is quiet about a stale key after it was told of.
const STALE_AGAIN_AFTER: i64 = 30 * DAY;

/// Something to be told of a key.
#[derive(Clone, Debug, PartialEq)]
struct Announcement {
    /// By what it is recognised as told.
    what: String,
    /// It may be told again when it was told before this.
    not_since: Timestamp,
    kind: EventKind,
    data: Value,
}

/// A node's part in the sweeps.
#[derive(Debug)]
pub(super) struct Sweep {
    holder: String,
    /// The last key that was looked at, while this node sweeps.
    cursor: Option<String>,
    looked: Option<Instant>,
    renewed: Instant,
    stepped: Instant,
    told: usize,
}

impl Sweep {
    /// A node that goes by this name.
    pub(super) fn new(holder: String) -> Self {
        Self { holder, cursor: None, looked: None, renewed: Instant::now(), stepped: Instant::now(), told: 0 }
    }

    /// Looks at the next keys, when a sweep is due or under way.
    ///
    /// # Errors
    /// [`AppError`]; the same keys are looked at again.
    pub(super) fn step(&mut self, db: &Db, now: Timestamp) -> Result<(), AppError> {
        let Some(cursor) = self.cursor.clone() else { return self.begin_if_due(db, now) };
        if self.stepped.elapsed() < STEP_EVERY {
            return Ok(());
        }
        self.stepped = Instant::now();
        let keys = db.read(|connection| announcements::keys_after(connection, &cursor, KEYS_AT_ONCE))?;
        let to_tell: Vec<(&KeyAge, Announcement)> =
            keys.iter().flat_map(|key| decide(key, now).into_iter().map(move |announcement| (key, announcement))).collect();
        for some in to_tell.chunks(TOLD_AT_ONCE) {
            let told = db.write(now, |transaction| self.tell(transaction, some, now))?;
            let Some(told) = told else { return self.lost() };
            self.told += told;
        }
        if self.renewed.elapsed() > Duration::from_secs(20)
            && db.write(now, |transaction| self.tell(transaction, &[], now))?.is_none()
        {
            return self.lost();
        }
        self.cursor = keys.last().map(|key| key.client_id.clone());
        if i64::try_from(keys.len()).is_ok_and(|count| count < KEYS_AT_ONCE) {
            self.cursor = None;
            db.write(now, |transaction| leases::done(transaction, LEASE, &self.holder, now))?;
            log::info!(told = self.told; "looked at the age and the use of all keys");
        }
        Ok(())
    }

    fn begin_if_due(&mut self, db: &Db, now: Timestamp) -> Result<(), AppError> {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let done_at = db.read(|connection| leases::done_at(connection, LEASE))?;
        if done_at.is_some_and(|at| at > now.plus_seconds(-EVERY_SECONDS)) {
            return Ok(());
        }
        match db.write(now, |transaction| leases::take(transaction, LEASE, &self.holder, now.plus_seconds(LEASE_SECONDS), now)) {
            Ok(true) => {
                (self.cursor, self.renewed, self.told) = (Some(String::new()), Instant::now(), 0);
                Ok(())
            }
            // Another node sweeps.
            Ok(false) | Err(StoreError::UniqueViolation(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Another node has taken over, for this one stood still too long.
    fn lost(&mut self) -> Result<(), AppError> {
        self.cursor = None;
        Ok(())
    }

    /// Tells, and keeps the lease; `None` when it is lost.
    fn tell(
        &mut self,
        transaction: &mut WriteTransaction<'_>,
        some: &[(&KeyAge, Announcement)],
        now: Timestamp,
    ) -> Result<Option<usize>, AppError> {
        if !leases::take(transaction, LEASE, &self.holder, now.plus_seconds(LEASE_SECONDS), now)? {
            return Ok(None);
        }
        self.renewed = Instant::now();
        let mut told = 0;
        for (key, Announcement { what, not_since, kind, data }) in some {
            if !announcements::announce(transaction, &key.client_id, what, now, *not_since)? {
                continue;
            }
            let corrupt = |detail| StoreError::corrupt("api_keys", &key.client_id, detail);
            let event = Event {
                id: EventId::from_parts(clock::unix_milliseconds(), random_bits()?),
                organization_id: key.organization_id.parse().map_err(corrupt)?,
                kind: *kind,
                occurred_at: now,
                data: data.clone(),
            };
            events::insert(transaction, &event)?;
            told += 1;
        }
        Ok(Some(told))
    }
}

/// What is to be told of a key at `now`, as if nothing had been told yet.
fn decide(key: &KeyAge, now: Timestamp) -> Vec<Announcement> {
    let ended = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    if ended(key.expires_at) {
        return Vec::new();
    }
    let base = || json!({"client_id": key.client_id, "name": key.name, "kind": key.kind});
    let mut all = Vec::new();
    if let Some((at, within)) = key.expires_at.and_then(|at| Some((at, ends_within(at, now)?))) {
        let data = with(base(), [("expires_at", json!(at))]);
        all.push(once(format!("expires:{}:{within}", at.unix()), data));
    }
    for secret in &key.secrets {
        let Some((at, within)) = secret.expires_at.and_then(|at| Some((at, ends_within(at, now)?))) else { continue };
        let shown = json!({"id": secret.id, "hint": secret.hint, "expires_at": at});
        let data = with(base(), [("expires_at", json!(at)), ("secret", shown)]);
        all.push(once(format!("secret:{}:{within}", secret.id), data));
    }
    let long_ago = now.plus_seconds(-STALE_AFTER);
    let newest = key.secrets.iter().filter(|secret| secret.expires_at.is_none()).map(|secret| secret.created_at).max();
    let old = newest.is_some_and(|at| at <= long_ago);
    let unused = key.last_used_at.unwrap_or(key.created_at).max(key.created_at) <= long_ago;
    if old || unused {
        let reasons: Vec<&str> =
            [(old, "secret_age"), (unused, "unused")].into_iter().filter(|(is, _)| *is).map(|r| r.1).collect();
        let advice = if unused { "delete or disable it, or regenerate its secret" } else { "regenerate its secret" };
        let data = with(
            base(),
            [
                ("reasons", json!(reasons)),
                ("secret_created_at", json!(newest)),
                ("last_used_at", json!(key.last_used_at)),
                ("advice", json!(advice)),
            ],
        );
        let not_since = now.plus_seconds(-STALE_AGAIN_AFTER);
        all.push(Announcement { what: "stale".to_owned(), not_since, kind: EventKind::ApiKeyStale, data });
    }
    all
}

fn once(what: String, data: Value) -> Announcement {
    Announcement { what, not_since: Timestamp::from_unix(0), kind: EventKind::ApiKeyExpiring, data }
}

/// The narrowest of the spans in which `at` lies ahead.
fn ends_within(at: Timestamp, now: Timestamp) -> Option<&'static str> {
    ENDS_WITHIN.into_iter().find(|(span, _)| at > now && at <= now.plus_seconds(*span)).map(|(_, name)| name)
}

fn with<const N: usize>(mut data: Value, members: [(&str, Value); N]) -> Value {
    if let Some(object) = data.as_object_mut() {
        object.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::announcements::SecretAge;

    const NOW: Timestamp = Timestamp::from_unix(2_000_000_000);

    fn days_ago(days: i64) -> Timestamp {
        NOW.plus_seconds(-days * DAY)
    }

    fn key(made_days_ago: i64, used_days_ago: Option<i64>) -> KeyAge {
        KeyAge {
            client_id: "key_1".to_owned(),
            organization_id: "org_1".to_owned(),
            name: "K".to_owned(),
            kind: "scoped".to_owned(),
            expires_at: None,
            created_at: days_ago(made_days_ago),
            last_used_at: used_days_ago.map(days_ago),
            secrets: vec![secret(made_days_ago, None)],
        }
    }

    fn secret(made_days_ago: i64, expires_at: Option<Timestamp>) -> SecretAge {
        let (id, hint) = ("sec_1".to_owned(), "clv_...abcd".to_owned());
        SecretAge { id, hint, created_at: days_ago(made_days_ago), expires_at }
    }

    fn told(key: &KeyAge) -> Vec<(String, Value)> {
        decide(key, NOW).into_iter().map(|a| (a.what, a.data["reasons"].clone())).collect()
    }

    #[test]
    fn a_young_key_in_use_is_nothing_to_tell_of() {
        assert_eq!(told(&key(89, Some(1))), []);
        assert_eq!(told(&key(89, None)), []);
    }

    #[test]
    fn a_key_is_stale_when_its_secret_is_old_or_nobody_uses_it() {
        let stale = |reasons: &[&str]| vec![("stale".to_owned(), json!(reasons))];
        assert_eq!(told(&key(90, Some(1))), stale(&["secret_age"]));
        assert_eq!(told(&key(400, Some(90))), stale(&["secret_age", "unused"]));
        assert_eq!(told(&key(400, None)), stale(&["secret_age", "unused"]));
        let rotated = KeyAge { secrets: vec![secret(3, None)], ..key(400, Some(100)) };
        assert_eq!(told(&rotated), stale(&["unused"]));
        let without_secret = KeyAge { secrets: Vec::new(), ..key(400, Some(1)) };
        assert_eq!(told(&without_secret), []);
        assert_eq!(decide(&key(90, Some(1)), NOW)[0].not_since, days_ago(30));
    }

    #[test]
    fn an_end_is_told_of_a_week_and_a_day_before() {
        let ending = |seconds: i64| KeyAge { expires_at: Some(NOW.plus_seconds(seconds)), ..key(1, None) };
        for (seconds, within) in
            [(7 * DAY + 1, None), (7 * DAY, Some("7d")), (DAY + 1, Some("7d")), (DAY, Some("1d")), (1, Some("1d"))]
        {
            let expected: Vec<String> =
                within.map(|within| format!("expires:{}:{within}", NOW.unix() + seconds)).into_iter().collect();
            assert_eq!(decide(&ending(seconds), NOW).into_iter().map(|a| a.what).collect::<Vec<_>>(), expected, "{seconds}");
        }
    }

    #[test]
    fn nothing_is_told_of_a_key_that_has_ended() {
        assert_eq!(decide(&KeyAge { expires_at: Some(NOW), ..key(400, None) }, NOW), []);
    }

    #[test]
    fn the_end_of_an_old_secret_is_told_of_with_its_hint() {
        let ends = NOW.plus_seconds(3_600);
        let key = KeyAge { secrets: vec![secret(1, None), secret(80, Some(ends))], ..key(80, Some(1)) };
        let all = decide(&key, NOW);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((all[0].what.as_str(), all[0].kind), ("secret:sec_1:1d", EventKind::ApiKeyExpiring));
        assert_eq!(all[0].data["secret"], json!({"id": "sec_1", "hint": "clv_...abcd", "expires_at": ends}));
    }
}
