//! Registration: runs a component's registration function and keeps the handlers of the current event.
//!
//! Every event runs in a fresh instance, so the function runs for every event. Only the handlers of that event are
//! boxed; every other one costs a comparison of names.

use std::cell::RefCell;

use crate::RealtimeNamespace;
use crate::args::Args;
use crate::bindings::realtime::gateway::types::{Description, Event, HandlerError, Payload};
use crate::error::Error;
use crate::scheduled::Plan;

/// A handler with the types of its arguments and its reply erased.
pub(crate) type Boxed = Box<dyn FnOnce(Args) -> Result<Payload, Error>>;

/// Why the registration function is running; `Idle` if it is not.
enum Phase {
    Idle,
    Describing { events: Vec<String>, any_event: bool, scheduled: bool },
    Handling(Selected),
    Scheduling(Plan),
}

/// The handlers of one event.
struct Selected {
    event: String,
    /// Handlers of `on_any`. They run first, as in the reference server.
    any: Vec<Boxed>,
    named: Vec<Boxed>,
}

thread_local! {
    static PHASE: RefCell<Phase> = const { RefCell::new(Phase::Idle) };
}

/// Records that an event has a handler, and returns whether the handler itself is needed now.
pub(crate) fn wants(event: &str) -> bool {
    PHASE.with_borrow_mut(|phase| match phase {
        Phase::Idle => {
            eprintln!(
                "on `{event}`: handlers are registered in the function that `guest_sdk::export!` names, not later"
            );
            false
        }
        Phase::Describing { events, .. } => {
            if !events.iter().any(|known| known == event) {
                events.push(event.to_owned());
            }
            false
        }
        Phase::Handling(selected) => selected.event == event,
        Phase::Scheduling(_) => false,
    })
}

/// As [`wants`], for handlers of `on_any`. Returns the event's name if the handler is needed now.
pub(crate) fn wants_any() -> Option<String> {
    PHASE.with_borrow_mut(|phase| match phase {
        Phase::Idle => {
            eprintln!("on_any: handlers are registered in the function that `guest_sdk::export!` names, not later");
            None
        }
        Phase::Describing { any_event, .. } => {
            *any_event = true;
            None
        }
        // `$connect` and `$disconnect` come from the gateway, not from the client.
        Phase::Handling(selected) => {
            let is_hosts = ["$connect", "$disconnect"].contains(&selected.event.as_str());
            (!is_hosts).then(|| selected.event.clone())
        }
        Phase::Scheduling(_) => None,
    })
}

/// Keeps a handler that [`wants`] asked for.
pub(crate) fn keep(handler: Boxed) {
    PHASE.with_borrow_mut(|phase| {
        if let Phase::Handling(selected) = phase {
            selected.named.push(handler);
        }
    });
}

/// Keeps a handler that [`wants_any`] asked for.
pub(crate) fn keep_any(handler: Boxed) {
    PHASE.with_borrow_mut(|phase| {
        if let Phase::Handling(selected) = phase {
            selected.any.push(handler);
        }
    });
}

/// Calls `add` if schedules are wanted now.
pub(crate) fn with_plan(times: &str, add: impl FnOnce(&mut Plan)) {
    PHASE.with_borrow_mut(|phase| match phase {
        Phase::Idle => eprintln!(
            "schedule `{times}`: schedules are registered in the function that `guest_sdk::export!` names, not later"
        ),
        Phase::Describing { scheduled, .. } => *scheduled = true,
        Phase::Handling(_) => {}
        Phase::Scheduling(plan) => add(plan),
    });
}

/// Has the registration function fill a plan.
pub(crate) fn plan(register: fn() -> RealtimeNamespace, empty: Plan) -> Plan {
    PHASE.set(Phase::Scheduling(empty));
    register();
    match PHASE.replace(Phase::Idle) {
        Phase::Scheduling(plan) => plan,
        // A registration function that was called by another one; it has nothing.
        _ => Plan::default(),
    }
}

/// Describes a component that does not export its schedules: its namespace, and the events that it handles.
///
/// # Panics
///
/// If it has schedules, because they would never run.
pub fn describe(register: fn() -> RealtimeNamespace) -> Description {
    let (description, scheduled) = described(register);
    assert!(!scheduled, "schedules only run if they are exported: write `guest_sdk::export!(register, scheduled)`");
    description
}

