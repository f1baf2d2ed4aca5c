//! A token that somebody has pasted: what it says, what it is bound to, and whether it is live.

use std::cmp::Ordering;

use tokio::runtime::Handle;

use super::answer::{Part, claims_of, header_of, members};
use crate::app::judge_token::Judgement;
use crate::domain::time::Timestamp;
use crate::oauth::binding::Binding;
use crate::web::api::ApiError;
use crate::web::dashboard::duration::{ago, in_words};
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::{Visit, sentence};

/// The longest that is looked at, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// What there is to tell of it.
#[derive(Debug)]
pub(super) struct Pasted {
    pub(super) title: &'static str,
    /// The class of the badge, and what it says.
    pub(super) badge: (&'static str, &'static str),
    pub(super) meaning: String,
    /// What it is bound to.
    pub(super) binding: &'static str,
    /// `None`: it cannot be taken apart.
    pub(super) parts: Option<(Part, Part)>,
}

/// Looks at a token.
pub(super) fn look_at(visit: &Visit, token: &str) -> Result<Pasted, PageError> {
    let mut halves = token.split('.');
    let (header, claims) = (halves.next().and_then(members), halves.next().and_then(members));
    let (Some(header), Some(claims)) = (header, claims.filter(|_| token.len() <= MAX_BYTES)) else {
        return Ok(Pasted {
            title: "Not a token of this kind",
            badge: ("bad", "unreadable"),
            meaning: "It is no signed JWT: three parts of letters and digits with a full stop between them.".to_owned(),
            binding: "",
            parts: None,
        });
    };
    let now = visit.inside.now;
    let organization = visit.current()?.organization.id;
    let judging = visit.state.issuer.judge_token(token, organization, now);
    let judgement = Handle::current().block_on(judging).map_err(|error| ApiError::Unavailable { cause: format!("{error:?}") })?;
    let ends = claims.get("exp").and_then(serde_json::Value::as_i64).map(Timestamp::from_unix);
    let (title, badge, meaning) = match judgement {
        Judgement::Live => {
            ("The token is live", ("good", "live"), format!("This server has issued it. {}", time_left(ends, now)))
        }
        Judgement::Dead(why) => {
            ("The token is not live", ("bad", "dead"), format!("{} {}", sentence(&why), time_left(ends, now)))
        }
        Judgement::Foreign => (
            "A token of another organization",
            ("warn", "not told"),
            "Whether it is live is told to that organization alone. What it says anybody can read who has it.".to_owned(),
        ),
    };
    let binding = match Binding::of(&claims) {
        Some(Binding::None) => "It is bound to nothing: whoever has it can use it, until it ends.",
        Some(Binding::Dpop(_)) => {
            "It is bound to a key (DPoP): an API takes it only together with a proof that this key signs for the one request. \
             Whoever has the token alone can do nothing with it."
        }
        Some(Binding::Certificate(_)) => {
            "It is bound to a certificate (mutual TLS): an API takes it only over a connection that was made with the \
             certificate of this SHA-256. Whoever has the token alone can do nothing with it."
        }
        None => "It is bound to something that this server does not know.",
    };
    Ok(Pasted { title, badge, meaning, binding, parts: Some((claims_of(&claims)?, header_of(&header)?)) })
}

fn time_left(ends: Option<Timestamp>, now: Timestamp) -> String {
    let Some(ends) = ends else { return String::new() };
    let seconds = ends.unix().saturating_sub(now.unix());
    match seconds.cmp(&0) {
        Ordering::Greater => format!("It ends by itself in {}.", in_words(seconds)),
        Ordering::Equal | Ordering::Less => format!("It ended {}.", ago(seconds.saturating_neg())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_said() {
        let now = Timestamp::from_unix(1_800_000_000);
        assert_eq!(time_left(Some(now.plus_seconds(120)), now), "It ends by itself in 2 minutes.");
        assert_eq!(time_left(Some(now.plus_seconds(-120)), now), "It ended 2 minutes ago.");
        assert!(time_left(Some(Timestamp::from_unix(i64::MIN)), now).split(' ').count() > 3);
        assert_eq!(time_left(None, now), "");
    }
}
