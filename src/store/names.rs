//! What people call the things that ids name.

use std::collections::HashMap;

use diesel::prelude::*;

use super::schema::{accounts, api_keys, users, webhooks};
use super::{DbConnection, StoreError};
use crate::domain::id::{AccountId, ClientId, OrganizationId, UserId, WebhookId};

/// The names of those of these ids that are users, API keys, accounts or webhooks of the organization and still there; users
/// without a name by their e-mail address, webhooks by their host.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn of_ids(
    connection: &mut DbConnection,
    organization_id: OrganizationId,
    ids: &[String],
) -> Result<HashMap<String, String>, StoreError> {
    let owner = organization_id.to_string();
    let with = |prefix: &str| ids.iter().filter(|id| id.starts_with(prefix)).cloned().collect::<Vec<String>>();
    let mut names = HashMap::new();
    let wanted = with(UserId::PREFIX);
    if !wanted.is_empty() {
        let found: Vec<(String, Option<String>, String)> = users::table
            .filter(users::organization_id.eq(&owner).and(users::id.eq_any(&wanted)))
            .select((users::id, users::name, users::email))
            .load(connection)?;
        names.extend(found.into_iter().map(|(id, name, email)| (id, name.unwrap_or(email))));
    }
    let wanted = with(ClientId::PREFIX);
    if !wanted.is_empty() {
        let found: Vec<(String, String)> = api_keys::table
            .filter(api_keys::organization_id.eq(&owner).and(api_keys::client_id.eq_any(&wanted)))
            .select((api_keys::client_id, api_keys::name))
            .load(connection)?;
        names.extend(found);
    }
    let wanted = with(AccountId::PREFIX);
    if !wanted.is_empty() {
        let found: Vec<(String, String)> = accounts::table
            .filter(accounts::organization_id.eq(&owner).and(accounts::id.eq_any(&wanted)))
            .select((accounts::id, accounts::name))
            .load(connection)?;
        names.extend(found);
    }
    let wanted = with(WebhookId::PREFIX);
    if !wanted.is_empty() {
        let found: Vec<(String, String)> = webhooks::table
            .filter(webhooks::organization_id.eq(&owner).and(webhooks::id.eq_any(&wanted)))
            .select((webhooks::id, webhooks::url))
            .load(connection)?;
        let host = |url: &str| Some(url::Url::parse(url).ok()?.host_str()?.to_owned());
        names.extend(found.into_iter().filter_map(|(id, url)| Some((id, host(&url)?))));
    }
    Ok(names)
}
