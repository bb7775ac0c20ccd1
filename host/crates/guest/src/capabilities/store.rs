//! The key-value store of a namespace (`realtime:gateway/kv`).
//!
//! A call takes effect at once, so commands that were called before take effect first. The store may keep a call
//! waiting; the event's time limit goes on meanwhile. What one event may call and pass is bounded here, what one call may
//! pass in `store`. What a call returns waits for room among all that is copied for guests, before the store reads it.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gateway::EventContext;
use runtime::Copies;
use store::{Backend, Expected, KeyValue, Limits, Put, Query, Swap, Swapped};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{HasData, Linker};

use super::interface::{Granted, Interface};
use super::realtime::SERIES;
use crate::bindings::kv::{self, Assignment, Comparison, Entry, Error, Expectation, Page, Selection};
use crate::current_event::CurrentEvent;

/// Granted to all: a component that imports it makes the host open its store.
pub(super) const INTERFACES: &[Interface] =
    &[Interface { path: PATH, series: SERIES, only: None, granted: Granted::Always }];

/// The interface's name, without its version.
pub(super) const PATH: &str = "realtime:gateway/kv";

/// Access to a store's state for this interface.
pub(crate) trait StoreView: Send {
    fn key_values(&mut self) -> KeyValues<'_>;
}

/// Says that the linked functions work on [`KeyValues`].
struct HasKeyValues;

impl HasData for HasKeyValues {
    type Data<'a> = KeyValues<'a>;
}

pub(super) fn add_to_linker<T: StoreView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    kv::add_to_linker::<T, HasKeyValues>(linker, T::key_values)
}

/// What handlers may use of key-value stores.
#[derive(Clone, Default)]
pub struct StoreGrant {
    /// Opened when a component that imports it is served, before its first event.
    backend: Arc<OnceLock<Arc<dyn Backend>>>,
    /// The bounds of calls and stores.
    pub limits: Arc<Limits>,
    /// The bounds of an event.
    pub event: EventStoreLimits,
    /// The name of a store that all namespaces share; by default each has its own.
    pub shared: Option<Arc<str>>,
}

/// What one event may use of its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStoreLimits {
    /// Calls. Beyond: an error to the handler.
    pub calls: usize,
    /// Bytes that calls pass, and bytes that they return, together. Beyond: further calls are an error to the handler.
    pub bytes: usize,
}

impl Default for EventStoreLimits {
    fn default() -> Self {
        Self { calls: 1_000, bytes: 8 << 20 }
    }
}

impl StoreGrant {
    /// A grant whose store is not open yet.
    pub fn new(limits: Limits, event: EventStoreLimits, shared: Option<Arc<str>>) -> Self {
        Self { backend: Arc::default(), limits: Arc::new(limits), event, shared }
    }

    /// Opens the store for all handlers that have this grant. Only the first call counts.
    pub fn open(&self, backend: Arc<dyn Backend>) {
        let _ = self.backend.set(backend);
    }

    /// The name of a namespace's store.
    pub fn name<'a>(&'a self, namespace: &'a str) -> &'a str {
        self.shared.as_deref().unwrap_or(namespace)
    }

    fn of(&self, context: Option<&EventContext>) -> Result<KeyValue, Error> {
        let Some(context) = context else {
            let why = "a component that describes itself has no key-value store: use it in a handler";
            return Err(Error::NotAllowed(why.to_owned()));
        };
        let Some(backend) = self.backend.get() else {
            return Err(Error::NotAllowed("this host has no key-value store".to_owned()));
        };
        Ok(KeyValue::new(backend.clone(), self.name(context.namespace()), self.limits.clone()))
    }
}

impl PartialEq for StoreGrant {
    /// Compares the settings.
    fn eq(&self, other: &Self) -> bool {
        (&self.limits, &self.event, &self.shared) == (&other.limits, &other.event, &other.shared)
    }
}

impl Eq for StoreGrant {}

