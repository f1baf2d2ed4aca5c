//! What is told of an access token to a person of an organization who has one: whether it is live, and if not, why. Operators
//! are told of every token, others of those of their own organization.

use super::issue_token::TokenIssuer;
use super::live_token::NotLive;
use crate::directory::LookupError;
use crate::domain::id::OrganizationId;
use crate::domain::time::Timestamp;

/// What there is to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// This server has issued it, and it is good.
    Live,
    /// It is not, or was never one of this server; why.
    Dead(String),
    /// It is another organization's.
    Foreign,
}

impl TokenIssuer {
    /// Judges a token for somebody of `organization`.
    ///
    /// # Errors
    /// [`LookupError`] when nothing can be said now.
    pub async fn judge_token(&self, token: &str, organization: OrganizationId, now: Timestamp) -> Result<Judgement, LookupError> {
        let own = match self.own_token(token, now) {
            Ok(own) => own,
            Err(NotLive::Dead(why)) => return Ok(Judgement::Dead(why)),
            Err(NotLive::Unavailable(error)) => return Err(error),
        };
        if !organization.is_platform() && own.text("org") != Some(&organization.to_string()) {
            return Ok(Judgement::Foreign);
        }
        match self.live_token(token, now).await {
            Ok(_) => Ok(Judgement::Live),
            Err(NotLive::Dead(why)) => Ok(Judgement::Dead(why)),
            Err(NotLive::Unavailable(error)) => Err(error),
        }
    }
}
