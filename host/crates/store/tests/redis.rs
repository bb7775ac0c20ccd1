//! What Redis adds to the semantics: hosts share it, it comes and goes, and it may not be what is needed.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

#[expect(dead_code, reason = "each file of tests uses a part")]
mod support;

use std::sync::Arc;
use std::time::Duration;

use store::{Backend, ConnectError, Error, Expected, KeyValue, Limits, Put, Query, Redis, RedisLimits, Swap, Swapped};
use support::Setup;
use support::redis::Server;

fn text(text: &str) -> String {
    text.to_owned()
}

fn store(backend: &Arc<Redis>) -> KeyValue {
    KeyValue::new(backend.clone(), "/", Arc::new(Limits::default()))
}

async fn open(server: &Server) -> Arc<Redis> {
    Arc::new(server.open("host", None).await.unwrap())
}

/// Why a call was not possible.
fn unavailable<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// Calls until it is possible again.
async fn again(store: &KeyValue, key: &str) -> i64 {
    loop {
        match store.increment(text(key), 0, None).await {
            Ok(sum) => return sum,
            Err(Error::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn hosts_share_their_stores() {
    let server = Server::start(&[]);
    let hosts = [open(&server).await, open(&server).await, open(&server).await];
    let mut tasks = Vec::new();
    for host in &hosts {
        for _ in 0..8 {
            let store = store(host);
            tasks.push(tokio::spawn(async move {
                for _ in 0..25 {
                    store.increment(text("n"), 1, None).await.unwrap();
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store(&hosts[0]).get(text("n")).await.unwrap().unwrap().value, b"600");
    // What one has read, another notices that it was changed.
    let version = store(&hosts[0]).get(text("n")).await.unwrap().unwrap().version;
    store(&hosts[1]).set(text("n"), b"600".to_vec(), None).await.unwrap();
    let swap = Swap { key: text("n"), expected: Expected::Version(version), value: None, ttl: None };
    assert!(matches!(store(&hosts[2]).compare_and_set(swap).await.unwrap(), Swapped::Not(Some(_))));
}

#[tokio::test]
async fn prefixes_and_databases_do_not_reach_each_other() {
    let server = Server::start(&[]);
    let limits = RedisLimits::default();
    let (other, _) = Redis::open(&server.address("", "/1"), "host", limits, None).await.unwrap();
    let stores = [open(&server).await, Arc::new(server.open("host:kv", None).await.unwrap()), Arc::new(other)];
    for (n, backend) in stores.iter().enumerate() {
        store(backend).set(text("k"), n.to_string().into_bytes(), None).await.unwrap();
    }
    for (n, backend) in stores.iter().enumerate() {
        assert_eq!(store(backend).get(text("k")).await.unwrap().unwrap().value, n.to_string().as_bytes());
    }
    assert_eq!(store(&stores[0]).clear(String::new()).await, Ok(1));
    assert_eq!(store(&stores[1]).has(text("k")).await, Ok(true));
}

#[tokio::test]
async fn entries_end_by_the_servers_clock_and_are_swept() {
    let server = Server::start(&[]);
    let backend = open(&server).await;
    let store = store(&backend);
    let put = |n| Put { key: format!("k{n}"), value: vec![0; 100], ttl: Some(Duration::from_millis(50)) };
    store.set_many((0..900).map(put).collect()).await.unwrap();
    store.set(text("long"), vec![], Some(Duration::from_secs(3600))).await.unwrap();
    while store.has(text("k1")).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let page = store.list(Query { limit: 1_000, ..Query::default() }).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    // Nobody writes to the store, and still they go.
    while server.ask::<usize>(&["HLEN", "host:kv:{/}:values"]).await > 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.ask::<String>(&["HGET", "host:kv:{/}:meta", "used"]).await, "68");
    assert_eq!(server.ask::<usize>(&["ZCARD", "host:kv:{/}:keys"]).await, 1);
}

/// More of them than one call sweeps by itself.
#[tokio::test]
async fn many_ended_entries_do_not_fill_a_store() {
    let setup = Setup::redis().await;
    let store = setup.limited("/", Limits { quota: 66 * 5_000, ..Limits::default() });
    for batch in 0..5 {
        let put = |n| Put { key: format!("{batch}{n:03}"), value: vec![], ttl: Some(Duration::from_secs(1)) };
        // 68 bytes each.
        store.set_many((0..950).map(put).collect()).await.unwrap();
    }
    let large = || store.set(text("large"), vec![0; 300_000], None);
    assert_eq!(large().await, Err(Error::QuotaExceeded(330_000)));
    setup.clock.advance(Duration::from_secs(1));
    large().await.unwrap();
    assert_eq!(store.increment(text("n"), 1, None).await, Ok(1));
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() {
    let server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let backend = open(&server).await;
    let store = store(&backend);
    for round in 1..4 {
        assert_eq!(store.increment(text("n"), 1, None).await, Ok(round));
        let before = store.get(text("n")).await.unwrap().unwrap();
        server.kill();
        let why = loop {
            let why = unavailable(store.get(text("n")).await);
            // The first calls may have been under way.
            if why.contains("refused") {
                break why;
            }
        };
        assert!(why.starts_with("Redis: "), "{why}");
        unavailable(store.set(text("n"), vec![], None).await);
        assert!(server.run());
        assert_eq!(again(&store, "n").await, round);
        let after = store.get(text("n")).await.unwrap().unwrap();
        assert_eq!(after.value, before.value);
        assert!(after.version > before.version, "{round}: a script was unknown to the new process");
    }
}

/// A server that has lost its last changes must not give their versions to others.
#[tokio::test]
async fn versions_do_not_come_back_with_a_server_that_forgets() {
    let server = Server::start(&[]);
    let backend = open(&server).await;
    let store = store(&backend);
    store.set(text("k"), vec![1], None).await.unwrap();
    let before = store.get(text("k")).await.unwrap().unwrap();
    server.kill();
    assert!(server.run());
    again(&store, "n").await;
    store.set(text("k"), vec![2], None).await.unwrap();
    assert!(store.get(text("k")).await.unwrap().unwrap().version > before.version);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up() {
    let server = Server::start(&[]);
    let limits = RedisLimits { time: Duration::from_millis(500), ..RedisLimits::default() };
    let (backend, _) = Redis::open(&server.address("", ""), "host", limits, None).await.unwrap();
    let backend = Arc::new(backend);
    let store = store(&backend);
    server.ask::<()>(&["CLIENT", "PAUSE", "2000"]).await;
    let why = unavailable(store.set(text("k"), vec![], None).await);
    assert!(why.contains("has not answered"), "{why}");
    again(&store, "n").await;
}

#[tokio::test]
async fn a_full_server_can_still_be_read_and_emptied() {
    let server = Server::start(&["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]);
    let backend = open(&server).await;
    let store = store(&backend);
    let mut filled = 0;
    let why = loop {
        match store.set(format!("k{filled}"), vec![1; 100_000], None).await {
            Ok(()) => filled += 1,
            error => break unavailable(error),
        }
    };
    assert!(why.contains("OOM"), "{why}");
    assert!(!store.has(format!("k{filled}")).await.unwrap());
    assert_eq!(store.get(text("k0")).await.unwrap().unwrap().value.len(), 100_000);
    assert_eq!(store.clear(text("k")).await, Ok(filled));
    store.set(text("k"), vec![1; 100_000], None).await.unwrap();
}

#[tokio::test]
async fn what_others_write_there_is_an_error() {
    let server = Server::start(&[]);
    let backend = open(&server).await;
    let store = store(&backend);
    server.ask::<()>(&["SET", "host:kv:{/}:values", "x"]).await;
    let why = unavailable(store.has(text("k")).await);
    assert!(why.contains("WRONGTYPE"), "{why}");
    server.ask::<()>(&["DEL", "host:kv:{/}:values"]).await;
    server.ask::<()>(&["HSET", "host:kv:{/}:versions", "k", "x"]).await;
    let why = unavailable(store.get(text("k")).await);
    assert!(why.contains("something else"), "{why}");
}

#[tokio::test]
async fn a_store_that_is_closed_says_so() {
    let server = Server::start(&[]);
    let backend = open(&server).await;
    let store = store(&backend);
    store.set(text("k"), vec![], None).await.unwrap();
    backend.close().await.unwrap();
    assert_eq!(store.get(text("k")).await, Err(Error::Unavailable(text("the host is stopping"))));
}

#[tokio::test]
async fn users_and_passwords_are_checked_and_never_told() {
    // What docs/state.md says that a user of its own needs.
    let may = ["+@hash", "+@sortedset", "+@string", "+@scripting", "+@connection", "+info", "+time"];
    let flags = ["--requirepass", "top secret", "--user", "app", "on", ">pass:word", "~host:kv:*"];
    let server = Server::start(&[&flags[..], &may[..]].concat());
    let open = async |user| Redis::open(&server.address(user, ""), "host", RedisLimits::default(), None).await;
    for user in ["", ":wr0ng@", "app:wr0ng@", "nobody:wr0ng@"] {
        let error = open(user).await.unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("wr0ng"), "{error:?}");
    }
    for user in [":top%20secret@", "app:pass%3Aword@"] {
        let (backend, _) = open(user).await.unwrap();
        assert!(!format!("{backend:?}").contains("word") && !format!("{backend:?}").contains("secret"));
        store(&Arc::new(backend)).increment(text("n"), 1, None).await.unwrap();
    }
}

#[tokio::test]
async fn what_cannot_keep_stores_is_refused() {
    let server = Server::start(&[]);
    let address = server.address("", "");
    let open = async || Redis::open(&address, "host", RedisLimits::default(), None).await;
    server.ask::<()>(&["SET", "host:kv:format", "2"]).await;
    assert!(matches!(open().await.unwrap_err(), ConnectError::Format { known: 1, .. }));
    server.ask::<()>(&["DEL", "host:kv:format"]).await;
    server.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await;
    assert!(matches!(open().await.unwrap_err(), ConnectError::Replica(_)));
    server.kill();
    assert!(matches!(open().await.unwrap_err(), ConnectError::Unreachable { .. }));

    let node = Server::start(&["--cluster-enabled", "yes"]);
    let error = Redis::open(&node.address("", ""), "host", RedisLimits::default(), None).await.unwrap_err();
    assert!(matches!(error, ConnectError::Cluster(_)), "{error}");
}
