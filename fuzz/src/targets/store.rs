//! Key-value stores: any calls with any keys, prefixes and cursors, on several namespaces.
//!
//! A store in memory, a store in a file, and a sorted map for each namespace get the same calls and must return the same.
//! A call that reached another namespace's entries would make one of the maps differ from then on, and all of them are
//! compared in the end. Bounds are small, so that they are reached.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arbitrary::Arbitrary;
use store::{
    Backend, Clock, Embedded, EmbeddedLimits, Error, Expected, KeyValue, Limits, Memory, Put, Query, Swap, Swapped,
};
use tokio::runtime::{Builder, Runtime};

/// Names that begin with each other and with what keys may begin with.
const NAMES: [&str; 5] = ["/", "/a", "/a/", "a", ""];

/// A store waits for the disk at each call that writes.
const CALLS: usize = 40;

/// More entries than fit in a namespace.
const MOST: usize = 100;

/// As if the file were on a disk that takes no time.
const FAST: &str = "/dev/shm";

/// So few entries fit that each call that writes removes all whose time is up, in every store.
fn limits() -> Limits {
    Limits { key: 12, value: 40, batch: 4, batch_bytes: 100, page: 3, quota: 800 }
}

#[derive(Debug, Arbitrary)]
pub struct Script {
    calls: Vec<(u8, Call)>,
}

#[derive(Debug, Clone, Arbitrary)]
enum Call {
    Get(Key),
    Has(Key),
    GetMany(Vec<Key>),
    SetMany(Vec<(Key, Value, Option<u8>)>),
    DeleteMany(Vec<Key>),
    Increment(Key, i64, Option<u8>),
    Swap { key: Key, expected: Option<Value>, value: Option<Value>, ttl: Option<u8> },
    List { prefix: Key, cursor: Option<Key>, limit: u8, keys_only: bool },
    Clear(Key),
    Pass(u8),
}

/// Any text, or one of few, so that calls meet.
#[derive(Debug, Clone, Arbitrary)]
enum Key {
    Any(String),
    Few(Vec<u8>),
}

impl Key {
    fn text(&self) -> String {
        const PARTS: [&str; 8] = ["a", "b", "/", "\u{0}", "\u{1}", "\u{FF}", "\u{10FFFF}", "/a"];
        match self {
            Self::Any(text) => text.clone(),
            Self::Few(parts) => {
                parts.iter().take(3).filter_map(|part| PARTS.get(usize::from(*part) % PARTS.len()).copied()).collect()
            }
        }
    }
}

#[derive(Debug, Clone, Arbitrary)]
enum Value {
    Bytes(Vec<u8>),
    Number(i64),
}

impl Value {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Number(number) => number.to_string().into_bytes(),
        }
    }
}

#[derive(Debug, Default)]
struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a call returned, without versions, which each store counts for itself.
#[derive(Debug, PartialEq)]
enum Returned {
    Values(Vec<Option<Vec<u8>>>),
    Number(i64),
    Page(Vec<(String, Vec<u8>, Option<Duration>)>),
    Swapped(bool, Option<Vec<u8>>),
    Nothing,
}

impl Script {
    pub fn run(self) {
        thread_local! {
            static RUNTIME: LazyCell<Runtime> =
                LazyCell::new(|| Builder::new_multi_thread().worker_threads(1).build().expect("a runtime"));
        }
        RUNTIME.with(|runtime| runtime.block_on(self.play()));
    }

