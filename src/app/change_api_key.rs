//! Changes an API key: edit, regenerate, retire an old secret, disable, enable, revoke its tokens, delete.
//!
//! All changes come one after the other: two regenerations at once must not leave three live secrets.

use super::create_api_key::{check, find, mint_secret, plan_or, tell};
use super::key_epochs::open_one;
use super::key_reach::{check_protection, check_reach};
use super::plans::check_plan;
use super::{AppError, Work};
use crate::crypto::digest::Pepper;
use crate::domain::Invalid;
use crate::domain::api_key::{ApiKey, KeyKind, KeySettings, MAX_GRACE_PERIOD_SECONDS};
use crate::domain::client_secret::{ClientSecret, StoredSecret};
use crate::domain::event::EventKind;
use crate::domain::grant::Grants;
use crate::domain::id::{ClientId, SecretId};
use crate::domain::time::Timestamp;
use crate::store::{Change, WriteTransaction, api_keys, key_epochs, secret_uses, secrets};

/// What an edit changes.
#[derive(Clone, Debug, Default)]
pub struct KeyEdit {
    /// The grants from now on; only for scoped keys.
    pub grants: Option<Grants>,
    /// Whether the tokens issued so far die too.
    pub revoke_tokens: bool,
}

/// Edits a key: `change` gets its settings and alters them.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`], [`AppError::Forbidden`].
pub fn edit_api_key(
    work: &mut Work<'_, '_>,
    id: ClientId,
    edit: KeyEdit,
    change: impl FnOnce(&mut KeySettings) -> Result<(), Invalid>,
) -> Result<ApiKey, AppError> {
    on_key(work, id, EventKind::ApiKeyEdited, |transaction, key, now, _| {
        let expiry = key.settings.expires_at;
        change(&mut key.settings)?;
        if let Some(grants) = edit.grants {
            match key.kind {
                KeyKind::Admin(_) => return Err(Invalid::new("grants", "not_allowed", "an admin key has no grants").into()),
                KeyKind::Scoped(_) => key.kind = KeyKind::Scoped(grants),
            }
        }
        if edit.revoke_tokens {
            key.end_epoch(now);
        }
        // An expiry that has passed may stand; a new one must lie ahead.
        let judged = if key.settings.expires_at == expiry { None } else { key.settings.expires_at };
        let mut as_new = key.clone();
        as_new.settings.expires_at = judged;
        check(transaction, &as_new, now)
    })
}

/// Gives a key a new secret. The newest old one lives for `grace_period_seconds` (0..=604800) more, all others die at
/// once.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`], [`AppError::Forbidden`], [`AppError::Conflict`] when the key has none.
pub fn regenerate_secret(
    work: &mut Work<'_, '_>,
    id: ClientId,
    grace_period_seconds: i64,
    revoke_tokens: bool,
) -> Result<(ApiKey, ClientSecret), AppError> {
    if !(0..=MAX_GRACE_PERIOD_SECONDS).contains(&grace_period_seconds) {
        return Err(Invalid::new("grace_period_seconds", "out_of_range", "must be 0 to 604800 (7 days)").into());
    }
    let mut minted = None;
    let key = on_key(work, id, EventKind::ApiKeyRegenerated, |transaction, key, now, pepper| {
        if !key.auth_method.has_secret() {
            let detail = format!(
                "a key with {} has no secret: change its {}",
                key.auth_method,
                key.auth_method.credential_members().join(" or ")
            );
            return Err(AppError::Conflict(detail));
        }
        let (secret, stored) = mint_secret(pepper, now)?;
        let ends = now.plus_seconds(grace_period_seconds);
        let live = |at: Option<Timestamp>| at.is_none_or(|at| at > now);
        let mut kept = Vec::with_capacity(2);
        let mut newest_stays = grace_period_seconds > 0;
        for mut old in std::mem::take(&mut key.secrets) {
            if newest_stays && live(old.expires_at) {
                newest_stays = false;
                let expires_at = old.expires_at.map_or(ends, |already| already.min(ends));
                secrets::expire(transaction, old.id, expires_at)?;
                old.expires_at = Some(expires_at);
                kept.push(old);
            } else {
                remove_secret(transaction, key, old.id)?;
            }
        }
        secrets::insert(transaction, id, &stored)?;
        kept.insert(0, stored);
        key.secrets = kept;
        if revoke_tokens {
            key.end_epoch(now);
        }
        minted = Some(secret);
        Ok(())
    })?;
    let secret = minted.ok_or_else(|| AppError::Conflict("no secret was made".to_owned()))?;
    Ok((key, secret))
}

