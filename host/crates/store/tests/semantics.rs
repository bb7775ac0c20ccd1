//! What every call means: one table of cases, run against every store.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test panics")]

#[expect(dead_code, reason = "each file of tests uses a part")]
mod support;

use std::time::Duration;

use store::{Entry, Error, Expected, KeyValue, Limits, Put, Query, Swap, Swapped};
use support::Setup;

macro_rules! every_store {
    ($($case:ident)*) => {
        mod memory {
            $(#[tokio::test] async fn $case() { super::$case(&super::Setup::memory()).await; })*
        }
        mod embedded {
            $(#[tokio::test] async fn $case() { super::$case(&super::Setup::embedded()).await; })*
        }
        mod local {
            $(#[tokio::test] async fn $case() { super::$case(&super::Setup::local().await).await; })*
        }
        mod redis {
            $(#[tokio::test] async fn $case() { super::$case(&super::Setup::redis().await).await; })*
        }
    };
}

every_store! {
    what_is_set_is_read
    deleting_says_whether_it_was_there
    an_entry_ends_to_the_millisecond
    a_page_says_how_long_entries_stay
    setting_replaces_the_time_to_live_and_incrementing_keeps_it
    increments_at_once_lose_nothing
    what_is_no_number_is_not_incremented
    compare_and_set_by_what_is_there
    a_version_never_comes_back
    pages_are_in_the_order_of_bytes
    any_cursor_is_a_place
    pages_are_bounded
    pages_pass_over_many_ended_entries
    clearing_reaches_what_begins_with_the_prefix
    batches_take_effect_as_a_whole
    the_quota_stops_what_grows
    ended_entries_give_their_bytes_back
    limits_are_checked
    spaces_do_not_reach_each_other
}

const SECOND: Duration = Duration::from_secs(1);

fn text(text: &str) -> String {
    text.to_owned()
}

async fn set(store: &KeyValue, key: &str, value: &str) {
    store.set(text(key), value.into(), None).await.unwrap();
}

async fn value(store: &KeyValue, key: &str) -> Option<String> {
    let entry = store.get(text(key)).await.unwrap();
    entry.map(|entry| String::from_utf8(entry.value).unwrap())
}

async fn keys(store: &KeyValue, prefix: &str) -> Vec<String> {
    pages(store, prefix, 1_000).await.concat()
}

/// All pages of keys.
async fn pages(store: &KeyValue, prefix: &str, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let query = Query { prefix: text(prefix), cursor, limit, keys_only: false };
        let page = store.list(query).await.unwrap();
        pages.push(page.entries.into_iter().map(|listed| listed.key).collect());
        cursor = page.cursor;
        if cursor.is_none() {
            return pages;
        }
    }
}

fn put(key: &str, value: &str) -> Put {
    Put { key: text(key), value: value.into(), ttl: None }
}

fn swap(key: &str, expected: Expected, value: Option<&str>) -> Swap {
    Swap { key: text(key), expected, value: value.map(Into::into), ttl: None }
}

fn small() -> Limits {
    Limits { key: 8, value: 16, batch: 3, batch_bytes: 40, page: 2, quota: 400 }
}

async fn what_is_set_is_read(setup: &Setup) {
    let store = setup.store("/");
    assert_eq!(store.get(text("a")).await, Ok(None));
    assert_eq!(store.has(text("a")).await, Ok(false));
    for (key, bytes) in [("a", vec![0, 255, 10]), ("", vec![1]), ("empty", vec![]), ("ключ\0\n", vec![2])] {
        store.set(text(key), bytes.clone(), None).await.unwrap();
        assert_eq!(store.get(text(key)).await.unwrap().unwrap().value, bytes);
        assert_eq!(store.has(text(key)).await, Ok(true));
    }
    let before = store.get(text("a")).await.unwrap().unwrap();
    set(&store, "a", "new").await;
    let after = store.get(text("a")).await.unwrap().unwrap();
    assert_eq!(after.value, b"new");
    assert_ne!(after.version, before.version);
    let many = store.get_many(vec![text("none"), text("a"), text("empty")]).await.unwrap();
    let values: Vec<_> = many.into_iter().map(|entry| entry.map(|entry| entry.value)).collect();
    assert_eq!(values, [None, Some(b"new".to_vec()), Some(vec![])]);
}

async fn deleting_says_whether_it_was_there(setup: &Setup) {
    let store = setup.store("/");
    set(&store, "a", "1").await;
    assert_eq!(store.delete(text("a")).await, Ok(true));
    assert_eq!(store.delete(text("a")).await, Ok(false));
    assert_eq!(value(&store, "a").await, None);
}

async fn an_entry_ends_to_the_millisecond(setup: &Setup) {
    let store = setup.store("/");
    for key in ["a", "b", "c", "d"] {
        store.set(text(key), b"5".to_vec(), Some(SECOND)).await.unwrap();
    }
    setup.clock.advance(Duration::from_millis(999));
    assert_eq!(value(&store, "a").await.as_deref(), Some("5"));
    assert_eq!(keys(&store, "").await.len(), 4);
    setup.clock.advance(Duration::from_millis(1));
    assert_eq!(value(&store, "a").await, None);
    assert_eq!(store.has(text("a")).await, Ok(false));
    assert_eq!(store.get_many(vec![text("a")]).await, Ok(vec![None]));
    assert_eq!(keys(&store, "").await, [""; 0]);
    assert_eq!(store.delete(text("a")).await, Ok(false));
    assert_eq!(store.increment(text("b"), 1, None).await, Ok(1));
    let swapped = store.compare_and_set(swap("c", Expected::Absent, Some("new"))).await.unwrap();
    assert!(matches!(swapped, Swapped::Done(Some(_))));
    assert_eq!(store.clear(text("d")).await, Ok(0));
}

async fn a_page_says_how_long_entries_stay(setup: &Setup) {
    let store = setup.store("/");
    set(&store, "a", "1").await;
    store.set(text("b"), b"1".to_vec(), Some(SECOND)).await.unwrap();
    setup.clock.advance(Duration::from_millis(1));
    let page = store.list(Query { limit: 10, ..Query::default() }).await.unwrap();
    let ttls: Vec<_> = page.entries.iter().map(|listed| listed.ttl).collect();
    assert_eq!(ttls, [None, Some(Duration::from_millis(999))]);
}

async fn setting_replaces_the_time_to_live_and_incrementing_keeps_it(setup: &Setup) {
    let store = setup.store("/");
    for key in ["set", "longer", "incremented", "swapped"] {
        store.set(text(key), b"1".to_vec(), Some(SECOND)).await.unwrap();
    }
    set(&store, "set", "2").await;
    store.set(text("longer"), b"2".to_vec(), Some(2 * SECOND)).await.unwrap();
    store.increment(text("incremented"), 1, Some(5 * SECOND)).await.unwrap();
    store.increment(text("new"), 1, Some(SECOND)).await.unwrap();
    store.compare_and_set(swap("swapped", Expected::Value(b"1".to_vec()), Some("2"))).await.unwrap();
    assert_eq!(keys(&store, "").await, ["incremented", "longer", "new", "set", "swapped"]);
    setup.clock.advance(SECOND);
    assert_eq!(keys(&store, "").await, ["longer", "set", "swapped"]);
    setup.clock.advance(SECOND);
    assert_eq!(keys(&store, "").await, ["set", "swapped"]);
}

async fn increments_at_once_lose_nothing(setup: &Setup) {
    let store = setup.store("/");
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    store.increment(text("n"), 1, None).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(value(&store, "n").await.as_deref(), Some("320"));
    assert_eq!(store.increment(text("n"), -321, None).await, Ok(-1));
}

async fn what_is_no_number_is_not_incremented(setup: &Setup) {
    let store = setup.store("/");
    for other in ["", "x", "1.5", "+1", "01", "-0", " 1", "1\n", "9223372036854775808", "{}"] {
        set(&store, "n", other).await;
        assert_eq!(store.increment(text("n"), 1, None).await, Err(Error::NotANumber), "{other:?}");
        assert_eq!(value(&store, "n").await.as_deref(), Some(other));
    }
    for (number, delta) in [(i64::MAX, 1), (i64::MIN, -1), (-1, i64::MIN)] {
        set(&store, "n", &number.to_string()).await;
        assert_eq!(store.increment(text("n"), delta, None).await, Err(Error::Overflow));
        assert_eq!(store.increment(text("n"), 0, None).await, Ok(number));
    }
}

async fn compare_and_set_by_what_is_there(setup: &Setup) {
    let store = setup.store("/");
    let not_there = Swapped::Not(None);
    let by_value = || Expected::Value(b"1".to_vec());
    assert_eq!(store.compare_and_set(swap("a", by_value(), Some("2"))).await.unwrap(), not_there);
    assert_eq!(store.compare_and_set(swap("a", Expected::Version(1), None)).await.unwrap(), not_there);
    let first = store.compare_and_set(swap("a", Expected::Absent, Some("1"))).await.unwrap();
    let Swapped::Done(Some(version)) = first else { panic!("{first:?}") };
    let there = Swapped::Not(Some(Entry { value: b"1".to_vec(), version }));
    assert_eq!(store.compare_and_set(swap("a", Expected::Absent, Some("2"))).await.unwrap(), there);
    assert_eq!(store.compare_and_set(swap("a", Expected::Version(version + 1), Some("2"))).await.unwrap(), there);

    let second = store.compare_and_set(swap("a", Expected::Version(version), Some("2"))).await.unwrap();
    assert!(matches!(second, Swapped::Done(Some(next)) if next != version));
    assert_eq!(value(&store, "a").await.as_deref(), Some("2"));
    let third = store.compare_and_set(swap("a", Expected::Value(b"2".to_vec()), Some("1"))).await.unwrap();
    assert!(matches!(third, Swapped::Done(Some(_))));
    assert_eq!(store.compare_and_set(swap("a", by_value(), None)).await.unwrap(), Swapped::Done(None));
    assert_eq!(store.has(text("a")).await, Ok(false));
    assert_eq!(store.compare_and_set(swap("a", Expected::Absent, None)).await.unwrap(), Swapped::Done(None));
}

async fn a_version_never_comes_back(setup: &Setup) {
    let store = setup.store("/");
    set(&store, "a", "1").await;
    let version = store.get(text("a")).await.unwrap().unwrap().version;
    store.delete(text("a")).await.unwrap();
    set(&store, "a", "1").await;
    let swapped = store.compare_and_set(swap("a", Expected::Version(version), Some("2"))).await.unwrap();
    assert!(matches!(swapped, Swapped::Not(Some(_))), "{swapped:?}");
}

async fn pages_are_in_the_order_of_bytes(setup: &Setup) {
    let store = setup.store("/");
    let sorted = ["", "\0", "B", "a", "a:", "a:1", "a:10", "a:2", "a;", "ä", "\u{FFFF}", "😀"];
    for key in sorted.iter().rev() {
        set(&store, key, "x").await;
    }
    assert_eq!(keys(&store, "").await, sorted);
    assert_eq!(keys(&store, "a:").await, ["a:", "a:1", "a:10", "a:2"]);
    assert_eq!(keys(&store, "none").await, [""; 0]);
    for limit in 0..=13 {
        let pages = pages(&store, "", limit).await;
        assert_eq!(pages.concat(), sorted, "limit {limit}");
        assert!(pages.iter().all(|page| page.len() <= limit.max(1)));
        // There is a cursor only if something follows.
        assert!(pages.iter().all(|page| !page.is_empty()));
    }
    let listed = |keys_only| Query { prefix: text("a:1"), cursor: None, limit: 9, keys_only };
    let full = store.list(listed(false)).await.unwrap();
    assert_eq!(full.entries[0].entry, store.get(text("a:1")).await.unwrap().unwrap());
    let bare = store.list(listed(true)).await.unwrap();
    assert_eq!(bare.entries[0].entry, Entry { value: vec![], ..full.entries[0].entry });
}

async fn any_cursor_is_a_place(setup: &Setup) {
    let store = setup.store("/b");
    set(&setup.store("/a"), "x", "1").await;
    set(&setup.store("/c"), "x", "1").await;
    for key in ["k1", "k2", "k3", "l"] {
        set(&store, key, "1").await;
    }
    for (cursor, left) in [
        ("", 3),
        ("a", 3),
        ("k", 3),
        ("k1", 2),
        ("k1\0", 2),
        ("k15", 2),
        ("k3", 0),
        ("l", 0),
        ("\u{10FFFF}", 0),
        ("/a", 3),
        ("../a", 3),
    ] {
        let query = Query { prefix: text("k"), cursor: Some(text(cursor)), limit: 9, keys_only: true };
        assert_eq!(store.list(query).await.unwrap().entries.len(), left, "{cursor:?}");
    }
}

async fn pages_are_bounded(setup: &Setup) {
    let store = setup.limited("/", Limits { batch_bytes: 40, page: 3, ..Limits::default() });
    for key in ["a", "b", "c", "d", "e"] {
        set(&store, key, "0123456789").await;
    }
    assert_eq!(pages(&store, "", 100).await.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2]);
    set(&store, "b", &"x".repeat(100)).await;
    // One that is larger than a page is a page of its own.
    let expected = [vec!["a"], vec!["b"], vec!["c", "d", "e"]];
    assert_eq!(pages(&store, "", 100).await, expected);
    let error = store.get_many(vec![text("a"), text("b")]).await;
    assert_eq!(error, Err(Error::BatchTooLarge(40)));
    assert_eq!(value(&store, "b").await.unwrap().len(), 100);
}

async fn pages_pass_over_many_ended_entries(setup: &Setup) {
    let store = setup.store("/");
    let ttl = Some(SECOND);
    for batch in 0..11 {
        let entry = |n| Put { key: format!("a{batch:02}{n:03}"), value: vec![], ttl };
        store.set_many((0..1_000).map(entry).collect()).await.unwrap();
    }
    set(&store, "b", "1").await;
    setup.clock.advance(SECOND);
    assert_eq!(keys(&store, "").await, ["b"]);
}

async fn clearing_reaches_what_begins_with_the_prefix(setup: &Setup) {
    let store = setup.limited("/", Limits { batch: 2, ..Limits::default() });
    for key in ["a", "b", "b1", "b2", "b3", "b4", "c"] {
        set(&store, key, "1").await;
    }
    assert_eq!(store.clear(text("b")).await, Ok(5));
    assert_eq!(keys(&store, "").await, ["a", "c"]);
    assert_eq!(store.clear(text("b")).await, Ok(0));
    assert_eq!(store.clear(text("")).await, Ok(2));
    assert_eq!(keys(&store, "").await, [""; 0]);
}

async fn batches_take_effect_as_a_whole(setup: &Setup) {
    let store = setup.store("/");
    store.set_many(vec![put("a", "1"), put("b", "2"), put("a", "3")]).await.unwrap();
    assert_eq!(value(&store, "a").await.as_deref(), Some("3"));
    let there = store.delete_many(vec![text("a"), text("none"), text("a")]).await;
    assert_eq!(there, Ok(1));
    assert_eq!(keys(&store, "").await, ["b"]);
    store.set_many(vec![]).await.unwrap();
    assert_eq!(store.delete_many(vec![]).await, Ok(0));
    assert_eq!(store.get_many(vec![]).await, Ok(vec![]));

    let narrow = setup.limited("/narrow", small());
    set(&narrow, "a", "1").await;
    let large = |key| put(key, "0123456789");
    narrow.set_many(vec![large("b"), large("c"), large("d")]).await.unwrap();
    let full = narrow.set_many(vec![put("a", "2"), large("e"), large("f")]).await;
    assert_eq!(full, Err(Error::QuotaExceeded(400)));
    assert_eq!(keys(&narrow, "").await, ["a", "b", "c", "d"]);
    assert_eq!(value(&narrow, "a").await.as_deref(), Some("1"));
}

async fn the_quota_stops_what_grows(setup: &Setup) {
    // Of entries with 66 bytes, six fit.
    let store = setup.limited("/", small());
    for n in 0..6 {
        set(&store, &n.to_string(), "1").await;
    }
    let full = Err(Error::QuotaExceeded(400));
    assert_eq!(store.set(text("6"), b"1".to_vec(), None).await, full);
    assert_eq!(store.increment(text("6"), 1, None).await, full.clone().map(|()| 0));
    let swapped = store.compare_and_set(swap("6", Expected::Absent, Some("1"))).await;
    assert_eq!(swapped, Err(Error::QuotaExceeded(400)));
    assert_eq!(store.set(text("0"), vec![0; 6], None).await, full);
    // Another space has its own; reading, shrinking and deleting go on.
    set(&setup.limited("/other", small()), "6", "1").await;
    assert_eq!(keys(&store, "").await.len(), 6);
    store.set(text("0"), vec![], None).await.unwrap();
    store.set(text("0"), vec![1], None).await.unwrap();
    assert_eq!(store.delete(text("1")).await, Ok(true));
    set(&store, "6", "1").await;
    assert_eq!(store.clear(text("")).await, Ok(6));
    for n in 0..6 {
        set(&store, &n.to_string(), "1").await;
    }
}

async fn ended_entries_give_their_bytes_back(setup: &Setup) {
    let store = setup.limited("/", small());
    for round in 0..3 {
        for n in 0..6 {
            let set = store.set(n.to_string(), b"1".to_vec(), Some(SECOND)).await;
            assert_eq!(set, Ok(()), "round {round}, entry {n}");
        }
        assert_eq!(store.set(text("6"), b"1".to_vec(), None).await, Err(Error::QuotaExceeded(400)));
        setup.clock.advance(SECOND);
    }
}

async fn limits_are_checked(setup: &Setup) {
    let store = setup.limited("/", small());
    let (long, large) = (text("123456789"), vec![0; 17]);
    let too_long = Error::KeyTooLong(8);
    assert_eq!(store.get(long.clone()).await, Err(too_long.clone()));
    assert_eq!(store.has(long.clone()).await, Err(too_long.clone()));
    assert_eq!(store.delete(long.clone()).await, Err(too_long.clone()));
    assert_eq!(store.set(long.clone(), vec![], None).await, Err(too_long.clone()));
    assert_eq!(store.clear(long.clone()).await, Err(too_long.clone()));
    assert_eq!(store.increment(long.clone(), 1, None).await, Err(too_long.clone()));
    assert_eq!(store.get_many(vec![long.clone()]).await, Err(too_long.clone()));
    assert_eq!(store.list(Query { prefix: long.clone(), ..Query::default() }).await, Err(too_long.clone()));
    assert_eq!(store.list(Query { cursor: Some(long), ..Query::default() }).await, Err(too_long));
    assert_eq!(store.set(text("a"), large.clone(), None).await, Err(Error::ValueTooLarge(16)));
    let by_large = Swap { expected: Expected::Value(large), ..swap("a", Expected::Absent, None) };
    assert_eq!(store.compare_and_set(by_large).await, Err(Error::ValueTooLarge(16)));
    let four = || vec![text("a"); 4];
    assert_eq!(store.get_many(four()).await, Err(Error::TooManyEntries(3)));
    assert_eq!(store.delete_many(four()).await, Err(Error::TooManyEntries(3)));
    let three = vec![put("a", "0123456789abcde"); 3];
    assert_eq!(store.set_many(three).await, Err(Error::BatchTooLarge(40)));
    for ttl in [Duration::ZERO, Duration::from_micros(999), Duration::MAX] {
        assert_eq!(store.set(text("a"), vec![], Some(ttl)).await, Err(Error::InvalidTtl));
    }
    assert_eq!(keys(&store, "").await, [""; 0]);
}

async fn spaces_do_not_reach_each_other(setup: &Setup) {
    let names = ["", "/", "/a", "/ab", "/a/b", "b"];
    for name in names {
        let store = setup.store(name);
        for key in ["", "b", "/b", "\0", "\u{FF}b"] {
            set(&store, key, name).await;
        }
    }
    for name in names {
        let store = setup.store(name);
        let page = store.list(Query { limit: 100, ..Query::default() }).await.unwrap();
        assert_eq!(page.entries.len(), 5, "{name}");
        assert!(page.entries.iter().all(|listed| listed.entry.value == name.as_bytes()));
    }
    assert_eq!(setup.store("/a").clear(text("")).await, Ok(5));
    for name in names {
        assert_eq!(keys(&setup.store(name), "").await.len(), if name == "/a" { 0 } else { 5 });
    }
}
