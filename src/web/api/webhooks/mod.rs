//! `/webhooks`

mod change;
mod read;

pub(super) use change::{create, delete, edit, redeliver, rotate_secret, test};
pub(super) use read::{deliveries, list, show};
