//! Real components on real engines: their limits, and what happens to their commands.

mod http;
mod scheduled;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gateway::cluster::{Cluster, ClusterFuture, FoundSockets, Message, RemoteAnswer, Scope};
use gateway::handler::EventHandler;
use gateway::model::{Event, GatewayLimits, HandlerError, Operation};
use gateway::{EventContext, Gateway, Namespace};
use parking_lot::Mutex;
use runtime::{Calls, Runtime, RuntimeLimits};
use socket_io::Payload;
use tokio::sync::mpsc;

use crate::component::ComponentHandler;
use crate::error::LoadReason;
use crate::{HandlerLimits, HandlerSettings};

const BOTH: [Calls; 2] = [Calls::Plain, Calls::Concurrent];

/// The code that a test puts into the component.
#[derive(Default, Clone, Copy)]
struct Guest<'a> {
    handle: &'a str,
    describe: &'a str,
    functions: &'a str,
    /// Its code for a plain HTTP request; with `None` it takes no requests.
    answer: Option<&'a str>,
    /// Its code for a run, and for the list of its schedules; with `None` it has none.
    scheduled: Option<Scheduled<'a>>,
}

/// The code of a component with schedules.
#[derive(Clone, Copy)]
struct Scheduled<'a> {
    list: &'a str,
    run: &'a str,
}

/// A handler that does only this.
fn handle(handle: &str) -> Guest<'_> {
    Guest { handle, ..Guest::default() }
}

const LOOP: &str = "(loop $forever (br $forever))";
const GROW: &str = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";

