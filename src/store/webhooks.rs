//! The tables of webhooks and of their secrets.

use diesel::prelude::*;

use super::schema::{webhook_secrets, webhooks};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::Invalid;
use crate::domain::id::{OrganizationId, WebhookId, WebhookSecretId};
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::time::Timestamp;
use crate::domain::webhook::{DisabledReason, EventFilter, StoredWebhookSecret, Webhook};

#[derive(Queryable, Insertable, AsChangeset)]
#[diesel(table_name = webhooks, treat_none_as_null = true)]
struct Row {
    id: String,
    organization_id: String,
    url: String,
    description: String,
    events: String,
    disabled_at: Option<i64>,
    disabled_reason: Option<String>,
    created_by: String,
    created_at: i64,
    updated_at: i64,
}

impl Row {
    fn of(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            organization_id: webhook.organization_id.to_string(),
            url: webhook.url.to_string(),
            description: webhook.description.clone(),
            events: webhook.events.names().collect::<Vec<_>>().join(" "),
            disabled_at: webhook.disabled.map(|(at, _)| at.unix()),
            disabled_reason: webhook.disabled.map(|(_, reason)| reason.as_str().to_owned()),
            created_by: webhook.created_by.clone(),
            created_at: webhook.created_at.unix(),
            updated_at: webhook.updated_at.unix(),
        }
    }

    fn parse(self) -> Result<Webhook, Invalid> {
        let reason = self.disabled_reason.as_deref().and_then(DisabledReason::from_name);
        Ok(Webhook {
            id: self.id.parse()?,
            organization_id: self.organization_id.parse()?,
            url: OutboundUrl::from_stored(&self.url)?,
            description: self.description,
            events: EventFilter::parse(self.events.split_whitespace())?,
            disabled: self.disabled_at.map(|at| (Timestamp::from_unix(at), reason.unwrap_or(DisabledReason::ByHand))),
            created_by: self.created_by,
            created_at: Timestamp::from_unix(self.created_at),
            updated_at: Timestamp::from_unix(self.updated_at),
        })
    }
}

impl TryFrom<Row> for Webhook {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let id = row.id.clone();
        row.parse().map_err(|detail| StoreError::corrupt("webhooks", id, detail))
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = webhook_secrets)]
struct SecretRow {
    id: String,
    webhook_id: String,
    sealed: Vec<u8>,
    hint: String,
    created_at: i64,
    expires_at: Option<i64>,
}

impl TryFrom<SecretRow> for StoredWebhookSecret {
    type Error = StoreError;

    fn try_from(row: SecretRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.parse().map_err(|detail| StoreError::corrupt("webhook_secrets", &row.id, detail))?,
            sealed: row.sealed,
            hint: row.hint,
            created_at: Timestamp::from_unix(row.created_at),
            expires_at: row.expires_at.map(Timestamp::from_unix),
        })
    }
}

/// Adds a webhook.
///
/// # Errors
/// [`StoreError::ForeignKeyViolation`] when there is no such organization.
pub fn insert(transaction: &mut WriteTransaction<'_>, webhook: &Webhook) -> Result<(), StoreError> {
    diesel::insert_into(webhooks::table).values(Row::of(webhook)).execute(transaction.connection)?;
    Ok(())
}

/// Writes a webhook that was changed.
///
/// # Errors
/// [`StoreError`].
pub fn update(transaction: &mut WriteTransaction<'_>, webhook: &Webhook) -> Result<(), StoreError> {
    let row = Row::of(webhook);
    diesel::update(webhooks::table.find(row.id.clone())).set(row).execute(transaction.connection)?;
    Ok(())
}

/// Removes a webhook with its secrets and deliveries.
///
/// # Errors
/// [`StoreError`].
pub fn delete(transaction: &mut WriteTransaction<'_>, id: WebhookId) -> Result<(), StoreError> {
    diesel::delete(webhooks::table.find(id.to_string())).execute(transaction.connection)?;
    Ok(())
}

/// The webhook of this id.
///
/// # Errors
/// [`StoreError`].
pub fn find(connection: &mut DbConnection, id: WebhookId) -> Result<Option<Webhook>, StoreError> {
    let row: Option<Row> = webhooks::table.find(id.to_string()).first(connection).optional()?;
    row.map(Webhook::try_from).transpose()
}

/// How many an organization has.
///
/// # Errors
/// [`StoreError`].
pub fn count(connection: &mut DbConnection, organization: OrganizationId) -> Result<i64, StoreError> {
    Ok(webhooks::table.filter(webhooks::organization_id.eq(organization.to_string())).count().get_result(connection)?)
}

/// The webhooks of an organization, the oldest first; they are few.
///
/// # Errors
/// [`StoreError`].
pub fn of_organization(connection: &mut DbConnection, organization: OrganizationId) -> Result<Vec<Webhook>, StoreError> {
    let rows: Vec<Row> =
        webhooks::table.filter(webhooks::organization_id.eq(organization.to_string())).order(webhooks::id).load(connection)?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Adds a secret to a webhook.
///
/// # Errors
/// [`StoreError`].
pub fn insert_secret(
    transaction: &mut WriteTransaction<'_>,
    webhook: WebhookId,
    secret: &StoredWebhookSecret,
) -> Result<(), StoreError> {
    let row = SecretRow {
        id: secret.id.to_string(),
        webhook_id: webhook.to_string(),
        sealed: secret.sealed.clone(),
        hint: secret.hint.clone(),
        created_at: secret.created_at.unix(),
        expires_at: secret.expires_at.map(Timestamp::unix),
    };
    diesel::insert_into(webhook_secrets::table).values(row).execute(transaction.connection)?;
    Ok(())
}

/// The secrets of a webhook that sign at `now`, the newest first.
///
/// # Errors
/// [`StoreError`].
pub fn live_secrets(
    connection: &mut DbConnection,
    webhook: WebhookId,
    now: Timestamp,
) -> Result<Vec<StoredWebhookSecret>, StoreError> {
    let live = webhook_secrets::expires_at.is_null().or(webhook_secrets::expires_at.gt(now.unix()));
    let rows: Vec<SecretRow> =
        webhook_secrets::table.filter(webhook_secrets::webhook_id.eq(webhook.to_string())).filter(live).load(connection)?;
    let mut secrets = rows.into_iter().map(StoredWebhookSecret::try_from).collect::<Result<Vec<_>, _>>()?;
    secrets.sort_by_key(|secret| std::cmp::Reverse((secret.expires_at.is_none(), secret.expires_at, secret.id)));
    Ok(secrets)
}

/// Lets a secret sign until `expires_at`.
///
/// # Errors
/// [`StoreError`].
pub fn expire_secret(
    transaction: &mut WriteTransaction<'_>,
    id: WebhookSecretId,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    diesel::update(webhook_secrets::table.find(id.to_string()))
        .set(webhook_secrets::expires_at.eq(expires_at.unix()))
        .execute(transaction.connection)?;
    Ok(())
}

/// Removes the secrets of a webhook but for `kept`.
///
/// # Errors
/// [`StoreError`].
pub fn retain_secrets(
    transaction: &mut WriteTransaction<'_>,
    webhook: WebhookId,
    kept: &[WebhookSecretId],
) -> Result<(), StoreError> {
    let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
    let others = webhook_secrets::table
        .filter(webhook_secrets::webhook_id.eq(webhook.to_string()))
        .filter(webhook_secrets::id.ne_all(kept));
    diesel::delete(others).execute(transaction.connection)?;
    Ok(())
}