impl fmt::Debug for StoreGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, limits, event, shared } = self;
        let mut shown = f.debug_struct("StoreGrant");
        shown.field("backend", &backend.get().is_some()).field("limits", limits);
        shown.field("event", event).field("shared", shared).finish()
    }
}

/// The calls of one event, made for each call from parts that the store has anyway.
pub(crate) struct KeyValues<'a> {
    pub(crate) current: &'a CurrentEvent,
    pub(crate) grant: &'a StoreGrant,
    /// Room for what calls return.
    pub(crate) copies: &'a Copies,
    pub(crate) used: &'a mut Used,
}

/// What an event has used so far. Nothing until its first call.
#[derive(Default)]
pub(crate) struct Used(Option<Box<Usage>>);

struct Usage {
    store: KeyValue,
    calls: usize,
    bytes: usize,
}

/// Room for what a call returns, taken before its size is known.
type Room = Option<OwnedSemaphorePermit>;

impl KeyValues<'_> {
    /// Whether there is a store.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.grant.of(self.current.context()).map(|_| ())
    }

    /// Begins a call that passes so many bytes. Commands that were called before it take effect.
    async fn call(&mut self, bytes: usize) -> Result<KeyValue, Error> {
        let usage = match &mut self.used.0 {
            Some(usage) => usage,
            unused => {
                let store = self.grant.of(self.current.context())?;
                unused.insert(Box::new(Usage { store, calls: 0, bytes: 0 }))
            }
        };
        let EventStoreLimits { calls, bytes: most } = self.grant.event;
        if usage.calls >= calls {
            return Err(Error::RateLimited(format!("an event may call its key-value store {calls} times")));
        }
        if usage.bytes.saturating_add(bytes) > most {
            let text = format!("an event may exchange {most} bytes with its key-value store");
            return Err(Error::RateLimited(text));
        }
        usage.calls += 1;
        usage.bytes += bytes;
        let store = usage.store.clone();
        self.current.flushed().await;
        Ok(store)
    }

    /// Waits for room for so many values and keys, but no more than a batch may have. A value that was set with a larger
    /// limit than today's counts as one of today's.
    async fn room(&self, values: usize, keys: usize) -> Room {
        let Limits { key, value, batch_bytes, .. } = &*self.grant.limits;
        let bytes = values.saturating_mul(*value).saturating_add(keys.saturating_mul(*key));
        self.copies.room_for(bytes.min(*batch_bytes)).await
    }

    /// Counts what a call has returned. Its room is kept until the guest has it.
    fn returned(&mut self, bytes: usize, room: Room) {
        self.current.hold(Copies::shrink(room, bytes));
        if let Some(usage) = &mut self.used.0 {
            usage.bytes = usage.bytes.saturating_add(bytes);
        }
    }
}

fn size(entry: &Option<store::Entry>) -> usize {
    entry.as_ref().map_or(0, |entry| entry.value.len())
}