impl Guest<'_> {
    fn component(&self, calls: Calls) -> Vec<u8> {
        let either = |plain, concurrent| if calls == Calls::Plain { plain } else { concurrent };
        let functions = format!("{} {}", self.functions, either("", ASYNC_FUNCTIONS));
        let words = [
            ("ASYNC_CALLS", either("", ASYNC_CALLS)),
            ("ASYNC", either("", "async")),
            ("ASK", either(r#"$broadcast "emit-with-ack""#, r#"$async-calls "broadcast-with-ack""#)),
            ("TASK_RETURN_EXPORT", either("", TASK_RETURN_EXPORT)),
            ("TASK_RETURN", either("", TASK_RETURN)),
            ("IMPORTS", either("", TASK_RETURN_IMPORT)),
            ("LIFT", either(r#"(core func $main "handle")"#, ASYNC_LIFT)),
            ("EXPORT", either("realtime:gateway/event-handler@0.1.0", "realtime:gateway/async-event-handler@0.1.0")),
            ("DESCRIBE", self.describe),
            ("HANDLE", self.handle),
            ("FUNCTIONS", &functions),
            ("LIFT_RUN", either(r#"(core func $main "run")"#, ASYNC_LIFT_RUN)),
            ("SCHEDULED", either("scheduled", "async-scheduled")),
            ("SCHEDULES", self.scheduled.map_or("", |scheduled| scheduled.list)),
            ("RUN", self.scheduled.map_or("", |scheduled| scheduled.run)),
            ("HTTP_TYPES", self.answer.map_or("", |_| HTTP_TYPES)),
            ("HTTP_EXPORT", self.answer.map_or("", |_| HTTP_EXPORT)),
            ("ANSWER", self.answer.unwrap_or_default()),
        ];
        let scheduled = self.scheduled.map_or("", |_| SCHEDULED_EXPORT);
        let template = include_str!("component.wat").replace("{SCHEDULED_EXPORT}", scheduled);
        let text = words.iter().fold(template, |text, (word, code)| text.replace(&format!("{{{word}}}"), code));
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }
}

const ASYNC_CALLS: &str = r#"
  (import "realtime:gateway/async-calls@0.1.0" (instance $async-calls
    (alias outer 1 $operator (type $operator'))
    (export "operator" (type $operator (eq $operator')))
    (alias outer 1 $payload (type $payload'))
    (export "payload" (type $payload (eq $payload')))
    (alias outer 1 $answers (type $answers'))
    (export "answers" (type $answers (eq $answers')))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (export "broadcast-with-ack" (func async
      (param "operator" $operator) (param "event" string) (param "payload" $payload) (param "timeout-ms" u32)
      (result (result $answers (error $error)))))))"#;

const TASK_RETURN: &str = r#"
  (core func $task-return (canon task.return (result $returned) (memory (core memory $memory "memory"))))
  (core func $run-return (canon task.return (result $ran) (memory (core memory $memory "memory"))))"#;

const TASK_RETURN_EXPORT: &str =
    r#"(export "task-return" (func $task-return)) (export "run-return" (func $run-return))"#;

const TASK_RETURN_IMPORT: &str = r#"
  (import "host" "task-return" (func $task-return (param i32 i32 i32 i32 i32 i32 i32)))
  (import "host" "run-return" (func $run-return (param i32 i32 i32 i32 i32 i32 i32)))"#;

const ASYNC_LIFT: &str = r#"(core func $main "start") async (callback (core func $main "callback"))"#;
const ASYNC_LIFT_RUN: &str = r#"(core func $main "start-run") async (callback (core func $main "callback"))"#;

/// Calls the same `handle` or `run`, and passes on the result that it left in memory.
const ASYNC_FUNCTIONS: &str = r#"
  (func (export "start") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    (drop (call $handle (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (local.get 5) (local.get 6)))
    (call $task-return (i32.load8_u (i32.const 2048)) (i32.load8_u (i32.const 2052)) (i32.load (i32.const 2056))
      (i32.load (i32.const 2060)) (i32.load (i32.const 2064)) (i32.load (i32.const 2068)) (i32.load (i32.const 2072)))
    (i32.const 0))
  (func (export "start-run") (param i32 i32 i64) (result i32)
    (drop (call $run (local.get 0) (local.get 1) (local.get 2)))
    (call $run-return (i32.load8_u (i32.const 2048)) (i32.load8_u (i32.const 2052)) (i32.load (i32.const 2056))
      (i32.load (i32.const 2060)) (i32.load (i32.const 2064)) (i32.load (i32.const 2068)) (i32.load (i32.const 2072)))
    (i32.const 0))
  (func (export "callback") (param i32 i32 i32) (result i32) unreachable)"#;

const HTTP_TYPES: &str = r#"
  (import "wasi:http/types@0.2.0" (instance $http
    (export "incoming-request" (type (sub resource)))
    (export "response-outparam" (type (sub resource)))))
  (alias export $http "incoming-request" (type $incoming-request))
  (alias export $http "response-outparam" (type $response-outparam))"#;

const HTTP_EXPORT: &str = r#"
  (func $answer (param "request" (own $incoming-request)) (param "response-out" (own $response-outparam))
    (canon lift (core func $main "answer")))
  (instance $incoming-handler (export "handle" (func $answer)))
  (export "wasi:http/incoming-handler@0.2.0" (instance $incoming-handler))"#;

const SCHEDULED_EXPORT: &str = r#"
  (func $schedules (result (list $schedule)) (canon lift (core func $main "schedules")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (type $run-type (func {ASYNC} (param "name" string) (param "due" u64) (result $ran)))
  (func $run (type $run-type) (canon lift {LIFT_RUN}
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (instance $scheduled (export "schedules" (func $schedules)) (export "run" (func $run)))
  (export "realtime:gateway/{SCHEDULED}@0.1.1" (instance $scheduled))"#;

/// All limits of a handler and its instances.
#[derive(Debug, Clone, Default)]
struct Limits {
    handler: HandlerLimits,
    gateway: GatewayLimits,
    runtime: RuntimeLimits,
}

async fn load(component: Vec<u8>, limits: &Limits) -> Result<Arc<ComponentHandler>, LoadReason> {
    let Limits { handler, gateway, runtime } = limits.clone();
    let runtime = Arc::new(Runtime::new(runtime, None).unwrap());
    let settings = HandlerSettings { limits: handler, gateway: Arc::new(gateway), ..HandlerSettings::default() };
    ComponentHandler::from_bytes(runtime, "test".to_owned(), component, Arc::new(settings)).await.map(Arc::new)
}

fn limits() -> Limits {
    Limits { runtime: RuntimeLimits { instances: 4, ..RuntimeLimits::default() }, ..Limits::default() }
}

fn within(time: Duration) -> Limits {
    Limits { handler: HandlerLimits { time, ..HandlerLimits::default() }, ..limits() }
}

/// Time that a handler which never ends gets in tests.
const SHORT: Duration = Duration::from_millis(100);

fn event() -> Event {
    Event { name: "message".to_owned(), payload: Payload::empty(), wants_ack: true }
}

/// Writes down what handlers ask for, in order.
#[derive(Debug, Default)]
struct Journal {
    lines: Mutex<Vec<String>>,
    /// Questions that nobody ever answers.
    asked: Mutex<Vec<mpsc::UnboundedSender<RemoteAnswer>>>,
}

/// Another node, which writes down what reaches it.
impl Cluster for Journal {
    fn publish(&self, message: Message<'_>) -> Option<ClusterFuture<()>> {
        if let Operation::Join(rooms) = message.operation {
            self.lines.lock().push(format!("join {}", rooms.join(" ")));
        }
        None
    }

    fn ask(&self, _: Message<'_>, _: Duration) -> Option<mpsc::UnboundedReceiver<RemoteAnswer>> {
        self.lines.lock().push("ask".to_owned());
        let (sender, receiver) = mpsc::unbounded_channel();
        self.asked.lock().push(sender);
        Some(receiver)
    }

    fn fetch_sockets(&self, _: Scope<'_>) -> Option<ClusterFuture<FoundSockets>> {
        None
    }
}

/// A handler in a namespace of its own.
struct Served {
    handler: Arc<ComponentHandler>,
    namespace: Arc<Namespace>,
    journal: Arc<Journal>,
}

impl Served {
    async fn run(&self, event: Event) -> Result<Option<Payload>, HandlerError> {
        self.handler.clone().handle(event, EventContext::without_socket(self.namespace.clone())).await
    }
}

async fn serve(guest: Guest<'_>, calls: Calls, limits: &Limits) -> Served {
    let handler = load(guest.component(calls), limits).await.unwrap();
    let journal = Arc::new(Journal::default());
    let mut gateway = Gateway::new(GatewayLimits::default(), None, journal.clone());
    let namespace = gateway.mount(None, handler.clone()).unwrap().namespace().clone();
    Served { handler, namespace, journal }
}

/// Handles one event, and returns the result and the commands of the handler.
async fn journal(guest: Guest<'_>, calls: Calls, limits: &Limits) -> (Result<(), HandlerError>, Vec<String>) {
    let served = serve(guest, calls, limits).await;
    let outcome = served.run(event()).await.map(|_| ());
    let lines = std::mem::take(&mut *served.journal.lines.lock());
    (outcome, lines)
}

#[tokio::test]
async fn components_of_both_worlds_describe_themselves_and_handle_events() {
    for calls in BOTH {
        let served = serve(handle(""), calls, &limits()).await;
        assert!(served.handler.description().any_event);
        assert!(matches!(served.run(event()).await, Ok(None)), "{calls:?}");
    }
}

#[tokio::test]
async fn a_returned_payload_is_the_acknowledgement() {
    // Returns Ok(Some(the JSON text of the event)).
    let echo = handle(
        "(i32.store (i32.const 2052) (i32.const 1)) (i32.store (i32.const 2056) (local.get $json))
         (i32.store (i32.const 2060) (local.get $json-length))",
    );
    for calls in BOTH {
        let served = serve(echo, calls, &limits()).await;
        let payload = Payload { json: r#"[{"a":1},"é"]"#.to_owned(), attachments: Vec::new() };
        let event = Event { payload: payload.clone(), ..event() };
        assert_eq!(served.run(event.clone()).await.unwrap(), Some(payload));
        assert_eq!(served.run(Event { wants_ack: false, ..event }).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_loop_lets_others_go_on_and_is_stopped() {
    let limits = within(SHORT);
    for calls in BOTH {
        let served = serve(handle(LOOP), calls, &limits).await;
        // There is one thread, so the other task only runs when the handler yields.
        let others = Arc::new(AtomicUsize::new(0));
        let counted = others.clone();
        let other = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let start = Instant::now();
        assert!(matches!(served.run(event()).await, Err(HandlerError::TimedOut(SHORT))), "{calls:?}");
        assert!(start.elapsed() >= SHORT);
        assert!(others.load(Ordering::Relaxed) > 0);
        other.abort();
    }
}

#[tokio::test]
async fn a_loop_while_describing_is_stopped() {
    let limits = within(SHORT);
    let guest = Guest { describe: LOOP, ..Guest::default() };
    let loaded = load(guest.component(Calls::Plain), &limits).await;
    assert!(matches!(loaded.err(), Some(LoadReason::Describe(HandlerError::TimedOut(_)))));
}

#[tokio::test]
async fn a_trap_names_its_reason_and_functions() {
    let guest = Guest { handle: "(call $boom)", functions: "(func $boom unreachable)", ..Guest::default() };
    for calls in BOTH {
        let served = serve(guest, calls, &limits()).await;
        let Err(HandlerError::Trapped(text)) = served.run(event()).await else { panic!("it traps") };
        assert!(text.starts_with("wasm trap: wasm `unreachable` instruction executed (in boom < handle"), "{text}");
    }
}

#[tokio::test]
async fn endless_recursion_is_a_trap() {
    let guest =
        Guest { handle: "(call $deep)", functions: "(func $deep (call $deep) (call $deep))", ..Guest::default() };
    let served = serve(guest, Calls::Plain, &limits()).await;
    let Err(HandlerError::Trapped(text)) = served.run(event()).await else { panic!("it traps") };
    assert!(text.contains("call stack exhausted"), "{text}");
}

#[tokio::test]
async fn memory_is_bounded_and_given_back() {
    let runtime = RuntimeLimits { memory: 8 << 20, total_memory: 12 << 20, ..limits().runtime };
    let limits = Limits { runtime, ..limits() };
    for calls in BOTH {
        let served = serve(handle(GROW), calls, &limits).await;
        // If memory were not given back, the second event would reach the limit of all instances together.
        for _ in 0..2 {
            let Err(HandlerError::OutOfMemory(text)) = served.run(event()).await else { panic!("it runs out") };
            assert!(text.contains("an instance may have 8.0 MiB"), "{text}");
        }
    }
}

#[tokio::test]
async fn all_instances_share_a_bound() {
    let limits = Limits { runtime: RuntimeLimits { total_memory: 4 << 20, ..limits().runtime }, ..limits() };
    let served = serve(handle(GROW), Calls::Plain, &limits).await;
    let Err(HandlerError::OutOfMemory(text)) = served.run(event()).await else { panic!("it runs out") };
    assert!(text.contains("beyond their shares"), "{text}");
}

#[tokio::test]
async fn events_wait_for_a_place_and_their_time_counts_from_then() {
    let limits = Limits { runtime: RuntimeLimits { instances: 1, ..RuntimeLimits::default() }, ..within(SHORT) };
    let served = serve(handle(LOOP), Calls::Plain, &limits).await;
    let start = Instant::now();
    let (one, two) = tokio::join!(served.run(event()), served.run(event()));
    assert!(matches!((one, two), (Err(HandlerError::TimedOut(_)), Err(HandlerError::TimedOut(_)))));
    assert!(start.elapsed() >= 2 * SHORT);
}

#[tokio::test]
async fn nothing_in_memory_outlives_an_event() {
    let guest =
        handle("(if (i32.load (i32.const 3000)) (then unreachable)) (i32.store (i32.const 3000) (i32.const 1))");
    for calls in BOTH {
        let served = serve(guest, calls, &limits()).await;
        for _ in 0..10 {
            served.run(event()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn commands_take_effect_in_order_at_the_end() {
    for calls in BOTH {
        let guest = handle("(drop (call $join (i32.const 0))) (drop (call $join (i32.const 1)))");
        let (outcome, lines) = journal(guest, calls, &limits()).await;
        assert!(outcome.is_ok());
        assert_eq!(lines, ["join a", "join b"]);
    }
}

#[tokio::test]
async fn commands_stand_where_the_handler_reports_a_failure() {
    // The error case with its third variant: failed("a").
    let guest = handle(
        "(drop (call $join (i32.const 0))) (i32.store (i32.const 2048) (i32.const 1))
         (i32.store (i32.const 2052) (i32.const 2)) (i32.store (i32.const 2056) (i32.const 512))
         (i32.store (i32.const 2060) (i32.const 1))",
    );
    for calls in BOTH {
        let (outcome, lines) = journal(guest, calls, &limits()).await;
        assert!(matches!(outcome, Err(HandlerError::Failed(text)) if text == "a"));
        assert_eq!(lines, ["join a"]);
    }
}

#[tokio::test]
async fn a_trap_drops_what_was_called_since_the_handler_waited() {
    let guest = handle(
        "(drop (call $join (i32.const 0))) (drop (call $ask (i32.const 1)))
        (drop (call $join (i32.const 1))) unreachable",
    );
    for calls in BOTH {
        let (outcome, lines) = journal(guest, calls, &limits()).await;
        assert!(matches!(outcome, Err(HandlerError::Trapped(_))), "{outcome:?}");
        assert_eq!(lines, ["join a", "ask"]);
    }
}

#[tokio::test]
async fn being_out_of_time_drops_what_was_called() {
    let body = format!("(drop (call $join (i32.const 0))) {LOOP}");
    let limits = within(SHORT);
    for calls in BOTH {
        let (outcome, lines) = journal(handle(&body), calls, &limits).await;
        assert!(matches!(outcome, Err(HandlerError::TimedOut(_))));
        assert!(lines.is_empty(), "{lines:?}");
    }
}

#[tokio::test]
async fn waiting_ends_with_the_handlers_time() {
    let limits = within(SHORT);
    for calls in BOTH {
        let (outcome, lines) = journal(handle("(drop (call $ask (i32.const -1)))"), calls, &limits).await;
        assert!(matches!(outcome, Err(HandlerError::TimedOut(_))));
        assert_eq!(lines, ["ask"]);
    }
}

#[tokio::test]
async fn commands_beyond_the_limit_are_refused() {
    let limits = Limits { gateway: GatewayLimits { commands: 2, ..GatewayLimits::default() }, ..limits() };
    let guest = handle(
        "(if (call $join (i32.const 0)) (then unreachable)) (if (call $join (i32.const 1)) (then unreachable))
         (if (i32.eqz (call $join (i32.const 2))) (then unreachable))",
    );
    let (outcome, lines) = journal(guest, Calls::Plain, &limits).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(lines, ["join a", "join b"]);
}

#[tokio::test]
async fn what_is_no_handler_is_refused() {
    let refused = async |component: &str| load(wat::parse_str(component).unwrap(), &limits()).await.err().unwrap();
    assert!(matches!(refused("(module)").await, LoadReason::Inspect(_)));
    assert!(matches!(refused("(component)").await, LoadReason::World(_)));
    let names_only = r#"(component (instance $i) (export "realtime:gateway/event-handler@0.1.0" (instance $i)))"#;
    assert!(matches!(refused(names_only).await, LoadReason::Link(_)));
    let other_type = r#"(component
        (import "realtime:gateway/namespace@0.1.0" (instance (export "name" (func (result u32)))))
        (instance $i) (export "realtime:gateway/event-handler@0.1.0" (instance $i)))"#;
    let LoadReason::Link(text) = refused(other_type).await else { panic!("its types are wrong") };
    assert!(text.contains("realtime:gateway/namespace@0.1.0"), "{text}");
}

#[tokio::test]
async fn every_import_that_is_granted_is_there() {
    for calls in BOTH {
        for path in crate::capabilities::offered_paths(calls) {
            let import = format!(r#"(import "{path}" (instance))"#);
            let component = wat::parse_str(format!("(component {import})")).unwrap();
            let runtime = Runtime::new(limits().runtime, None).unwrap();
            let component = runtime.compile("test", &component, calls).unwrap();
            let mut linker = wasmtime::component::Linker::<crate::store_state::StoreState>::new(component.engine());
            crate::capabilities::add_to_linker(&mut linker, calls).unwrap();
            assert!(linker.instantiate_pre(&component).is_ok(), "{path} in {calls:?}");
        }
    }
}
