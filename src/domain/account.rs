//! Accounts: the parts of an organization that a token can be aimed at.

use serde::Serialize;
use utoipa::ToSchema;

use super::id::{AccountId, OrganizationId};
use super::name::Name;
use super::time::Timestamp;

/// A sub-account of an organization, e.g. one shop or legal entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Account {
    /// `acct_…`
    pub id: AccountId,
    /// The organization that it belongs to, for ever.
    pub organization_id: OrganizationId,
    /// Shown to people.
    pub name: Name,
    /// When it was made.
    pub created_at: Timestamp,
}
