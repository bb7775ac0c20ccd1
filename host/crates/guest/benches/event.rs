//! What the runtime adds to an event: the host's own path from an event to its commands, compared with bare wasmtime
//! that makes the same calls of the same component with the same allocator settings. No network, no session.
//!
//! `cargo xtask bench` builds the component (`tests/components/bench`) and runs this. The bare side has no limits, no
//! time limit, no WASI (the component calls none), and no cache; its calls are synchronous.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use gateway::cluster::OneNode;
use gateway::handler::EventHandler;
use gateway::model::Event;
use gateway::{EventContext, Gateway, Namespace};
use guest::{ComponentHandler, HandlerLimits, HandlerSettings};
use runtime::{Runtime, RuntimeLimits};
use socket_io::Payload;

/// An event with its arguments, and whether they come back as its acknowledgement.
const EVENTS: [(&str, &str, bool); 2] = [
    ("echo", r#"[{"text":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]"#, true),
    // Calls the host once, for a broadcast. The host's side also carries it out, to an empty room.
    ("say", r#"["room","0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]"#, false),
];

criterion_group!(benches, events);
criterion_main!(benches);

fn component() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/wasm32-wasip2/release/bench.wasm")
}

fn events(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut bare = bare::Bare::new(&component());
    for (name, arguments, comes_back) in EVENTS {
        let expected = comes_back.then_some(arguments);
        for (reuse, suffix) in [(1, ""), (u32::MAX, "-reused")] {
            let mut group = criterion.benchmark_group(format!("{name}{suffix}"));
            let host = tokio.block_on(Host::new(reuse));
            assert_eq!(tokio.block_on(host.handle(name, arguments)).as_deref(), expected);
            group.bench_function("host", |bencher| {
                bencher.to_async(&tokio).iter(|| host.handle(name, arguments));
            });
            assert_eq!(bare.handle(name, arguments, reuse > 1).as_deref(), expected);
            group.bench_function("bare", |bencher| {
                bencher.iter(|| bare.handle(name, arguments, reuse > 1));
            });
            group.finish();
        }
    }
    assert!(bare.commands() > 0, "`{}` calls the host", EVENTS[1].0);
}

/// The host without its network: a mounted component and its namespace.
struct Host {
    handler: Arc<ComponentHandler>,
    namespace: Arc<Namespace>,
}

impl Host {
    async fn new(reuse: u32) -> Self {
        let limits = HandlerLimits { reuse, ..HandlerLimits::default() };
        let settings = HandlerSettings { limits, ..HandlerSettings::default() };
        let mut gateway = Gateway::new((*settings.gateway).clone(), None, Arc::new(OneNode));
        let runtime = Arc::new(Runtime::new(RuntimeLimits::default(), None).unwrap());
        let handler = ComponentHandler::load(runtime, &component(), "bench", Arc::new(settings)).await.unwrap();
        let handler = Arc::new(handler);
        let namespace = gateway.mount(None, handler.clone()).unwrap().namespace().clone();
        Self { handler, namespace }
    }

    async fn handle(&self, name: &str, arguments: &str) -> Option<String> {
        let payload = Payload { json: arguments.to_owned(), attachments: Vec::new() };
        let event = Event { name: name.to_owned(), payload, wants_ack: true };
        let context = EventContext::without_socket(self.namespace.clone());
        let acknowledged = self.handler.clone().handle(event, context).await.unwrap();
        acknowledged.map(|payload| payload.json).filter(|json| json != "[]")
    }
}

/// Bare wasmtime.
mod bare {
    use std::path::Path;

    use wasmtime::component::{
        Component, ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, Lower, TypedFunc, flags,
    };
    use wasmtime::{
        Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut,
    };

    #[derive(ComponentType, Lower, Lift)]
    #[component(record)]
    struct Payload {
        json: String,
        attachments: Vec<Vec<u8>>,
    }

    #[derive(ComponentType, Lower)]
    #[component(record)]
    struct Event {
        name: String,
        payload: Payload,
        #[component(name = "wants-ack")]
        wants_ack: bool,
    }

    #[expect(dead_code, reason = "what the bench's component returns is never an error")]
    #[derive(ComponentType, Lift)]
    #[component(record)]
    struct Rejection {
        message: String,
        data: Option<String>,
    }

    #[expect(dead_code, reason = "as above")]
    #[derive(ComponentType, Lift)]
    #[component(variant)]
    enum HandlerError {
        #[component(name = "rejected")]
        Rejected(Rejection),
        #[component(name = "invalid-arguments")]
        InvalidArguments(String),
        #[component(name = "failed")]
        Failed(String),
    }

    flags! {
        OperatorOptions {
            #[component(name = "exclude-sender")]
            const EXCLUDE_SENDER;
            #[component(name = "volatile")]
            const VOLATILE;
            #[component(name = "local")]
            const LOCAL;
        }
    }

    #[expect(dead_code, reason = "commands are counted only")]
    #[derive(ComponentType, Lift)]
    #[component(record)]
    struct Operator {
        rooms: Vec<String>,
        except: Vec<String>,
        options: OperatorOptions,
    }

    #[expect(dead_code, reason = "no command is refused")]
    #[derive(ComponentType, Lower)]
    #[component(variant)]
    enum Error {
        #[component(name = "not-connected")]
        NotConnected,
        #[component(name = "invalid-payload")]
        InvalidPayload(String),
        #[component(name = "reserved-event")]
        ReservedEvent(String),
        #[component(name = "payload-too-large")]
        PayloadTooLarge(u64),
        #[component(name = "rate-limited")]
        RateLimited(String),
        #[component(name = "timeout")]
        Timeout,
        #[component(name = "not-allowed")]
        NotAllowed(String),
        #[component(name = "other")]
        Other(String),
    }

    /// What the guest called.
    type Commands = Vec<(Operator, String, Payload)>;
    type Handle = TypedFunc<(Event,), (Result<Option<Payload>, HandlerError>,)>;

    pub struct Bare {
        instance: InstancePre<Commands>,
        handle: ComponentExportIndex,
        kept: Option<(Store<Commands>, Handle)>,
        commands: usize,
    }

    impl Bare {
        pub fn new(file: &Path) -> Self {
            let mut pool = PoolingAllocationConfig::new();
            // As in the host (`runtime::engine`).
            pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10);
            let mut config = Config::new();
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool)).concurrency_support(false);
            let engine = Engine::new(&config).unwrap();
            let component = Component::from_file(&engine, file).unwrap();
            let mut linker = Linker::new(&engine);
            let mut operators = linker.instance("realtime:gateway/broadcast-operator@0.1.1").unwrap();
            let emit = |mut store: StoreContextMut<'_, Commands>, command: (Operator, String, Payload)| {
                store.data_mut().push(command);
                Ok((Ok::<(), Error>(()),))
            };
            operators.func_wrap("emit", emit).unwrap();
            linker.define_unknown_imports_as_traps(&component).unwrap();
            let instance = linker.instantiate_pre(&component).unwrap();
            let interface = component.get_export_index(None, "realtime:gateway/event-handler@0.1.1").unwrap();
            let handle = component.get_export_index(Some(&interface), "handle").unwrap();
            Self { instance, handle, kept: None, commands: 0 }
        }

        pub fn handle(&mut self, name: &str, arguments: &str, reuse: bool) -> Option<String> {
            let (mut store, handle) = self.kept.take().unwrap_or_else(|| self.start());
            let payload = Payload { json: arguments.to_owned(), attachments: Vec::new() };
            let event = Event { name: name.to_owned(), payload, wants_ack: true };
            let (returned,) = handle.call(&mut store, (event,)).unwrap();
            self.commands += store.data_mut().drain(..).count();
            if reuse {
                self.kept = Some((store, handle));
            }
            let Ok(acknowledged) = returned else { panic!("the handler failed") };
            acknowledged.map(|payload| payload.json).filter(|json| json != "[]")
        }

        fn start(&self) -> (Store<Commands>, Handle) {
            let mut store = Store::new(self.instance.engine(), Vec::new());
            let instance = self.instance.instantiate(&mut store).unwrap();
            let handle = instance.get_typed_func(&mut store, self.handle).unwrap();
            (store, handle)
        }

        pub fn commands(&self) -> usize {
            self.commands
        }
    }
}
