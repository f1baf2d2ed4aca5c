//! Single tokens that were revoked and have not ended yet, all of them in memory.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::domain::api_key::MAX_TOKEN_LIFETIME_SECONDS;
use crate::domain::time::Timestamp;
use crate::domain::token_id::TokenId;

/// How far the clock of the node that issued a token may be ahead of this one's.
const CLOCKS_DIFFER_SECONDS: i64 = 300;

/// The revoked tokens, each with a moment after which it is dead by itself.
#[derive(Debug, Default)]
pub(super) struct RevokedTokens(RwLock<HashMap<TokenId, Timestamp>>);

impl RevokedTokens {
    /// Those that the database had.
    pub(super) fn of(tokens: Vec<(TokenId, Timestamp)>) -> Self {
        Self(RwLock::new(tokens.into_iter().collect()))
    }

    pub(super) fn has(&self, id: TokenId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&id)
    }

    /// One more, whose end the feed does not tell: no token lives longer than the longest may.
    pub(super) fn add(&self, id: TokenId, now: Timestamp) {
        let end = now.plus_seconds(i64::from(MAX_TOKEN_LIFETIME_SECONDS) + CLOCKS_DIFFER_SECONDS);
        self.0.write().unwrap_or_else(PoisonError::into_inner).entry(id).or_insert(end);
    }

    /// All that the database has; none that memory has is forgotten.
    pub(super) fn add_all(&self, tokens: Vec<(TokenId, Timestamp)>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(tokens);
    }

    /// Forgets those that are dead by themselves.
    pub(super) fn forget_ended(&self, now: Timestamp) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).retain(|_, end| *end > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revoked_token_is_remembered_for_as_long_as_it_could_live() {
        let (first, second) = (TokenId::from_random([1; 16]), TokenId::from_random([2; 16]));
        let at = Timestamp::from_unix;
        let revoked = RevokedTokens::of(vec![(first, at(100))]);
        revoked.add(second, at(50));
        revoked.add(first, at(50));
        assert!(revoked.has(first) && revoked.has(second));
        revoked.forget_ended(at(100));
        assert!(!revoked.has(first) && revoked.has(second));
        revoked.forget_ended(at(50 + 3_600 + 300));
        assert!(!revoked.has(second));
    }
}
