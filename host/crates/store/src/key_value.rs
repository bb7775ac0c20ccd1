//! One namespace's store: what a handler passes is checked here, whichever backend keeps it.

use std::sync::Arc;
use std::time::Duration;

use crate::backend::Backend;
use crate::error::Error;
use crate::limits::Limits;
use crate::model::{Entry, Expected, Page, Put, Query, Space, Swap, Swapped};

/// The longest time to live: 100 years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A key-value store of one namespace, or of several that share it.
#[derive(Debug, Clone)]
pub struct KeyValue {
    backend: Arc<dyn Backend>,
    space: Space,
    limits: Arc<Limits>,
}

/// What a call changed is durable when it returns, and stands if the caller fails later.
///
/// # Errors
///
/// Every call: those of the limits, before anything is done, and [`Error::Unavailable`].
impl KeyValue {
    /// The store that keeps its entries under this name.
    pub fn new(backend: Arc<dyn Backend>, name: &str, limits: Arc<Limits>) -> Self {
        Self { backend, space: Space { name: name.into(), quota: limits.quota }, limits }
    }

    pub(crate) fn backend(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    /// Lets go of the backend, for all who have it.
    pub async fn close(&self) -> Result<(), Error> {
        self.backend.close().await
    }

    /// The bounds of its calls.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The entry with this key.
    pub async fn get(&self, key: String) -> Result<Option<Entry>, Error> {
        self.check_key(&key)?;
        // A value that was set with a larger limit is still read.
        let entries = self.backend.get(self.space.clone(), vec![key], usize::MAX).await?;
        Ok(entries.into_iter().next().flatten())
    }

    /// The entries with these keys, in their order, as they are at one moment. Error: [`Error::BatchTooLarge`] if the
    /// values have more bytes than a batch may.
    pub async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        self.check_keys(&keys)?;
        self.backend.get(self.space.clone(), keys, self.limits.batch_bytes).await
    }

    /// Whether there is an entry with this key.
    pub async fn has(&self, key: String) -> Result<bool, Error> {
        self.check_key(&key)?;
        self.backend.has(self.space.clone(), key).await
    }

    /// Sets a value. Its time to live replaces the old entry's, also if it has none. Error: [`Error::QuotaExceeded`].
    pub async fn set(&self, key: String, value: Vec<u8>, ttl: Option<Duration>) -> Result<(), Error> {
        self.check_put(&key, &value, ttl)?;
        self.backend.set(self.space.clone(), vec![Put { key, value, ttl }]).await
    }

    /// Sets all or none; the last one counts if a key is there twice. Error: [`Error::QuotaExceeded`].
    pub async fn set_many(&self, puts: Vec<Put>) -> Result<(), Error> {
        let sizes = puts.iter().map(|put| put.key.len().saturating_add(put.value.len()));
        self.check_batch(puts.len(), sizes)?;
        puts.iter().try_for_each(|put| self.check_put(&put.key, &put.value, put.ttl))?;
        self.backend.set(self.space.clone(), puts).await
    }

    /// Deletes an entry, and says whether it was there.
    pub async fn delete(&self, key: String) -> Result<bool, Error> {
        self.check_key(&key)?;
        Ok(self.backend.delete(self.space.clone(), vec![key]).await? > 0)
    }

    /// Deletes all or none, and says how many were there.
    pub async fn delete_many(&self, keys: Vec<String>) -> Result<u64, Error> {
        self.check_keys(&keys)?;
        self.backend.delete(self.space.clone(), keys).await
    }

    /// Adds to a number, which is 0 if it is not there, and returns the sum. The value is the number's decimal text.
    /// `ttl` is for a new entry; one that is there keeps its own. Errors: [`Error::NotANumber`], [`Error::Overflow`],
    /// which leave the value as it is, and [`Error::QuotaExceeded`].
    pub async fn increment(&self, key: String, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        self.check_put(&key, &[], ttl)?;
        self.backend.increment(self.space.clone(), key, delta, ttl).await
    }

    /// Sets or deletes a value if what is expected is there. Error: [`Error::QuotaExceeded`].
    pub async fn compare_and_set(&self, swap: Swap) -> Result<Swapped, Error> {
        self.check_put(&swap.key, swap.value.as_deref().unwrap_or_default(), swap.ttl)?;
        if let Expected::Value(value) = &swap.expected {
            self.check_value(value)?;
        }
        self.backend.swap(self.space.clone(), swap).await
    }

    /// A page of entries. Its limit counts as at least 1 and at most [`Limits::page`].
    pub async fn list(&self, query: Query) -> Result<Page, Error> {
        self.check_key(&query.prefix)?;
        self.check_key(query.cursor.as_deref().unwrap_or_default())?;
        let limit = query.limit.min(self.limits.page).max(1);
        self.backend.list(self.space.clone(), Query { limit, ..query }, self.limits.batch_bytes).await
    }

    /// Deletes the entries whose keys begin with this, a bounded number at a time, and says how many there were. What is
    /// set meanwhile may be deleted or not.
    pub async fn clear(&self, prefix: String) -> Result<u64, Error> {
        self.check_key(&prefix)?;
        let mut cleared = 0;
        loop {
            let step = self.backend.clear(self.space.clone(), prefix.clone(), self.limits.batch).await?;
            cleared += step.0;
            if !step.1 {
                return Ok(cleared);
            }
            // A store in memory does not wait for anything.
            tokio::task::yield_now().await;
        }
    }

    fn check_key(&self, key: &str) -> Result<(), Error> {
        if key.len() > self.limits.key { Err(Error::KeyTooLong(self.limits.key)) } else { Ok(()) }
    }

    fn check_value(&self, value: &[u8]) -> Result<(), Error> {
        if value.len() > self.limits.value { Err(Error::ValueTooLarge(self.limits.value)) } else { Ok(()) }
    }

    fn check_put(&self, key: &str, value: &[u8], ttl: Option<Duration>) -> Result<(), Error> {
        self.check_key(key)?;
        self.check_value(value)?;
        let valid = |ttl: Duration| ttl.as_millis() > 0 && ttl <= LONGEST;
        if ttl.is_none_or(valid) { Ok(()) } else { Err(Error::InvalidTtl) }
    }

    fn check_keys(&self, keys: &[String]) -> Result<(), Error> {
        self.check_batch(keys.len(), keys.iter().map(String::len))?;
        keys.iter().try_for_each(|key| self.check_key(key))
    }

    fn check_batch(&self, count: usize, sizes: impl Iterator<Item = usize>) -> Result<(), Error> {
        if count > self.limits.batch {
            return Err(Error::TooManyEntries(self.limits.batch));
        }
        let bytes = sizes.fold(0_usize, usize::saturating_add);
        if bytes > self.limits.batch_bytes { Err(Error::BatchTooLarge(self.limits.batch_bytes)) } else { Ok(()) }
    }
}
