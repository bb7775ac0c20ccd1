//! What an event costs that uses its namespace's key-value store, in a file, beside the same calls of a bare redb in the same
//! run. No network, no session.
//!
//! The handler is `tests/components/keyvalue`; `none` is an event that opens its store and does nothing with it, so that
//! the difference to it is what a call costs. The bare side has no format, no time to live, no quota, and no thread of its
//! own: it calls redb where it is. `64-sets` is so many events at once, which share a synchronisation of the disk; bare it
//! is so many transactions, one after the other.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2 -p keyvalue && cargo bench -p guest --bench state
//! ```

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::future::join_all;
use gateway::cluster::OneNode;
use gateway::handler::EventHandler;
use gateway::model::Event;
use gateway::{EventContext, Gateway, Namespace};
use guest::{ComponentHandler, HandlerGrants, HandlerSettings, StoreGrant};
use redb::{Database, ReadableDatabase, TableDefinition};
use runtime::{Runtime, RuntimeLimits};
use socket_io::Payload;
use store::{Embedded, EmbeddedLimits, SystemClock};

const VALUE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const AT_ONCE: usize = 64;

criterion_group!(benches, state);
criterion_main!(benches);

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target")
}

fn state(criterion: &mut Criterion) {
    // Beside the build, which is on a disk; a temporary folder may be in memory.
    let folder = target().join("bench-state");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let host = tokio.block_on(Host::new(&folder));
    let bare = Bare::new(&folder);
    let set = format!(r#"["set",["a","{VALUE}"]]"#);
    let (none, get) = (r#"["open",["default"]]"#, r#"["get",["a"]]"#);
    assert_eq!(tokio.block_on(host.handle(&set)), r#"[{"ok":null}]"#);
    assert_eq!(tokio.block_on(host.handle(get)), format!(r#"[{{"ok":"{VALUE}"}}]"#));
    bare.set(false);
    assert!(bare.get());

    let mut group = criterion.benchmark_group("none");
    group.bench_function("host", |bencher| bencher.to_async(&tokio).iter(|| host.handle(none)));
    group.finish();
    let mut group = criterion.benchmark_group("get");
    group.bench_function("host", |bencher| bencher.to_async(&tokio).iter(|| host.handle(get)));
    group.bench_function("bare", |bencher| bencher.iter(|| bare.get()));
    group.finish();
    let mut group = criterion.benchmark_group("set");
    group.bench_function("host", |bencher| bencher.to_async(&tokio).iter(|| host.handle(&set)));
    group.bench_function("bare", |bencher| bencher.iter(|| bare.set(false)));
    group.bench_function("bare-two-phases", |bencher| bencher.iter(|| bare.set(true)));
    group.finish();
    let mut group = criterion.benchmark_group("64-sets");
    group.sample_size(10);
    group.bench_function("host", |bencher| {
        bencher.to_async(&tokio).iter(|| join_all((0..AT_ONCE).map(|_| host.handle(&set))));
    });
    group.bench_function("bare", |bencher| bencher.iter(|| (0..AT_ONCE).for_each(|_| bare.set(false))));
    group.finish();
    drop((host, bare));
    fs::remove_dir_all(&folder).unwrap();
}

/// The host without its network: a mounted component and its namespace.
struct Host {
    handler: Arc<ComponentHandler>,
    namespace: Arc<Namespace>,
}

impl Host {
    async fn new(folder: &Path) -> Self {
        let store = StoreGrant::default();
        let file = folder.join("kv.redb");
        store.open(Arc::new(Embedded::open(&file, EmbeddedLimits::default(), Arc::new(SystemClock)).unwrap()));
        let grants = Arc::new(HandlerGrants { store, ..HandlerGrants::default() });
        let settings = HandlerSettings { grants, ..HandlerSettings::default() };
        let mut gateway = Gateway::new((*settings.gateway).clone(), None, Arc::new(OneNode));
        let runtime = Arc::new(Runtime::new(RuntimeLimits::default(), None).unwrap());
        let component = target().join("wasm32-wasip2/release/keyvalue.wasm");
        let handler =
            Arc::new(ComponentHandler::load(runtime, &component, "keyvalue", Arc::new(settings)).await.unwrap());
        let namespace = gateway.mount(None, handler.clone()).unwrap().namespace().clone();
        Self { handler, namespace }
    }

    async fn handle(&self, arguments: &str) -> String {
        let payload = Payload { json: arguments.to_owned(), attachments: Vec::new() };
        let event = Event { name: "kv".to_owned(), payload, wants_ack: true };
        let context = EventContext::without_socket(self.namespace.clone());
        self.handler.clone().handle(event, context).await.unwrap().unwrap().json
    }
}

struct Bare(Database);

impl Bare {
    fn new(folder: &Path) -> Self {
        Self(Database::create(folder.join("bare.redb")).unwrap())
    }

    fn get(&self) -> bool {
        let rows = self.0.begin_read().unwrap().open_table(ROWS).unwrap();
        let value = rows.get(b"a".as_slice()).unwrap();
        value.is_some_and(|value| value.value().len() == VALUE.len())
    }

    /// In two phases the disk is synchronised twice (ARCHITECTURE.md, "Choices").
    fn set(&self, two_phases: bool) {
        let mut transaction = self.0.begin_write().unwrap();
        transaction.set_two_phase_commit(two_phases);
        transaction.open_table(ROWS).unwrap().insert(b"a".as_slice(), VALUE.as_bytes()).unwrap();
        transaction.commit().unwrap();
    }
}
