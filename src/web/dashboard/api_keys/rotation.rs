//! What a key's secrets tell: how old they are, and while two are live, whether the old one is still needed.

use super::key::{Key, Secret};
use crate::domain::time::Timestamp;
use crate::web::dashboard::duration::{ago, in_words};
use crate::web::dashboard::view::When;

/// The age from which on a secret is advised to be changed, in days.
const OLD_DAYS: i64 = 90;

/// How long an old secret must be silent before even a daily job has missed it.
const A_DAY_SECONDS: i64 = 86_400;

/// Two secrets are live.
#[derive(Debug)]
pub(super) struct Rotation {
    pub(super) old_id: String,
    pub(super) old_hint: String,
    pub(super) new_hint: String,
    /// When the old one ends by itself.
    pub(super) ends_at: Option<When>,
    pub(super) ends_in: String,
    pub(super) verdict: Verdict,
    /// When a program last used the new one.
    pub(super) new_used: Option<String>,
}

/// What the old secret's last use says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A program used it a moment ago.
    StillUsed { ago: String, from: String },
    /// Nobody asked with it for longer than tokens live; a job that runs once a day still may.
    Quiet { silent: String },
    /// Nobody asked with it for a day.
    Safe { silent: String },
    /// Nobody ever asked with it.
    NeverUsed,
}

/// The rotation that is under way, when there is one.
pub(super) fn rotation(key: &Key, now: Timestamp) -> Option<Rotation> {
    let [new, old, ..] = key.secrets.as_slice() else { return None };
    Some(Rotation {
        old_id: old.id.clone(),
        old_hint: old.hint.clone(),
        new_hint: new.hint.clone(),
        ends_at: old.expires_at.map(When),
        ends_in: old.expires_at.map(|at| in_words(at.unix() - now.unix())).unwrap_or_default(),
        verdict: verdict(old, key.token_lifetime_seconds, now),
        new_used: new.last_used_at.map(|at| ago(now.unix() - at.unix())),
    })
}

fn verdict(old: &Secret, token_lifetime_seconds: i64, now: Timestamp) -> Verdict {
    let Some(used_at) = old.last_used_at else { return Verdict::NeverUsed };
    let silent = now.unix() - used_at.unix();
    // A program at work asks again before its token ends.
    if silent <= token_lifetime_seconds.saturating_mul(2) {
        return Verdict::StillUsed { ago: ago(silent), from: old.last_used_ip.clone().unwrap_or_default() };
    }
    let words = in_words(silent);
    if silent < A_DAY_SECONDS { Verdict::Quiet { silent: words } } else { Verdict::Safe { silent: words } }
}

/// The days of the newest secret, from 90 on.
pub(super) fn old_days(key: &Key, now: Timestamp) -> Option<i64> {
    let newest = key.secrets.first()?;
    let days = (now.unix() - newest.created_at.unix()) / A_DAY_SECONDS;
    (days >= OLD_DAYS).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

    fn used(seconds_ago: Option<i64>) -> Secret {
        Secret {
            id: "sec_1".to_owned(),
            hint: "clv_...abcd".to_owned(),
            created_at: NOW.plus_seconds(-30 * 86_400),
            expires_at: None,
            last_used_at: seconds_ago.map(|seconds| NOW.plus_seconds(-seconds)),
            last_used_ip: Some("192.0.2.7".to_owned()),
        }
    }

    #[test]
    fn an_old_secret_is_safe_to_retire_after_a_day_of_silence_and_not_before() {
        let said = |seconds| verdict(&used(seconds), 3_600, NOW);
        let still = |ago: &str| Verdict::StillUsed { ago: ago.to_owned(), from: "192.0.2.7".to_owned() };
        assert_eq!(said(Some(180)), still("3 minutes ago"));
        assert_eq!(said(Some(7_200)), still("2 hours ago"));
        assert_eq!(said(Some(7_201)), Verdict::Quiet { silent: "2 hours".to_owned() });
        assert_eq!(said(Some(86_399)), Verdict::Quiet { silent: "23 hours".to_owned() });
        assert_eq!(said(Some(86_400)), Verdict::Safe { silent: "1 day".to_owned() });
        assert_eq!(said(None), Verdict::NeverUsed);
    }
}
