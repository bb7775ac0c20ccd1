//! What scripts answer. A reply that none of them gives is an error: somebody else writes to these keys.

use std::time::Duration;

use redis::Value;

use crate::error::Error;
use crate::model::{Entry, Listed, Page, Swapped};

/// The answer of a call that writes.
pub(super) enum Written {
    /// Done; what else the script says.
    Done(std::vec::IntoIter<Value>),
    /// A compare-and-set found something else.
    Different(std::vec::IntoIter<Value>),
    /// Ended entries are to be swept before it is known whether there is room.
    Again,
    Failed(Error),
}

pub(super) fn written(reply: Value, quota: u64) -> Result<Written, Error> {
    let mut parts = array(reply)?;
    Ok(match bytes(next(&mut parts)?)?.as_slice() {
        b"ok" => Written::Done(parts),
        b"not" => Written::Different(parts),
        b"again" => Written::Again,
        b"full" => Written::Failed(Error::QuotaExceeded(quota)),
        b"number" => Written::Failed(Error::NotANumber),
        b"overflow" => Written::Failed(Error::Overflow),
        _ => return Err(odd()),
    })
}

pub(super) fn entries(reply: Value, most_bytes: usize) -> Result<Vec<Option<Entry>>, Error> {
    let mut parts = array(reply)?;
    if bytes(next(&mut parts)?)? != b"ok" {
        return Err(Error::BatchTooLarge(most_bytes));
    }
    let entry_or_nil = |part| match part {
        Value::Nil => Ok(None),
        pair => entry(&mut array(pair)?).map(Some),
    };
    parts.map(entry_or_nil).collect()
}

pub(super) fn page(reply: Value) -> Result<Page, Error> {
    let mut parts = array(reply)?;
    let cursor = match next(&mut parts)? {
        Value::Nil => None,
        last => Some(text(last)?),
    };
    let mut entries = Vec::with_capacity(parts.len() / 4);
    while let Some(key) = parts.next() {
        let (key, entry) = (text(key)?, entry(&mut parts)?);
        let ttl = match next(&mut parts)? {
            Value::Nil => None,
            time => Some(Duration::from_millis(unsigned(time)?)),
        };
        entries.push(Listed { key, entry, ttl });
    }
    Ok(Page { entries, cursor })
}

pub(super) fn number(value: Value) -> Result<u64, Error> {
    match value {
        Value::Int(number) => u64::try_from(number).map_err(|_| odd()),
        _ => Err(odd()),
    }
}

pub(super) fn cleared(reply: Value) -> Result<(u64, bool), Error> {
    let mut parts = array(reply)?;
    Ok((number(next(&mut parts)?)?, number(next(&mut parts)?)? == 1))
}

pub(super) fn sum(mut parts: std::vec::IntoIter<Value>) -> Result<i64, Error> {
    text(next(&mut parts)?)?.parse().map_err(|_| odd())
}

pub(super) fn swapped(mut parts: std::vec::IntoIter<Value>) -> Result<Swapped, Error> {
    parts.next().map(unsigned).transpose().map(Swapped::Done)
}

pub(super) fn different(mut parts: std::vec::IntoIter<Value>) -> Result<Swapped, Error> {
    if parts.len() == 0 {
        return Ok(Swapped::Not(None));
    }
    entry(&mut parts).map(|entry| Swapped::Not(Some(entry)))
}

/// A version and a value.
fn entry(parts: &mut std::vec::IntoIter<Value>) -> Result<Entry, Error> {
    let version = unsigned(next(parts)?)?;
    Ok(Entry { value: bytes(next(parts)?)?, version })
}

/// A number that is written as text.
fn unsigned(value: Value) -> Result<u64, Error> {
    text(value)?.parse().map_err(|_| odd())
}

fn text(value: Value) -> Result<String, Error> {
    String::from_utf8(bytes(value)?).map_err(|_| odd())
}

fn bytes(value: Value) -> Result<Vec<u8>, Error> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        _ => Err(odd()),
    }
}

fn array(value: Value) -> Result<std::vec::IntoIter<Value>, Error> {
    match value {
        Value::Array(values) => Ok(values.into_iter()),
        _ => Err(odd()),
    }
}

fn next(parts: &mut std::vec::IntoIter<Value>) -> Result<Value, Error> {
    parts.next().ok_or_else(odd)
}

pub(super) fn odd() -> Error {
    Error::Unavailable("Redis has something else at this store's keys".to_owned())
}
