//! What keeps the entries of all namespaces.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::error::Error;
use crate::model::{Entry, Page, Put, Query, Space, Swap, Swapped};

/// What a call returns, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A key-value store. [`KeyValue`](crate::KeyValue) has checked what it is passed; its functions of the same names say
/// what each does.
///
/// A call that is dropped before it has returned may take effect or not.
pub trait Backend: Debug + Send + Sync {
    /// The entries with these keys, in their order. More than `most_bytes` of values are an error.
    fn get(&self, space: Space, keys: Vec<String>, most_bytes: usize) -> Answer<'_, Vec<Option<Entry>>>;

    /// Whether there is an entry with this key.
    fn has(&self, space: Space, key: String) -> Answer<'_, bool>;

    /// A page of entries, which ends before it has more than `most_bytes` of keys and values.
    fn list(&self, space: Space, query: Query, most_bytes: usize) -> Answer<'_, Page>;

    /// Sets all or none.
    fn set(&self, space: Space, puts: Vec<Put>) -> Answer<'_, ()>;

    /// Deletes all or none, and says how many were there.
    fn delete(&self, space: Space, keys: Vec<String>) -> Answer<'_, u64>;

    /// Adds to a number, and returns the sum.
    fn increment(&self, space: Space, key: String, delta: i64, ttl: Option<Duration>) -> Answer<'_, i64>;

    /// Compares and sets.
    fn swap(&self, space: Space, swap: Swap) -> Answer<'_, Swapped>;

    /// Deletes at most `most` entries whose keys begin with a prefix. Returns how many were there, and whether more are
    /// left.
    fn clear(&self, space: Space, prefix: String, most: usize) -> Answer<'_, (u64, bool)>;

    /// Writes what is to be written, and lets go of the file. Calls after this are [`Error::Unavailable`].
    fn close(&self) -> Answer<'_, ()>;
}
