//! The tables of key epochs and of the status lists in which each has its place.
//!
//! A place is drawn at random among those that no epoch of the list has or had, so that places tell nothing of keys. The
//! primary key sees to it that none is given twice, whatever happens.

use std::collections::{BTreeMap, HashSet};

use diesel::prelude::*;

use super::schema::{api_keys, key_epochs, status_lists};
use super::{Change, DbConnection, StoreError, WriteTransaction};
use crate::domain::id::ClientId;
use crate::domain::key_epoch::{KeyEpoch, STATUS_LIST_SIZE, StatusListId};
use crate::domain::time::Timestamp;

/// How long a closed epoch's bit stays set: longer than any token of it can live, however far clocks differ, and also
/// those that a node issues which has not heard of the end yet and may trust its memory for a day.
pub const KEEP_CLOSED_SECONDS: i64 = 2 * 86_400;

/// Of eight places of a list so many are given, so that a draw finds a free one soon.
const GIVEN_OF_EIGHT: i64 = 7;
/// The most places in one statement.
const CHUNK: usize = 500;

/// Gives each of these keys an epoch of its own, in their order. `fill` fills a buffer with random bytes. The caller must be
/// the only writer ([`WriteTransaction::exclusively`]), and writes the epochs to the keys.
///
/// # Errors
/// What `fill` returns, or [`StoreError`].
pub fn open<E: From<StoreError>>(
    transaction: &mut WriteTransaction<'_>,
    keys: &[ClientId],
    now: Timestamp,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Vec<KeyEpoch>, E> {
    let mut opened = Vec::with_capacity(keys.len());
    while opened.len() < keys.len() {
        let list = list_with_room(transaction, now)?;
        let room = usize::try_from(list.room()).unwrap_or_default();
        let waiting = keys.get(opened.len()..).unwrap_or_default();
        let waiting = waiting.get(..room.min(waiting.len())).unwrap_or_default();
        let places = draw(transaction, &list, waiting.len(), &mut fill)?;
        insert(transaction, list.id, waiting, &places, now)?;
        let id = StatusListId::try_from(list.id).map_err(|detail| StoreError::corrupt("status_lists", list.id, detail))?;
        opened.extend(places.into_iter().map(|index| KeyEpoch { list: id, index }));
    }
    Ok(opened)
}

/// Closes an epoch: its tokens are dead. One that is closed stays as it is.
///
/// # Errors
/// [`StoreError`].
pub fn close(transaction: &mut WriteTransaction<'_>, epoch: KeyEpoch, now: Timestamp) -> Result<(), StoreError> {
    let row = key_epochs::table.find((i64::from(epoch.list.number()), i64::from(epoch.index)));
    diesel::update(row.filter(key_epochs::closed_at.is_null()))
        .set(key_epochs::closed_at.eq(now.unix()))
        .execute(transaction.connection)?;
    transaction.changed(Change::EpochClosed(epoch));
    Ok(())
}

/// Writes the epoch of a key that has none.
///
/// # Errors
/// [`StoreError`].
pub fn set(transaction: &mut WriteTransaction<'_>, id: ClientId, epoch: KeyEpoch) -> Result<(), StoreError> {
    diesel::update(api_keys::table.find(id.to_string()))
        .set((api_keys::status_list.eq(i64::from(epoch.list.number())), api_keys::status_index.eq(i64::from(epoch.index))))
        .execute(transaction.connection)?;
    transaction.changed(Change::ApiKey(id));
    Ok(())
}

#[derive(Clone, Copy, Queryable)]
struct ListRow {
    id: i64,
    size: i64,
    given: i64,
}

impl ListRow {
    const fn room(self) -> i64 {
        self.size / 8 * GIVEN_OF_EIGHT - self.given
    }
}

/// The oldest list with room. The one after it is made long before it is needed, so that all nodes know it by then.
fn list_with_room(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<ListRow, StoreError> {
    let rows: Vec<ListRow> = status_lists::table
        .filter(status_lists::given.lt(status_lists::size / 8 * GIVEN_OF_EIGHT))
        .order(status_lists::id)
        .limit(2)
        .select((status_lists::id, status_lists::size, status_lists::given))
        .load(transaction.connection)?;
    match *rows.as_slice() {
        [list, _] => Ok(list),
        [list] if list.room() > list.size / 8 => Ok(list),
        [list] => make_list(transaction, now).map(|_| list),
        _ => make_list(transaction, now),
    }
}

fn make_list(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<ListRow, StoreError> {
    let newest: Option<i64> = status_lists::table.select(diesel::dsl::max(status_lists::id)).first(transaction.connection)?;
    let list = ListRow { id: newest.unwrap_or(0) + 1, size: i64::from(STATUS_LIST_SIZE), given: 0 };
    diesel::insert_into(status_lists::table)
        .values((
            status_lists::id.eq(list.id),
            status_lists::size.eq(list.size),
            status_lists::given.eq(list.given),
            status_lists::created_at.eq(now.unix()),
        ))
        .execute(transaction.connection)?;
    transaction.changed(Change::StatusLists);
    Ok(list)
}

/// `count` different places of the list that no epoch has or had; there are so many.
fn draw<E: From<StoreError>>(
    transaction: &mut WriteTransaction<'_>,
    list: &ListRow,
    count: usize,
    fill: &mut impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<Vec<u32>, E> {
    let size = u64::try_from(list.size).map_err(|detail| StoreError::corrupt("status_lists", list.id, detail))?;
    let (mut places, mut seen) = (Vec::with_capacity(count), HashSet::with_capacity(count));
    while places.len() < count {
        let wanted = (count - places.len()).min(CHUNK);
        let mut bytes = vec![0; wanted * size_of::<u64>()];
        fill(&mut bytes)?;
        // Of 64 bits the remainder is as good as even.
        let drawn = bytes.as_chunks().0.iter().map(|bits| i64::try_from(u64::from_be_bytes(*bits) % size).unwrap_or_default());
        let drawn: Vec<i64> = drawn.filter(|place| seen.insert(*place)).collect();
        let taken: Vec<i64> = key_epochs::table
            .filter(key_epochs::list_id.eq(list.id).and(key_epochs::list_index.eq_any(&drawn)))
            .select(key_epochs::list_index)
            .load(transaction.connection)
            .map_err(StoreError::from)?;
        let free = drawn.into_iter().filter(|place| !taken.contains(place));
        places.extend(free.filter_map(|place| u32::try_from(place).ok()));
    }
    Ok(places)
}

#[derive(Insertable)]
#[diesel(table_name = key_epochs)]
struct EpochRow {
    list_id: i64,
    list_index: i64,
    client_id: String,
    opened_at: i64,
}

fn insert(
    transaction: &mut WriteTransaction<'_>,
    list: i64,
    keys: &[ClientId],
    places: &[u32],
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = |(key, place): (&ClientId, &u32)| EpochRow {
        list_id: list,
        list_index: i64::from(*place),
        client_id: key.to_string(),
        opened_at: now.unix(),
    };
    let rows: Vec<EpochRow> = keys.iter().zip(places).map(row).collect();
    insert_rows!(transaction, key_epochs::table, rows);
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    diesel::update(status_lists::table.find(list))
        .set(status_lists::given.eq(status_lists::given + count))
        .execute(transaction.connection)?;
    Ok(())
}

/// A status list as it is to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StoredList {
    /// How many places it has.
    pub size: u32,
    /// The places of epochs that are closed and may have tokens that have not ended by themselves.
    pub closed: HashSet<u32>,
}

/// Every list, with the epochs that were closed after `moment`.
///
/// # Errors
/// [`StoreError`], also for a row that is damaged.
pub fn lists(connection: &mut DbConnection, moment: Timestamp) -> Result<BTreeMap<StatusListId, StoredList>, StoreError> {
    let sizes: Vec<(i64, i64)> = status_lists::table.select((status_lists::id, status_lists::size)).load(connection)?;
    let mut lists = BTreeMap::new();
    for (id, size) in sizes {
        let parsed = StatusListId::try_from(id).map_err(|detail| StoreError::corrupt("status_lists", id, detail))?;
        let size = u32::try_from(size).map_err(|detail| StoreError::corrupt("status_lists", id, detail))?;
        lists.insert(parsed, StoredList { size, closed: HashSet::new() });
    }
    let closed: Vec<(i64, i64)> = key_epochs::table
        .filter(key_epochs::closed_at.gt(moment.unix()))
        .select((key_epochs::list_id, key_epochs::list_index))
        .load(connection)?;
    for (list, index) in closed {
        let epoch = KeyEpoch::from_columns(list, index)
            .map_err(|detail| StoreError::corrupt("key_epochs", format!("{list}/{index}"), detail))?;
        if let Some(list) = lists.get_mut(&epoch.list) {
            list.closed.insert(epoch.index);
        }
    }
    Ok(lists)
}

/// Removes epochs that were closed before `moment`, of lists that give no more places, and such lists that are empty then.
/// As long as a list gives places its epochs stay, for what was given once is known by them.
///
/// # Errors
/// [`StoreError`].
pub fn remove_closed_before(transaction: &mut WriteTransaction<'_>, moment: Timestamp) -> Result<usize, StoreError> {
    let full = status_lists::table.filter(status_lists::given.ge(status_lists::size / 8 * GIVEN_OF_EIGHT));
    let newest: Option<i64> = status_lists::table.select(diesel::dsl::max(status_lists::id)).first(transaction.connection)?;
    // The newest stays, so that the next one gets a number that none had.
    let full = full.filter(status_lists::id.lt(newest.unwrap_or_default()));
    let full: Vec<i64> = full.select(status_lists::id).load(transaction.connection)?;
    let old = key_epochs::table.filter(key_epochs::closed_at.lt(moment.unix()).and(key_epochs::list_id.eq_any(&full)));
    let removed = diesel::delete(old).execute(transaction.connection)?;
    for list in full {
        let rest: Option<i64> = key_epochs::table
            .filter(key_epochs::list_id.eq(list))
            .select(key_epochs::list_index)
            .first(transaction.connection)
            .optional()?;
        if rest.is_none() {
            diesel::delete(status_lists::table.find(list)).execute(transaction.connection)?;
            transaction.changed(Change::StatusLists);
        }
    }
    Ok(removed)
}