/// Describes a component that exports its schedules.
pub fn describe_with_schedules(register: fn() -> RealtimeNamespace) -> Description {
    described(register).0
}

/// Also says whether there are schedules.
fn described(register: fn() -> RealtimeNamespace) -> (Description, bool) {
    PHASE.set(Phase::Describing { events: Vec::new(), any_event: false, scheduled: false });
    let namespace = register().path().map(str::to_owned);
    match PHASE.replace(Phase::Idle) {
        Phase::Describing { events, any_event, scheduled } => (Description { namespace, events, any_event }, scheduled),
        _ => (Description { namespace, events: Vec::new(), any_event: false }, false),
    }
}

/// Runs the handlers of an event in the order of registration, until one fails. The first reply with arguments is the
/// acknowledgement: the reference server, too, sends the first and ignores the others. Without such a reply, the event
/// is acknowledged without arguments if it has a handler of its own.
pub fn handle(register: fn() -> RealtimeNamespace, event: Event) -> Result<Option<Payload>, HandlerError> {
    let Event { name, payload, .. } = event;
    PHASE.set(Phase::Handling(Selected { event: name.clone(), any: Vec::new(), named: Vec::new() }));
    register();
    let Phase::Handling(Selected { any, named, .. }) = PHASE.replace(Phase::Idle) else { return Ok(None) };
    run(any, named, payload.into()).map_err(|error| error.into_handler_error(&name))
}

fn run(any: Vec<Boxed>, mut named: Vec<Boxed>, args: Args) -> Result<Option<Payload>, Error> {
    let last = named.pop();
    let mut first = None;
    for handler in any.into_iter().chain(named) {
        first = first.or(with_arguments(handler(args.clone())?));
    }
    let Some(last) = last else { return Ok(first) };
    let reply = last(args)?;
    Ok(Some(first.unwrap_or(reply)))
}