    async fn play(self) {
        let clock = Arc::new(ManualClock(AtomicU64::new(1_000)));
        let file = TemporaryFile::new();
        let small = EmbeddedLimits { cache: 1 << 20, ..EmbeddedLimits::default() };
        let embedded = Embedded::open(&file.0, small, clock.clone()).expect("a new file");
        let (memory, embedded): (Arc<dyn Backend>, Arc<dyn Backend>) =
            (Arc::new(Memory::new(clock.clone())), Arc::new(embedded));
        let spaces =
            |backend: &Arc<dyn Backend>| NAMES.map(|name| KeyValue::new(backend.clone(), name, Arc::new(limits())));
        let (memory, embedded) = (spaces(&memory), spaces(&embedded));
        let mut models = NAMES.map(|_| Model::default());
        for (space, call) in self.calls.into_iter().take(CALLS) {
            if let Call::Pass(ms) = call {
                clock.0.fetch_add(ms.into(), Ordering::Relaxed);
                continue;
            }
            let space = usize::from(space) % NAMES.len();
            let (one, other) = (act(&memory[space], &call).await, act(&embedded[space], &call).await);
            for returned in [&one, &other] {
                models[space].check_end(clock.now(), &call, returned);
            }
            let (one, other) = (one.map(|(returned, _)| returned), other.map(|(returned, _)| returned));
            assert_eq!(one, other, "{call:?}");
            models[space].check(clock.now(), &call, &one);
        }
        for (space, model) in models.iter_mut().enumerate() {
            model.pass(clock.now());
            let expected: Vec<_> = model.entries.iter().map(|(key, entry)| (key.clone(), entry.0.clone())).collect();
            for store in [&memory[space], &embedded[space]] {
                assert_eq!(all(store).await, expected, "of {:?}", NAMES[space]);
            }
        }
        embedded[0].close().await.expect("the file is closed");
    }
}

/// Carries out a call; also says whether it was a page that another follows.
async fn act(store: &KeyValue, call: &Call) -> Result<(Returned, bool), Error> {
    let mut more = false;
    let texts = |keys: &[Key]| keys.iter().map(Key::text).collect::<Vec<_>>();
    let value = |entry: store::Entry| entry.value;
    let returned = match call {
        Call::Get(key) => Returned::Values(vec![store.get(key.text()).await?.map(value)]),
        Call::Has(key) => Returned::Number(store.has(key.text()).await?.into()),
        Call::GetMany(keys) => {
            let entries = store.get_many(texts(keys)).await?;
            Returned::Values(entries.into_iter().map(|entry| entry.map(value)).collect())
        }
        Call::SetMany(puts) => {
            let put = |(key, value, ttl): &(Key, Value, Option<u8>)| Put {
                key: key.text(),
                value: value.bytes(),
                ttl: milliseconds(*ttl),
            };
            store.set_many(puts.iter().map(put).collect()).await?;
            Returned::Nothing
        }
        Call::DeleteMany(keys) => Returned::Number(store.delete_many(texts(keys)).await? as i64),
        Call::Increment(key, delta, ttl) => {
            Returned::Number(store.increment(key.text(), *delta, milliseconds(*ttl)).await?)
        }
        Call::Swap { key, expected, value: new, ttl } => {
            let swap = Swap {
                key: key.text(),
                expected: expected.as_ref().map_or(Expected::Absent, |value| Expected::Value(value.bytes())),
                value: new.as_ref().map(Value::bytes),
                ttl: milliseconds(*ttl),
            };
            match store.compare_and_set(swap).await? {
                Swapped::Done(_) => Returned::Swapped(true, None),
                Swapped::Not(entry) => Returned::Swapped(false, entry.map(value)),
            }
        }
        Call::List { prefix, cursor, limit, keys_only } => {
            let (prefix, cursor) = (prefix.text(), cursor.as_ref().map(Key::text));
            let page = store.list(Query { prefix, cursor, limit: (*limit).into(), keys_only: *keys_only }).await?;
            let entries = page.entries.into_iter().map(|listed| (listed.key, listed.entry.value, listed.ttl));
            more = page.cursor.is_some();
            Returned::Page(entries.collect())
        }
        Call::Clear(prefix) => Returned::Number(store.clear(prefix.text()).await? as i64),
        Call::Pass(_) => Returned::Nothing,
    };
    Ok((returned, more))
}

fn milliseconds(ttl: Option<u8>) -> Option<Duration> {
    ttl.map(|ttl| Duration::from_millis(ttl.into()))
}

/// All entries of a store, over pages of the smallest size.
async fn all(store: &KeyValue) -> Vec<(String, Vec<u8>)> {
    let (mut entries, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.list(Query { cursor, limit: 1, ..Query::default() }).await.expect("a page");
        entries.extend(page.entries.into_iter().map(|listed| (listed.key, listed.entry.value)));
        assert!(entries.len() <= MOST, "pages come to an end");
        cursor = page.cursor;
        if cursor.is_none() {
            return entries;
        }
    }
}

/// What a namespace has: values, and when they end.
#[derive(Debug, Default)]
struct Model {
    entries: BTreeMap<String, (Vec<u8>, Option<u64>)>,
}

