//! What each call means, on the tables of any store: pure functions of the tables and the time.
//!
//! A call that fails has changed nothing, unless the tables themselves failed ([`Error::Unavailable`]); these then drop
//! all changes.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::ControlFlow;
use std::time::Duration;

use crate::error::Error;
use crate::limits::Limits;
use crate::model::{Entry, Expected, Listed, Page, Put, Query, Space, Swap, Swapped};
use crate::rows::{Row, Rows, RowsMut, row_key, split};

pub(crate) fn get<R: Rows + ?Sized>(
    rows: &R,
    now: u64,
    space: &Space,
    keys: &[String],
    most_bytes: usize,
) -> Result<Vec<Option<Entry>>, Error> {
    let mut room = most_bytes;
    let mut entries = Vec::with_capacity(keys.len());
    for key in keys {
        let mut found = Ok(None);
        rows.see(&row_key(&space.name, key), &mut |row| {
            if row.is_alive(now) {
                found = match room.checked_sub(row.value.len()) {
                    Some(left) => {
                        room = left;
                        Ok(Some(entry(row)))
                    }
                    None => Err(Error::BatchTooLarge(most_bytes)),
                };
            }
        })?;
        entries.push(found?);
    }
    Ok(entries)
}

pub(crate) fn has<R: Rows + ?Sized>(rows: &R, now: u64, space: &Space, key: &str) -> Result<bool, Error> {
    let mut found = false;
    rows.see(&row_key(&space.name, key), &mut |row| found = row.is_alive(now))?;
    Ok(found)
}

pub(crate) fn list<R: Rows + ?Sized>(
    rows: &R,
    now: u64,
    space: &Space,
    query: &Query,
    most_bytes: usize,
) -> Result<Page, Error> {
    let prefix = row_key(&space.name, &query.prefix);
    let mut from = prefix.clone();
    if let Some(cursor) = &query.cursor {
        let mut after = row_key(&space.name, cursor);
        after.push(0); // The first key after the cursor.
        from = from.max(after);
    }
    let (mut entries, mut cursor) = (Vec::new(), None);
    let (mut room, mut seen, mut last) = (most_bytes, 0, String::new());
    rows.see_from(&from, &mut |row_key, row| {
        let Some((_, key)) = split(row_key).filter(|_| row_key.starts_with(&prefix)) else {
            return ControlFlow::Break(());
        };
        let value: &[u8] = if query.keys_only { &[] } else { row.value };
        let left = room.checked_sub(key.len() + value.len());
        // A page has an entry, however large.
        let full = entries.len() >= query.limit || (left.is_none() && !entries.is_empty());
        if full || seen == MOST_SEEN {
            cursor = Some(mem::take(&mut last));
            return ControlFlow::Break(());
        }
        seen += 1;
        key.clone_into(&mut last);
        if row.is_alive(now) {
            room = left.unwrap_or(0);
            let ttl = (row.expires != 0).then(|| Duration::from_millis(row.expires.saturating_sub(now)));
            entries.push(Listed { key: key.to_owned(), entry: entry(Row { value, ..row }), ttl });
        }
        ControlFlow::Continue(())
    })?;
    Ok(Page { entries, cursor })
}

/// Sets all or none. If a key is there twice, the last one counts.
pub(crate) fn set<R: RowsMut + ?Sized>(rows: &mut R, now: u64, space: &Space, puts: &[Put]) -> Result<(), Error> {
    let puts: BTreeMap<&str, &Put> = puts.iter().map(|put| (put.key.as_str(), put)).collect();
    let mut changes = Vec::with_capacity(puts.len());
    for (key, put) in puts {
        changes.push(Change::new(rows, space, key, Some((&put.value, expiry(now, put.ttl))))?);
    }
    apply(rows, space, changes)
}

/// Deletes all or none, and says how many were there.
pub(crate) fn delete<R: RowsMut + ?Sized>(
    rows: &mut R,
    now: u64,
    space: &Space,
    keys: &[String],
) -> Result<u64, Error> {
    let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let (mut changes, mut deleted) = (Vec::with_capacity(keys.len()), 0);
    for key in keys {
        deleted += u64::from(has(rows, now, space, key)?);
        changes.push(Change::new(rows, space, key, None)?);
    }
    apply(rows, space, changes)?;
    Ok(deleted)
}

/// Adds to a number, which is 0 if it is not there. `ttl` is for a new entry; one that is there keeps its own.
pub(crate) fn increment<R: RowsMut + ?Sized>(
    rows: &mut R,
    now: u64,
    space: &Space,
    key: &str,
    delta: i64,
    ttl: Option<Duration>,
) -> Result<i64, Error> {
    let mut before = Ok((0, expiry(now, ttl)));
    rows.see(&row_key(&space.name, key), &mut |row| {
        if row.is_alive(now) {
            before = number(row.value).ok_or(Error::NotANumber).map(|number| (number, row.expires));
        }
    })?;
    let (number, expires) = before?;
    let sum = number.checked_add(delta).ok_or(Error::Overflow)?;
    let text = sum.to_string();
    let change = Change::new(rows, space, key, Some((text.as_bytes(), expires)))?;
    apply(rows, space, vec![change])?;
    Ok(sum)
}

