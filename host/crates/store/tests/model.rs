//! Any calls, with any keys and cursors, on several spaces: a store does what a sorted map for each space does.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

#[expect(dead_code, reason = "each file of tests uses a part")]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store::{Error, Expected, Put, Query, Swap, Swapped};
use support::Setup;
use support::redis::Server;

/// Names that begin with each other, and with what a key may begin with.
const SPACES: [&str; 4] = ["/", "/a", "/ab", ""];

#[derive(Debug, Clone)]
enum Call {
    Get(Vec<String>),
    Set(Vec<(String, Vec<u8>)>, Option<u8>),
    Delete(Vec<String>),
    Increment(String, i64),
    Swap(String, Option<Vec<u8>>, Option<Vec<u8>>),
    List { prefix: String, cursor: Option<String>, limit: usize },
    Clear(String),
    Pass(u8),
}

/// Few different ones, so that calls meet; and any text.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab\u{0}/\u{FF}]{0,3}", 1 => any::<String>()]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(b"1".to_vec()), Just(b"-7".to_vec()), Just(b"x".to_vec()), Just(vec![])]
}

fn call() -> impl Strategy<Value = Call> {
    let keys = || prop::collection::vec(key(), 0..4);
    prop_oneof![
        keys().prop_map(Call::Get),
        (prop::collection::vec((key(), value()), 0..4), prop::option::of(1..9_u8)).prop_map(|(p, t)| Call::Set(p, t)),
        keys().prop_map(Call::Delete),
        (key(), prop_oneof![Just(i64::MAX), Just(1), -9..9_i64]).prop_map(|(k, d)| Call::Increment(k, d)),
        (key(), prop::option::of(value()), prop::option::of(value())).prop_map(|(k, e, v)| Call::Swap(k, e, v)),
        (key(), prop::option::of(key()), 0..5_usize).prop_map(|(prefix, cursor, limit)| Call::List {
            prefix,
            cursor,
            limit
        }),
        key().prop_map(Call::Clear),
        (1..9_u8).prop_map(Call::Pass),
    ]
}

/// A space: values, and when they end.
type Model = BTreeMap<String, (Vec<u8>, Option<u64>)>;

fn alive(model: &mut Model, now: u64) {
    model.retain(|_, (_, end)| end.is_none_or(|end| end > now));
}

async fn compare(setup: &Setup, calls: Vec<(usize, Call)>) -> Result<(), TestCaseError> {
    let stores = SPACES.map(|name| setup.store(name));
    let mut models = SPACES.map(|_| Model::new());
    let mut now = 0;
    for (space, call) in calls {
        let (store, model) = (&stores[space], &mut models[space]);
        alive(model, now);
        match call {
            Call::Get(keys) => {
                let found = store.get_many(keys.clone()).await.unwrap();
                let values: Vec<_> = found.into_iter().map(|entry| entry.map(|entry| entry.value)).collect();
                let expected: Vec<_> = keys.iter().map(|key| model.get(key).map(|(value, _)| value.clone())).collect();
                prop_assert_eq!(values, expected);
            }
            Call::Set(pairs, ttl) => {
                let ttl = ttl.map(|ttl| Duration::from_millis(ttl.into()));
                let put = |(key, value): (String, Vec<u8>)| Put { key, value, ttl };
                store.set_many(pairs.iter().cloned().map(put).collect()).await.unwrap();
                let end = ttl.map(|ttl| now + ttl.as_millis() as u64);
                model.extend(pairs.into_iter().map(|(key, value)| (key, (value, end))));
            }
            Call::Delete(keys) => {
                let deleted = keys.iter().filter(|key| model.remove(*key).is_some()).count();
                prop_assert_eq!(store.delete_many(keys).await, Ok(deleted as u64));
            }
            Call::Increment(key, delta) => {
                let entry = model.get(&key).cloned().unwrap_or((b"0".to_vec(), None));
                let number = String::from_utf8(entry.0).unwrap().parse::<i64>();
                let expected = match number.map(|number| number.checked_add(delta)) {
                    Err(_) => Err(Error::NotANumber),
                    Ok(None) => Err(Error::Overflow),
                    Ok(Some(sum)) => Ok(sum),
                };
                prop_assert_eq!(store.increment(key.clone(), delta, None).await, expected.clone());
                if let Ok(sum) = expected {
                    model.insert(key, (sum.to_string().into_bytes(), entry.1));
                }
            }
            Call::Swap(key, expected, value) => {
                let there = model.get(&key).map(|(value, _)| value.clone());
                let matches = there == expected;
                let expected = expected.map_or(Expected::Absent, Expected::Value);
                let swap = Swap { key: key.clone(), expected, value: value.clone(), ttl: None };
                match store.compare_and_set(swap).await.unwrap() {
                    Swapped::Done(version) => prop_assert!(matches && version.is_some() == value.is_some()),
                    Swapped::Not(entry) => {
                        prop_assert!(!matches);
                        prop_assert_eq!(entry.map(|entry| entry.value), there);
                    }
                }
                match value {
                    Some(value) if matches => drop(model.insert(key, (value, None))),
                    None if matches => drop(model.remove(&key)),
                    _ => {}
                }
            }
            Call::List { prefix, cursor, limit } => {
                let after = |key: &str| cursor.as_deref().is_none_or(|cursor| key > cursor);
                let mut all = model.keys().filter(|key| key.starts_with(&prefix) && after(key));
                let expected: Vec<_> = all.by_ref().take(limit.max(1)).cloned().collect();
                let more = all.next().is_some();
                let page = store.list(Query { prefix, cursor, limit, keys_only: true }).await.unwrap();
                let keys: Vec<_> = page.entries.into_iter().map(|listed| listed.key).collect();
                prop_assert_eq!(keys, expected);
                // Entries that have ended may follow: then there is a cursor, and an empty page after it.
                prop_assert!(page.cursor.is_some() || !more);
            }
            Call::Clear(prefix) => {
                let before = model.len();
                model.retain(|key, _| !key.starts_with(&prefix));
                prop_assert_eq!(store.clear(prefix).await, Ok((before - model.len()) as u64));
            }
            Call::Pass(ms) => {
                now += u64::from(ms);
                setup.clock.advance(Duration::from_millis(ms.into()));
            }
        }
    }
    Ok(())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn run(setup: &Setup, calls: Vec<(usize, Call)>) -> Result<(), TestCaseError> {
    block_on(compare(setup, calls))
}

fn calls() -> impl Strategy<Value = Vec<(usize, Call)>> {
    prop::collection::vec((0..SPACES.len(), call()), 1..40)
}

proptest! {
    #[test]
    fn memory_is_a_sorted_map(calls in calls()) {
        run(&Setup::memory(), calls)?;
    }
}

proptest! {
    // Each call that writes waits for the disk.
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_file_is_a_sorted_map(calls in calls()) {
        run(&Setup::embedded(), calls)?;
    }
}

#[test]
fn redis_is_a_sorted_map() {
    let server = Arc::new(Server::start(&[]));
    let cases = AtomicUsize::new(0);
    let run = |calls| {
        // Each case has stores of its own.
        let prefix = cases.fetch_add(1, Ordering::Relaxed).to_string();
        block_on(async { compare(&Setup::on(&server, &prefix).await, calls).await })
    };
    TestRunner::default().run(&calls(), run).unwrap();
}
