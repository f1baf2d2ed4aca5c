//! Opens epochs of keys: an epoch is what all tokens of a key belong to until they are revoked together.

use std::sync::Arc;

use super::{AppError, Work};
use crate::clock;
use crate::crypto::random;
use crate::directory::Directory;
use crate::domain::api_key::ApiKey;
use crate::domain::id::ClientId;
use crate::domain::key_epoch::KeyEpoch;
use crate::domain::time::Timestamp;
use crate::store::{StoreError, WriteTransaction, api_keys, key_epochs};

/// Gives each of these keys, which are enabled and have none, an epoch; they are yet to be written.
pub(super) fn open_all(work: &mut Work<'_, '_>, keys: &mut [ApiKey]) -> Result<(), AppError> {
    let mut without: Vec<&mut ApiKey> = keys.iter_mut().filter(|key| key.epoch.is_none() && key.disabled_at.is_none()).collect();
    let ids: Vec<ClientId> = without.iter().map(|key| key.client_id).collect();
    let epochs = open(work.transaction, &ids, work.now)?;
    for (key, epoch) in without.iter_mut().zip(epochs) {
        key.epoch = Some(epoch);
    }
    Ok(())
}

/// The same for one.
pub(super) fn open_one(work: &mut Work<'_, '_>, key: &mut ApiKey) -> Result<(), AppError> {
    open_all(work, std::slice::from_mut(key))
}

fn open(transaction: &mut WriteTransaction<'_>, ids: &[ClientId], now: Timestamp) -> Result<Vec<KeyEpoch>, AppError> {
    key_epochs::open(transaction, ids, now, |buffer| Ok(random::fill(buffer)?))
}

/// Opens an epoch for an enabled key that has none: it was made by an earlier version of this program, while nodes of both ran.
/// Blocking. `None`: the key is gone or disabled meanwhile.
pub(super) fn open_late(directory: &Arc<Directory>, id: ClientId) -> Result<Option<KeyEpoch>, AppError> {
    let now = clock::now();
    directory.db().write(now, |transaction| {
        transaction.exclusively()?;
        let Some(key) = api_keys::find(transaction.reading(), id)? else { return Ok(None) };
        if key.epoch.is_some() || key.disabled_at.is_some() {
            return Ok(key.epoch);
        }
        let epoch = open(transaction, &[id], now)?.into_iter().next();
        if let Some(epoch) = epoch {
            key_epochs::set(transaction, id, epoch)?;
        }
        Ok::<_, AppError>(epoch)
    })
}

/// Forgets epochs that nothing can belong to any more.
pub(super) fn tidy(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    key_epochs::remove_closed_before(transaction, now.plus_seconds(-key_epochs::KEEP_CLOSED_SECONDS)).map(drop)
}
