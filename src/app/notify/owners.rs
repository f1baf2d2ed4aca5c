//! Who is told by mail.

use crate::domain::id::{OrganizationId, UserId};
use crate::domain::user::{Standing, User};
use crate::store::deliveries::Due;
use crate::store::{DbConnection, StoreError, users};

/// The owners of an organization who can sign in.
pub(super) fn owners_of(connection: &mut DbConnection, organization: OrganizationId) -> Result<Vec<User>, StoreError> {
    let mut owners = users::owners(connection, organization)?;
    owners.retain(|owner| owner.standing() == Standing::Active);
    Ok(owners)
}

/// The recipient of a mail, as long as they are an owner.
pub(super) fn recipient(connection: &mut DbConnection, due: &Due) -> Result<Option<User>, StoreError> {
    Ok(owners_of(connection, due.organization_id)?.into_iter().find(|owner| owner.id.to_string() == due.destination))
}

/// What a person is known by: `None` for what is nobody's id.
pub(super) fn name_of(connection: &mut DbConnection, id: &str) -> Option<String> {
    let id: UserId = id.parse().ok()?;
    users::find(connection, id).ok().flatten().map(|user| user.email.to_string())
}
