//! The change feed: what every node must forget, in the order of the commits.
//!
//! A sequence would hand out numbers in the order of asking, and a reader could pass a number whose transaction has
//! not committed yet. So the numbers come from one row that each writer raises last and keeps locked until its commit.

use std::fmt;
use std::str::FromStr;

use diesel::prelude::*;

use super::schema::{changes, feed_head};
use super::{DbConnection, StoreError, WriteTransaction};
use crate::domain::id::{AccountId, ClientId, OrganizationId};
use crate::domain::key_epoch::KeyEpoch;
use crate::domain::time::Timestamp;
use crate::domain::token_id::TokenId;

/// Something that memory may hold and that is no longer so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// An API key, its grants or secrets.
    ApiKey(ClientId),
    /// An account.
    Account(AccountId),
    /// An organization.
    Organization(OrganizationId),
    /// The client ids that imported keys had elsewhere: some have been added.
    ForeignClientIds,
    /// The scopes or resource servers.
    Catalogue,
    /// The signing keys.
    SigningKeys,
    /// The rate plans, or which organization is on which.
    Plans,
    /// A single token was revoked.
    Token(TokenId),
    /// An epoch of a key has ended, and with it its tokens.
    EpochClosed(KeyEpoch),
    /// A status list was made or removed.
    StatusLists,
    /// Written by a later version of this program: to be safe, everything.
    Unknown,
}

impl Change {
    fn what(self) -> &'static str {
        match self {
            Self::ApiKey(_) => "api_key",
            Self::Account(_) => "account",
            Self::Organization(_) => "organization",
            Self::ForeignClientIds => "foreign_client_ids",
            Self::Catalogue => "catalogue",
            Self::SigningKeys => "signing_keys",
            Self::Plans => "plans",
            Self::Token(_) => "token",
            Self::EpochClosed(_) => "epoch_closed",
            Self::StatusLists => "status_lists",
            Self::Unknown => "unknown",
        }
    }

    fn entity(self) -> String {
        match self {
            Self::ApiKey(id) => id.to_string(),
            Self::Account(id) => id.to_string(),
            Self::Organization(id) => id.to_string(),
            Self::Token(id) => id.to_string(),
            Self::EpochClosed(epoch) => epoch.to_string(),
            Self::ForeignClientIds | Self::Catalogue | Self::SigningKeys | Self::Plans | Self::StatusLists | Self::Unknown => {
                String::new()
            }
        }
    }

    fn parse(what: &str, entity: &str) -> Self {
        fn of<T: FromStr + fmt::Display>(entity: &str, make: impl Fn(T) -> Change) -> Change {
            entity.parse().map_or(Change::Unknown, make)
        }
        match what {
            "api_key" => of(entity, Self::ApiKey),
            "account" => of(entity, Self::Account),
            "organization" => of(entity, Self::Organization),
            "foreign_client_ids" => Self::ForeignClientIds,
            "catalogue" => Self::Catalogue,
            "signing_keys" => Self::SigningKeys,
            "plans" => Self::Plans,
            "token" => of(entity, Self::Token),
            "epoch_closed" => of(entity, Self::EpochClosed),
            "status_lists" => Self::StatusLists,
            _ => Self::Unknown,
        }
    }
}

/// What [`after`] found.
#[derive(Debug)]
pub enum Feed {
    /// The changes since, and the number of the last one.
    Changes(Vec<Change>, i64),
    /// The rows since have been cleaned away: everything must be forgotten. The number of the newest change.
    Gap(i64),
}

/// The most changes that one call of [`after`] returns.
const PAGE: i64 = 10_000;

pub(super) fn lock(connection: &mut DbConnection) -> Result<(), StoreError> {
    diesel::update(feed_head::table).set(feed_head::seq.eq(feed_head::seq)).execute(connection)?;
    Ok(())
}

pub(super) fn append(transaction: &mut WriteTransaction<'_>, all: &[Change], now: Timestamp) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    diesel::update(feed_head::table).set(feed_head::seq.eq(feed_head::seq + count)).execute(transaction.connection)?;
    let newest = newest(transaction.connection)?;
    let row = |(seq, change): (i64, &Change)| {
        (
            changes::seq.eq(seq),
            changes::what.eq(change.what()),
            changes::entity_id.eq(change.entity()),
            changes::created_at.eq(now.unix()),
        )
    };
    let rows: Vec<_> = (newest - count + 1..).zip(all).map(row).collect();
    insert_rows!(transaction, changes::table, rows);
    Ok(())
}

/// The number of the newest change.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn newest(connection: &mut DbConnection) -> Result<i64, StoreError> {
    Ok(feed_head::table.select(feed_head::seq).first(connection)?)
}

/// The changes after number `last`.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn after(connection: &mut DbConnection, last: i64) -> Result<Feed, StoreError> {
    let rows: Vec<(i64, String, String)> = changes::table
        .filter(changes::seq.gt(last))
        .order(changes::seq)
        .limit(PAGE)
        .select((changes::seq, changes::what, changes::entity_id))
        .load(connection)?;
    let Some((newest_read, ..)) = rows.last() else {
        return match newest(connection)? {
            newest if newest == last => Ok(Feed::Changes(Vec::new(), last)),
            // Cleaned away, or committed between the two statements, or the database was restored from a backup.
            newest => Ok(Feed::Gap(newest)),
        };
    };
    let is_complete = i64::try_from(rows.len()).is_ok_and(|count| newest_read.saturating_sub(last) == count);
    if !is_complete {
        return Ok(Feed::Gap(newest(connection)?));
    }
    Ok(Feed::Changes(rows.iter().map(|(_, what, entity)| Change::parse(what, entity)).collect(), *newest_read))
}

/// Removes the changes made before `moment`; every node has read them long ago, and one that has not finds a gap. Only
/// from the old end: clocks differ, and a hole in the middle would look like nothing.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn remove_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    let oldest_kept: Option<i64> = changes::table
        .filter(changes::created_at.ge(moment.unix()))
        .order(changes::seq)
        .select(changes::seq)
        .first(transaction.connection)
        .optional()?;
    let end = oldest_kept.unwrap_or(i64::MAX);
    Ok(diesel::delete(changes::table.filter(changes::seq.lt(end))).execute(transaction.connection)?)
}