/// Ends an old secret now, whatever its grace period said; of two live ones the older, unless one is named. Tokens live on.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such key or no such live secret, [`AppError::Conflict`] for the newest secret, which
/// programs are to use, [`AppError::Forbidden`].
pub fn retire_secret(work: &mut Work<'_, '_>, id: ClientId, secret: Option<SecretId>) -> Result<ApiKey, AppError> {
    on_key(work, id, EventKind::ApiKeyEdited, |transaction, key, now, _| {
        let live = |secret: &StoredSecret| secret.expires_at.is_none_or(|at| at > now);
        let newest = key.secrets.iter().find(|secret| live(secret)).map(|secret| secret.id);
        let wanted = |other: &StoredSecret| live(other) && secret.map_or(Some(other.id) != newest, |id| other.id == id);
        let Some(retired) = key.secrets.iter_mut().rfind(|other| wanted(other)) else {
            return Err(match secret {
                Some(secret) => AppError::not_found("live secret", secret),
                None => AppError::Conflict("the key has no old secret".to_owned()),
            });
        };
        if Some(retired.id) == newest {
            let detail = "this is the newest secret: regenerate it, or disable the key, if it must end now";
            return Err(AppError::Conflict(detail.to_owned()));
        }
        secrets::expire(transaction, retired.id, now)?;
        retired.expires_at = Some(now);
        Ok(())
    })
}

/// Removes a secret; when the key was last used stays known.
fn remove_secret(transaction: &mut WriteTransaction<'_>, key: &mut ApiKey, id: SecretId) -> Result<(), AppError> {
    let uses = secret_uses::of(transaction.reading(), &[id])?;
    if let Some(last) = uses.get(&id).filter(|u| u.last_used_at > key.last_used_at) {
        key.last_used_at = last.last_used_at;
        key.last_used_ip = last.last_used_ip;
    }
    Ok(secrets::delete(transaction, key.client_id, id)?)
}

/// Refuses the key from now on, its tokens included. A key that is disabled already stays as it is.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn disable_api_key(work: &mut Work<'_, '_>, id: ClientId) -> Result<ApiKey, AppError> {
    on_key(work, id, EventKind::ApiKeyDisabled, |_, key, now, _| {
        if key.disabled_at.is_none() {
            key.disabled_at = Some(now);
            key.end_epoch(now);
        }
        Ok(())
    })
}

/// Accepts the key again; tokens from before it was disabled stay dead.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn enable_api_key(work: &mut Work<'_, '_>, id: ClientId) -> Result<ApiKey, AppError> {
    on_key(work, id, EventKind::ApiKeyEnabled, |_, key, _, _| {
        key.disabled_at = None;
        Ok(())
    })
}

/// Declares every token issued to the key so far dead.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn revoke_tokens(work: &mut Work<'_, '_>, id: ClientId) -> Result<ApiKey, AppError> {
    on_key(work, id, EventKind::ApiKeyEdited, |_, key, now, _| {
        key.end_epoch(now);
        Ok(())
    })
}

/// Deletes the key for good.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`].
pub fn delete_api_key(work: &mut Work<'_, '_>, id: ClientId) -> Result<(), AppError> {
    let key = find(work.transaction, id)?;
    check_reach(work, &key)?;
    if let Some(epoch) = key.epoch {
        key_epochs::close(work.transaction, epoch, work.now)?;
    }
    api_keys::delete(work.transaction, &key, work.now)?;
    work.transaction.changed(Change::ApiKey(id));
    tell(work, EventKind::ApiKeyDeleted, Some(&key), None)
}

/// Reads the key, lets `alter` alter it, writes it.
fn on_key(
    work: &mut Work<'_, '_>,
    id: ClientId,
    kind: EventKind,
    alter: impl FnOnce(&mut WriteTransaction<'_>, &mut ApiKey, Timestamp, &Pepper) -> Result<(), AppError>,
) -> Result<ApiKey, AppError> {
    let before = find(work.transaction, id)?;
    check_reach(work, &before)?;
    let mut key = before.clone();
    alter(work.transaction, &mut key, work.now, &work.management.pepper)?;
    check_reach(work, &key)?;
    check_protection(work, Some(&before), &key)?;
    if key.settings.plan != before.settings.plan {
        check_plan(work, key.organization_id, key.settings.plan.as_ref())?;
    }
    if let Some(ended) = before.epoch.filter(|_| key.epoch.is_none()) {
        key_epochs::close(work.transaction, ended, work.now)?;
    }
    open_one(work, &mut key)?;
    key.updated_at = work.now;
    api_keys::update(work.transaction, &key).map_err(plan_or)?;
    work.transaction.changed(Change::ApiKey(id));
    tell(work, kind, Some(&before), Some(&key))?;
    Ok(key)
}
