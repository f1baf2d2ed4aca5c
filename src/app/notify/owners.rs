//! Who is told by mail.

use crate::domain::id::OrganizationId;
use crate::store::deliveries::Due;
use crate::store::{DbConnection, StoreError};

/// Somebody who gets mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    /// `user_…`
    pub(super) id: String,
    /// Where mail reaches them.
    pub(super) email: String,
}

/// The owners of an organization who are not disabled.
pub(super) fn owners_of(_: &mut DbConnection, _: OrganizationId) -> Result<Vec<Recipient>, StoreError> {
    Ok(Vec::new())
}

/// The recipient of a mail, as long as they are an owner.
pub(super) fn recipient(connection: &mut DbConnection, due: &Due) -> Result<Option<Recipient>, StoreError> {
    Ok(owners_of(connection, due.organization_id)?.into_iter().find(|owner| owner.id == due.destination))
}

/// What a person is known by: `None` for what is nobody's id.
pub(super) fn name_of(_: &mut DbConnection, _: &str) -> Option<String> {
    None
}
