//! A store in memory: everything is gone when the process ends.
//!
//! Calls return at once. Each call that writes also removes a few entries whose time is up; those count against the quota
//! until then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::backend::{Answer, Backend};
use crate::clock::Clock;
use crate::error::Error;
use crate::model::{Entry, Page, Put, Query, Space, Swap, Swapped};
use crate::rows::{Row, Rows, RowsMut, See, SeeMany};
use crate::semantics;

/// Most entries that a call removes because their time is up.
const SWEPT: usize = 64;

/// A key-value store in memory.
#[derive(Debug)]
pub struct Memory {
    tables: Mutex<Tables>,
    clock: Arc<dyn Clock>,
}

impl Memory {
    /// An empty store.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { tables: Mutex::default(), clock }
    }

    fn read<T>(&self, call: impl FnOnce(&Tables, u64) -> Result<T, Error>) -> Answer<'static, T>
    where
        T: Send + 'static,
    {
        let result = call(&self.tables.lock(), self.clock.now());
        Box::pin(std::future::ready(result))
    }

    fn write<T>(&self, call: impl FnOnce(&mut Tables, u64) -> Result<T, Error>) -> Answer<'static, T>
    where
        T: Send + 'static,
    {
        let (mut tables, now) = (self.tables.lock(), self.clock.now());
        let result = semantics::sweep(&mut *tables, now, SWEPT).and_then(|()| call(&mut tables, now));
        Box::pin(std::future::ready(result))
    }
}

impl Backend for Memory {
    fn get(&self, space: Space, keys: Vec<String>, most_bytes: usize) -> Answer<'_, Vec<Option<Entry>>> {
        self.read(|tables, now| semantics::get(tables, now, &space, &keys, most_bytes))
    }

    fn has(&self, space: Space, key: String) -> Answer<'_, bool> {
        self.read(|tables, now| semantics::has(tables, now, &space, &key))
    }

    fn list(&self, space: Space, query: Query, most_bytes: usize) -> Answer<'_, Page> {
        self.read(|tables, now| semantics::list(tables, now, &space, &query, most_bytes))
    }

    fn set(&self, space: Space, puts: Vec<Put>) -> Answer<'_, ()> {
        self.write(|tables, now| semantics::set(tables, now, &space, &puts))
    }

    fn delete(&self, space: Space, keys: Vec<String>) -> Answer<'_, u64> {
        self.write(|tables, now| semantics::delete(tables, now, &space, &keys))
    }

    fn increment(&self, space: Space, key: String, delta: i64, ttl: Option<Duration>) -> Answer<'_, i64> {
        self.write(|tables, now| semantics::increment(tables, now, &space, &key, delta, ttl))
    }

    fn swap(&self, space: Space, swap: Swap) -> Answer<'_, Swapped> {
        self.write(|tables, now| semantics::swap(tables, now, &space, &swap))
    }

    fn clear(&self, space: Space, prefix: String, most: usize) -> Answer<'_, (u64, bool)> {
        self.write(|tables, now| semantics::clear(tables, now, &space, &prefix, most))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

#[derive(Debug, Default)]
struct Tables {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    expiring: BTreeSet<(u64, Vec<u8>)>,
    used: HashMap<String, u64>,
    version: u64,
}

impl Rows for Tables {
    fn see(&self, key: &[u8], see: &mut See<'_>) -> Result<(), Error> {
        if let Some(bytes) = self.rows.get(key) {
            see(Row::decode(bytes)?);
        }
        Ok(())
    }

    fn see_from(&self, key: &[u8], see: &mut SeeMany<'_>) -> Result<(), Error> {
        for (key, bytes) in self.rows.range(key.to_vec()..) {
            if see(key, Row::decode(bytes)?).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl RowsMut for Tables {
    fn put(&mut self, key: &[u8], row: Row<'_>) -> Result<(), Error> {
        self.rows.insert(key.to_vec(), row.encode());
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), Error> {
        self.rows.remove(key);
        Ok(())
    }

    fn add_expiring(&mut self, expires: u64, key: &[u8]) -> Result<(), Error> {
        self.expiring.insert((expires, key.to_vec()));
        Ok(())
    }

    fn remove_expiring(&mut self, expires: u64, key: &[u8]) -> Result<(), Error> {
        self.expiring.remove(&(expires, key.to_vec()));
        Ok(())
    }

    fn expired(&self, now: u64, most: usize) -> Result<Vec<Vec<u8>>, Error> {
        let expired = self.expiring.iter().take_while(|(expires, _)| *expires <= now);
        Ok(expired.take(most).map(|(_, key)| key.clone()).collect())
    }

    fn used(&self, space: &str) -> Result<u64, Error> {
        Ok(self.used.get(space).copied().unwrap_or(0))
    }

    fn set_used(&mut self, space: &str, bytes: u64) -> Result<(), Error> {
        self.used.insert(space.to_owned(), bytes);
        Ok(())
    }

    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}
