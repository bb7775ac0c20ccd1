//! The key-value store of a namespace by the names of `wasi:keyvalue`, for components that know only those.
//!
//! Every call is one of `store`, with its bounds and what it counts. The identifiers `default` and the empty one open the
//! namespace's store; there are no others. Beyond what the draft promises, calls are atomic and durable. A cursor is a
//! number there and a key here: a bucket remembers the keys that its numbers stand for, so that a number is worth nothing
//! elsewhere, and one event's calls bound how many there are.

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};

use super::interface::{Granted, Interface};
use super::store::KeyValues;
use crate::bindings::kv::{self, Assignment, Host as _, Selection};
use crate::bindings::wasi_keyvalue::{atomics, batch, store};

const SERIES: &str = "0.2.0-draft";

const fn interface(path: &'static str) -> Interface {
    Interface { path, series: SERIES, only: None, granted: Granted::Always }
}

pub(super) const INTERFACES: &[Interface] =
    &[interface("wasi:keyvalue/store"), interface("wasi:keyvalue/atomics"), interface("wasi:keyvalue/batch")];

/// The package of these interfaces.
pub(super) const PACKAGE: &str = "wasi:keyvalue";

/// The names of a namespace's store.
const IDENTIFIERS: [&str; 2] = ["", "default"];

/// Access to a store's state for these interfaces.
pub(crate) trait BucketView: Send {
    fn buckets(&mut self) -> Buckets<'_>;
}

/// The calls of one event.
pub(crate) struct Buckets<'a> {
    pub(crate) key_values: KeyValues<'a>,
    pub(crate) table: &'a mut ResourceTable,
}

/// A namespace's store, opened by a guest.
#[derive(Debug, Default)]
#[expect(unreachable_pub, reason = "bindings re-export it")]
pub struct Bucket {
    /// Where the pages of a listing ended: a cursor is an index.
    ends: Vec<String>,
}

/// Says that the linked functions work on [`Buckets`].
struct HasBuckets;

impl HasData for HasBuckets {
    type Data<'a> = Buckets<'a>;
}

pub(super) fn add_to_linker<T: BucketView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    store::add_to_linker::<T, HasBuckets>(linker, T::buckets)?;
    atomics::add_to_linker::<T, HasBuckets>(linker, T::buckets)?;
    batch::add_to_linker::<T, HasBuckets>(linker, T::buckets)
}

impl From<kv::Error> for store::Error {
    fn from(error: kv::Error) -> Self {
        Self::Other(match error {
            kv::Error::KeyTooLong(most) => format!("a key has more than {most} bytes"),
            kv::Error::ValueTooLarge(most) => format!("a value has more than {most} bytes"),
            kv::Error::QuotaExceeded(most) => format!("the store would have more than {most} bytes"),
            kv::Error::NotANumber => "the value is not an integer of 64 bits, or would not be".to_owned(),
            kv::Error::InvalidTtl => "a time to live is between 1 ms and 100 years".to_owned(),
            kv::Error::TooMuch(why)
            | kv::Error::RateLimited(why)
            | kv::Error::NotAllowed(why)
            | kv::Error::Unavailable(why) => why,
        })
    }
}

fn other(error: impl ToString) -> store::Error {
    store::Error::Other(error.to_string())
}

impl store::Host for Buckets<'_> {
    async fn open(&mut self, identifier: String) -> Result<Resource<Bucket>, store::Error> {
        if !IDENTIFIERS.contains(&identifier.as_str()) {
            return Err(store::Error::NoSuchStore);
        }
        self.key_values.check()?;
        self.table.push(Bucket::default()).map_err(other)
    }
}

impl store::HostBucket for Buckets<'_> {
    async fn get(&mut self, _: Resource<Bucket>, key: String) -> Result<Option<Vec<u8>>, store::Error> {
        Ok(self.key_values.get(key).await?.map(|entry| entry.value))
    }

    async fn set(&mut self, _: Resource<Bucket>, key: String, value: Vec<u8>) -> Result<(), store::Error> {
        Ok(self.key_values.set(key, value, None).await?)
    }

    async fn delete(&mut self, _: Resource<Bucket>, key: String) -> Result<(), store::Error> {
        self.key_values.delete(key).await?;
        Ok(())
    }

    async fn exists(&mut self, _: Resource<Bucket>, key: String) -> Result<bool, store::Error> {
        Ok(self.key_values.has(key).await?)
    }

    async fn list_keys(
        &mut self,
        bucket: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> Result<store::KeyResponse, store::Error> {
        let ends = &self.table.get(&bucket).map_err(other)?.ends;
        let after = match cursor.map(|cursor| usize::try_from(cursor).ok().and_then(|cursor| ends.get(cursor))) {
            None => None,
            Some(Some(end)) => Some(end.clone()),
            Some(None) => return Err(other("this bucket has given no such cursor")),
        };
        let selection = Selection { prefix: String::new(), cursor: after, limit: u32::MAX, keys_only: true };
        let page = self.key_values.list_entries(selection).await?;
        let mut cursor = None;
        if let Some(end) = page.cursor {
            let ends = &mut self.table.get_mut(&bucket).map_err(other)?.ends;
            cursor = Some(ends.len() as u64);
            ends.push(end);
        }
        Ok(store::KeyResponse { keys: page.entries.into_iter().map(|(key, _)| key).collect(), cursor })
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for Buckets<'_> {
    /// Numbers are those of `kv`: signed, as decimal text.
    async fn increment(&mut self, _: Resource<Bucket>, key: String, delta: u64) -> Result<u64, store::Error> {
        let delta = i64::try_from(delta).map_err(|_| other("a delta is less than 2 to the power of 63"))?;
        let sum = self.key_values.increment(key, delta, None).await?;
        u64::try_from(sum).map_err(|_| other(format!("the number is {sum} now, which is less than 0")))
    }
}

impl batch::Host for Buckets<'_> {
    async fn get_many(
        &mut self,
        _: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Result<Vec<Option<(String, Vec<u8>)>>, store::Error> {
        let entries = self.key_values.get_many(keys.clone()).await?;
        Ok(keys.into_iter().zip(entries).map(|(key, entry)| Some((key, entry?.value))).collect())
    }

    async fn set_many(&mut self, _: Resource<Bucket>, pairs: Vec<(String, Vec<u8>)>) -> Result<(), store::Error> {
        let assignment = |(key, value): (String, Vec<u8>)| Assignment { key, value, ttl_ms: None };
        Ok(self.key_values.set_many(pairs.into_iter().map(assignment).collect()).await?)
    }

    async fn delete_many(&mut self, _: Resource<Bucket>, keys: Vec<String>) -> Result<(), store::Error> {
        self.key_values.delete_many(keys).await?;
        Ok(())
    }
}