impl Model {
    fn pass(&mut self, now: u64) {
        self.entries.retain(|_, (_, end)| end.is_none_or(|end| end > now));
    }

    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.entries.get(key).map(|(value, _)| value.clone())
    }

    fn after(&self, prefix: &Key, cursor: &Option<Key>) -> impl Iterator<Item = (&String, &(Vec<u8>, Option<u64>))> {
        let (prefix, cursor) = (prefix.text(), cursor.as_ref().map(Key::text));
        let is_after = move |key: &String| cursor.as_ref().is_none_or(|cursor| key > cursor);
        self.entries.iter().filter(move |(key, _)| key.starts_with(&prefix) && is_after(key))
    }

    /// Whether a page without a cursor is the last one. (One with a cursor may be, too, if only ended entries follow.)
    fn check_end(&mut self, now: u64, call: &Call, returned: &Result<(Returned, bool), Error>) {
        self.pass(now);
        if let (Call::List { prefix, cursor, .. }, Ok((Returned::Page(entries), false))) = (call, returned) {
            assert_eq!(self.after(prefix, cursor).count(), entries.len(), "without a cursor there is no more");
        }
    }

    /// Compares what a call returned, and makes its changes. Of a call that failed it makes none.
    fn check(&mut self, now: u64, call: &Call, returned: &Result<Returned, Error>) {
        self.pass(now);
        let Ok(returned) = returned else { return };
        let end = |ttl: &Option<u8>| ttl.map(|ttl| now + u64::from(ttl));
        match call {
            Call::Get(key) => assert_eq!(*returned, Returned::Values(vec![self.value(&key.text())])),
            Call::Has(key) => assert_eq!(*returned, Returned::Number(self.value(&key.text()).is_some().into())),
            Call::GetMany(keys) => {
                assert_eq!(*returned, Returned::Values(keys.iter().map(|key| self.value(&key.text())).collect()));
            }
            Call::SetMany(puts) => {
                self.entries.extend(puts.iter().map(|(key, value, ttl)| (key.text(), (value.bytes(), end(ttl)))));
            }
            Call::DeleteMany(keys) => {
                let there = keys.iter().filter(|key| self.entries.remove(&key.text()).is_some()).count();
                assert_eq!(*returned, Returned::Number(there as i64));
            }
            Call::Increment(key, delta, ttl) => {
                let (value, end) = self.entries.remove(&key.text()).unwrap_or_else(|| (b"0".to_vec(), end(ttl)));
                let number: i64 = String::from_utf8(value).ok().and_then(|text| text.parse().ok()).expect("a number");
                let sum = number.checked_add(*delta).expect("a sum");
                assert_eq!(*returned, Returned::Number(sum));
                self.entries.insert(key.text(), (sum.to_string().into_bytes(), end));
            }
            Call::Swap { key, expected, value, ttl } => {
                let there = self.value(&key.text());
                let matches = there == expected.as_ref().map(Value::bytes);
                let different = if matches { None } else { there };
                assert_eq!(*returned, Returned::Swapped(matches, different));
                match value {
                    Some(value) if matches => {
                        self.entries.insert(key.text(), (value.bytes(), end(ttl)));
                    }
                    None if matches => {
                        self.entries.remove(&key.text());
                    }
                    _ => {}
                }
            }
            Call::List { prefix, cursor, keys_only, .. } => {
                let Returned::Page(entries) = returned else { panic!("a page") };
                let expected = self.after(prefix, cursor).take(entries.len()).map(|(key, (value, end))| {
                    let value = if *keys_only { Vec::new() } else { value.clone() };
                    (key.clone(), value, end.map(|end| Duration::from_millis(end - now)))
                });
                assert_eq!(*entries, expected.collect::<Vec<_>>(), "a page has what is next");
                assert!(entries.len() <= limits().page);
            }
            Call::Clear(prefix) => {
                let (before, prefix) = (self.entries.len(), prefix.text());
                self.entries.retain(|key, _| !key.starts_with(&prefix));
                assert_eq!(*returned, Returned::Number((before - self.entries.len()) as i64));
            }
            Call::Pass(_) => {}
        }
    }
}

/// A file that goes with the script.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = if PathBuf::from(FAST).is_dir() { FAST.into() } else { std::env::temp_dir() };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(folder.join(format!("fuzz-store-{}-{count}.redb", std::process::id())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