fn with_arguments(reply: Payload) -> Option<Payload> {
    (reply.json != "[]").then_some(reply)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;
    use crate::{Bytes, ConnectError};

    fn event(name: &str, json: &str) -> Event {
        let payload = Payload { json: json.to_owned(), attachments: Vec::new() };
        Event { name: name.to_owned(), payload, wants_ack: true }
    }

    fn reply(register: fn() -> RealtimeNamespace, name: &str, json: &str) -> Option<String> {
        handle(register, event(name, json)).unwrap().map(|reply| reply.json)
    }

    fn problem(register: fn() -> RealtimeNamespace, name: &str, json: &str) -> String {
        match handle(register, event(name, json)).unwrap_err() {
            HandlerError::Rejected(rejection) => format!("rejected: {}", rejection.message),
            HandlerError::InvalidArguments(text) => format!("invalid arguments: {text}"),
            HandlerError::Failed(text) => format!("failed: {text}"),
        }
    }

    fn example() -> RealtimeNamespace {
        let ns = RealtimeNamespace::new("/example");
        ns.socket()
            .on("$connect", || -> Result<(), ConnectError> { Err(ConnectError::new("no")) })
            .on("nothing", || ())
            .on("add", |a: u32, b: Option<u32>| a + b.unwrap_or(100))
            .once("swap", |a: String, b: bool| (b, a))
            .on("rest", |_first: bool, rest: Args| rest)
            .on("parse", |text: String| -> Result<u8, Error> { Ok(text.parse()?) })
            .on("twice", || ())
            .on("twice", || 2)
            .on("twice", || 3)
            .on("stop", || -> Result<(), Error> { Err(Error::msg("stopped")) })
            .on("stop", || -> () { unreachable!() })
            .on("image", |image: Bytes| image);
        ns
    }

    #[test]
    fn a_component_describes_itself() {
        let description = describe(example);
        assert_eq!(description.namespace.as_deref(), Some("/example"));
        assert_eq!(
            description.events,
            ["$connect", "nothing", "add", "swap", "rest", "parse", "twice", "stop", "image"]
        );
        assert!(!description.any_event);

        let description = describe(|| {
            let ns = RealtimeNamespace::default();
            ns.socket().on_any(|_, _| ());
            ns
        });
        assert_eq!((description.namespace, description.events.len(), description.any_event), (None, 0, true));
    }

    #[test]
    fn replies_are_acknowledgements() {
        assert_eq!(reply(example, "nothing", "[]").unwrap(), "[]");
        assert_eq!(reply(example, "add", "[1,2]").unwrap(), "[3]");
        assert_eq!(reply(example, "add", "[1]").unwrap(), "[101]");
        assert_eq!(reply(example, "add", r#"[1,null,"ignored"]"#).unwrap(), "[101]");
        assert_eq!(reply(example, "swap", r#"["a",true]"#).unwrap(), r#"[true,"a"]"#);
        assert_eq!(reply(example, "rest", r#"[true, {"a":1} ,2]"#).unwrap(), r#"[{"a":1} ,2]"#);
        assert_eq!(reply(example, "rest", "[true]").unwrap(), "[]");
        assert_eq!(reply(example, "parse", r#"["7"]"#).unwrap(), "[7]");
        assert_eq!(reply(example, "unknown", "[]"), None);
    }

    #[test]
    fn arguments_that_do_not_fit_name_the_event_and_the_position() {
        let add = |json| problem(example, "add", json);
        assert_eq!(add("[]"), "invalid arguments: add: argument 1 is missing");
        assert_eq!(add("[1,true]"), "invalid arguments: add: argument 2: expected u32, found a boolean");
        assert_eq!(add("{}"), "invalid arguments: add: argument 1 is missing");
        assert_eq!(
            problem(example, "image", "[7]"),
            "invalid arguments: image: argument 1: expected binary data, found a number"
        );
    }

    #[test]
    fn errors_are_failures_and_connections_are_refused() {
        assert_eq!(problem(example, "parse", r#"["x"]"#), "failed: invalid digit found in string");
        assert_eq!(problem(example, "$connect", "[]"), "rejected: no");
    }

    #[test]
    fn several_handlers_run_in_order_until_one_fails_and_the_first_reply_counts() {
        assert_eq!(reply(example, "twice", "[]").unwrap(), "[2]");
        assert_eq!(problem(example, "stop", "[]"), "failed: stopped");
    }

    #[test]
    fn handlers_of_any_event_run_first_and_only_for_clients_events() {
        thread_local!(static RUN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });
        fn register() -> RealtimeNamespace {
            let ns = RealtimeNamespace::default();
            ns.socket()
                .on("a", || RUN.with_borrow_mut(|run| run.push("a".to_owned())))
                .on("$connect", || RUN.with_borrow_mut(|run| run.push("$connect".to_owned())))
                .on_any(|event, args| RUN.with_borrow_mut(|run| run.push(format!("any {event} {}", args.len()))));
            ns
        }
        for name in ["$connect", "a", "b"] {
            handle(register, event(name, "[1,2]")).unwrap();
        }
        assert_eq!(RUN.take(), ["$connect", "any a 2", "a", "any b 2"]);
    }

    #[test]
    fn handlers_of_any_event_acknowledge_with_arguments_only() {
        fn register() -> RealtimeNamespace {
            let ns = RealtimeNamespace::default();
            ns.socket().on("own", || ()).on_any(|event, args| if event == "b" { args } else { Args::new(()).unwrap() });
            ns
        }
        assert_eq!(reply(register, "a", "[1]"), None);
        assert_eq!(reply(register, "b", "[1]").unwrap(), "[1]");
        assert_eq!(reply(register, "own", "[1]").unwrap(), "[]");
    }

    #[test]
    fn other_handlers_are_dropped_at_once() {
        thread_local!(static KEPT: Rc<()> = Rc::new(()));
        fn register() -> RealtimeNamespace {
            let ns = RealtimeNamespace::default();
            for name in ["a", "b", "c"] {
                let kept = KEPT.with(Rc::clone);
                ns.socket().on(name, move || Rc::strong_count(&kept));
            }
            ns
        }
        // The original, and the one in the handler that runs.
        assert_eq!(reply(register, "b", "[]").unwrap(), "[2]");
    }

    #[test]
    fn registering_later_has_no_effect() {
        RealtimeNamespace::default().socket().on("late", || ()).on_any(|_, _| ());
        assert_eq!(reply(RealtimeNamespace::default, "late", "[]"), None);
    }
}