impl kv::Host for KeyValues<'_> {
    async fn get(&mut self, key: String) -> Result<Option<Entry>, Error> {
        let store = self.call(key.len()).await?;
        let room = self.room(1, 0).await;
        let entry = store.get(key).await?;
        self.returned(size(&entry), room);
        Ok(entry.map(Entry::from))
    }

    async fn get_many(&mut self, keys: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        let store = self.call(keys.iter().map(String::len).sum()).await?;
        let room = self.room(keys.len(), 0).await;
        let entries = store.get_many(keys).await?;
        self.returned(entries.iter().map(size).sum(), room);
        Ok(entries.into_iter().map(|entry| entry.map(Entry::from)).collect())
    }

    async fn has(&mut self, key: String) -> Result<bool, Error> {
        Ok(self.call(key.len()).await?.has(key).await?)
    }

    async fn set(&mut self, key: String, value: Vec<u8>, ttl_ms: Option<u64>) -> Result<(), Error> {
        Ok(self.call(key.len() + value.len()).await?.set(key, value, ttl(ttl_ms)).await?)
    }

    async fn set_many(&mut self, assignments: Vec<Assignment>) -> Result<(), Error> {
        let bytes = assignments.iter().map(|put| put.key.len() + put.value.len()).sum();
        let store = self.call(bytes).await?;
        Ok(store.set_many(assignments.into_iter().map(Put::from).collect()).await?)
    }

    async fn delete(&mut self, key: String) -> Result<bool, Error> {
        Ok(self.call(key.len()).await?.delete(key).await?)
    }

    async fn delete_many(&mut self, keys: Vec<String>) -> Result<u64, Error> {
        Ok(self.call(keys.iter().map(String::len).sum()).await?.delete_many(keys).await?)
    }

    async fn increment(&mut self, key: String, delta: i64, ttl_ms: Option<u64>) -> Result<i64, Error> {
        Ok(self.call(key.len()).await?.increment(key, delta, ttl(ttl_ms)).await?)
    }

    async fn compare_and_set(
        &mut self,
        key: String,
        expected: Expectation,
        value: Option<Vec<u8>>,
        ttl_ms: Option<u64>,
    ) -> Result<Comparison, Error> {
        let compared = if let Expectation::Value(value) = &expected { value.len() } else { 0 };
        let store = self.call(key.len() + compared + value.as_ref().map_or(0, Vec::len)).await?;
        let swap = Swap { key, expected: expected.into(), value, ttl: ttl(ttl_ms) };
        let room = self.room(1, 0).await;
        Ok(match store.compare_and_set(swap).await? {
            Swapped::Done(version) => Comparison::Done(version),
            Swapped::Not(entry) => {
                self.returned(size(&entry), room);
                Comparison::Different(entry.map(Entry::from))
            }
        })
    }

    async fn list_entries(&mut self, selection: Selection) -> Result<Page, Error> {
        let Selection { prefix, cursor, limit, keys_only } = selection;
        let store = self.call(prefix.len() + cursor.as_ref().map_or(0, String::len)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(store.limits().page).max(1);
        let room = self.room(if keys_only { 0 } else { limit }, limit).await;
        let page = store.list(Query { prefix, cursor, limit, keys_only }).await?;
        self.returned(page.entries.iter().map(|listed| listed.key.len() + listed.entry.value.len()).sum(), room);
        let entries = page.entries.into_iter().map(|listed| (listed.key, listed.entry.into())).collect();
        Ok(Page { entries, cursor: page.cursor })
    }

    async fn clear(&mut self, prefix: String) -> Result<u64, Error> {
        Ok(self.call(prefix.len()).await?.clear(prefix).await?)
    }
}

fn ttl(ms: Option<u64>) -> Option<Duration> {
    ms.map(Duration::from_millis)
}

impl From<store::Entry> for Entry {
    fn from(entry: store::Entry) -> Self {
        Self { value: entry.value, version: entry.version }
    }
}

impl From<Assignment> for Put {
    fn from(assignment: Assignment) -> Self {
        Self { key: assignment.key, value: assignment.value, ttl: ttl(assignment.ttl_ms) }
    }
}

impl From<Expectation> for Expected {
    fn from(expectation: Expectation) -> Self {
        match expectation {
            Expectation::Absent => Self::Absent,
            Expectation::Value(value) => Self::Value(value),
            Expectation::Version(version) => Self::Version(version),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::KeyTooLong(most) => Self::KeyTooLong(most as u64),
            store::Error::ValueTooLarge(most) => Self::ValueTooLarge(most as u64),
            store::Error::TooManyEntries(_) | store::Error::BatchTooLarge(_) => Self::TooMuch(error.to_string()),
            store::Error::InvalidTtl => Self::InvalidTtl,
            store::Error::QuotaExceeded(most) => Self::QuotaExceeded(most),
            store::Error::NotANumber | store::Error::Overflow => Self::NotANumber,
            store::Error::Unavailable(why) => Self::Unavailable(why),
        }
    }
}