pub(crate) fn swap<R: RowsMut + ?Sized>(rows: &mut R, now: u64, space: &Space, swap: &Swap) -> Result<Swapped, Error> {
    let (mut current, mut matches) = (None, swap.expected == Expected::Absent);
    rows.see(&row_key(&space.name, &swap.key), &mut |row| {
        if row.is_alive(now) {
            matches = match &swap.expected {
                Expected::Absent => false,
                Expected::Value(value) => row.value == value,
                Expected::Version(version) => row.version == *version,
            };
            if !matches {
                current = Some(entry(row));
            }
        }
    })?;
    if !matches {
        return Ok(Swapped::Not(current));
    }
    let value = swap.value.as_deref().map(|value| (value, expiry(now, swap.ttl)));
    let change = Change::new(rows, space, &swap.key, value)?;
    apply(rows, space, vec![change])?;
    let mut version = None;
    rows.see(&row_key(&space.name, &swap.key), &mut |row| version = Some(row.version))?;
    Ok(Swapped::Done(version))
}

/// Removes at most so many rows whose keys begin with a prefix. Returns how many entries were there, and whether rows are
/// left.
pub(crate) fn clear<R: RowsMut + ?Sized>(
    rows: &mut R,
    now: u64,
    space: &Space,
    prefix: &str,
    most: usize,
) -> Result<(u64, bool), Error> {
    let prefix = row_key(&space.name, prefix);
    let (mut keys, mut alive, mut more) = (Vec::new(), 0, false);
    rows.see_from(&prefix, &mut |key, row| {
        if !key.starts_with(&prefix) {
            return ControlFlow::Break(());
        }
        if keys.len() == most {
            more = true;
            return ControlFlow::Break(());
        }
        alive += u64::from(row.is_alive(now));
        keys.push(key.to_owned());
        ControlFlow::Continue(())
    })?;
    remove(rows, keys)?;
    Ok((alive, more))
}

/// Removes at most so many rows whose time is up, of all spaces.
pub(crate) fn sweep<R: RowsMut + ?Sized>(rows: &mut R, now: u64, most: usize) -> Result<(), Error> {
    let expired = rows.expired(now, most)?;
    remove(rows, expired)
}

/// Most rows that one page looks at, those whose time is up included.
const MOST_SEEN: usize = 10_000;

fn remove<R: RowsMut + ?Sized>(rows: &mut R, keys: Vec<Vec<u8>>) -> Result<(), Error> {
    for key in keys {
        let Some((space, _)) = split(&key) else { continue };
        let change = Change::of(rows, key.clone(), None)?;
        let used = rows.used(space)?;
        rows.set_used(space, used.saturating_sub(change.old_size))?;
        change.make(rows)?;
    }
    Ok(())
}

/// What is to be done to a row, and what that does to the bytes in use.
struct Change<'a> {
    key: Vec<u8>,
    new: Option<(&'a [u8], u64)>,
    old_expires: u64,
    old_size: u64,
    new_size: u64,
}

impl<'a> Change<'a> {
    fn new<R: Rows + ?Sized>(rows: &R, space: &Space, key: &str, new: Option<(&'a [u8], u64)>) -> Result<Self, Error> {
        Self::of(rows, row_key(&space.name, key), new)
    }

    fn of<R: Rows + ?Sized>(rows: &R, key: Vec<u8>, new: Option<(&'a [u8], u64)>) -> Result<Self, Error> {
        let key_size = split(&key).map_or(0, |(_, key)| key.len());
        let size = |value: &[u8]| (key_size + value.len()) as u64 + Limits::ENTRY;
        let (mut old_expires, mut old_size) = (0, 0);
        rows.see(&key, &mut |row| (old_expires, old_size) = (row.expires, size(row.value)))?;
        let new_size = new.map_or(0, |(value, _)| size(value));
        Ok(Self { key, new, old_expires, old_size, new_size })
    }

    fn make<R: RowsMut + ?Sized>(self, rows: &mut R) -> Result<(), Error> {
        if self.old_expires != 0 {
            rows.remove_expiring(self.old_expires, &self.key)?;
        }
        match self.new {
            Some((value, expires)) => {
                if expires != 0 {
                    rows.add_expiring(expires, &self.key)?;
                }
                let version = rows.next_version();
                rows.put(&self.key, Row { version, expires, value })
            }
            None if self.old_size > 0 => rows.remove(&self.key),
            None => Ok(()),
        }
    }
}

/// Makes changes of one space, if they fit in its quota. What does not make it larger always does.
fn apply<R: RowsMut + ?Sized>(rows: &mut R, space: &Space, changes: Vec<Change<'_>>) -> Result<(), Error> {
    let sum = |size: fn(&Change<'_>) -> u64| changes.iter().map(size).sum::<u64>();
    let (old, new) = (sum(|change| change.old_size), sum(|change| change.new_size));
    let used = rows.used(&space.name)?;
    let after = used.saturating_sub(old).saturating_add(new);
    if new > old && after > space.quota {
        return Err(Error::QuotaExceeded(space.quota));
    }
    if after != used {
        rows.set_used(&space.name, after)?;
    }
    changes.into_iter().try_for_each(|change| change.make(rows))
}

fn entry(row: Row<'_>) -> Entry {
    Entry { value: row.value.to_vec(), version: row.version }
}

fn expiry(now: u64, ttl: Option<Duration>) -> u64 {
    ttl.map_or(0, |ttl| now.saturating_add(u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)))
}

/// A decimal number as [`increment`] writes it, which is also how JSON writes integers.
fn number(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let number: i64 = text.parse().ok()?;
    // Not `+1`, `01` or `-0`.
    (number.to_string() == text).then_some(number)
}
