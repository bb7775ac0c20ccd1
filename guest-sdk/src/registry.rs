//! Registration: runs a component's registration function and keeps what the current event needs.
//!
//! Every event runs in a fresh instance, so the function runs for every event. Of the handlers it registers, only those
//! of that event are boxed; all others cost a comparison of names.

use std::cell::RefCell;

use crate::RealtimeNamespace;
use crate::args::Args;
use crate::bindings::realtime::gateway::types::{Description, Event, HandlerError, Payload};
use crate::error::Error;

/// A handler with its arguments' and its reply's types out of the way.
pub(crate) type Boxed = Box<dyn FnOnce(Args) -> Result<Payload, Error>>;

/// Why the registration function runs, if it does.
enum Phase {
    Idle,
    Describing { events: Vec<String>, any_event: bool },
    Handling(Selected),
}

/// The handlers of one event.
struct Selected {
    event: String,
    /// Those of any event, which run first, as in the reference server.
    any: Vec<Boxed>,
    named: Vec<Boxed>,
}

thread_local! {
    static PHASE: RefCell<Phase> = const { RefCell::new(Phase::Idle) };
}

/// Takes note of a handler for an event, and tells whether the handler itself is wanted.
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
    })
}

/// As [`wants`], for handlers of any event a client sends: the event's name, where the handler is wanted.
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
        // `$connect` and `$disconnect` are the gateway's, not the client's.
        Phase::Handling(selected) => (!selected.event.starts_with('$')).then(|| selected.event.clone()),
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

/// What the component says of itself.
pub fn describe(register: fn() -> RealtimeNamespace) -> Description {
    PHASE.set(Phase::Describing { events: Vec::new(), any_event: false });
    let namespace = register().path().map(str::to_owned);
    match PHASE.replace(Phase::Idle) {
        Phase::Describing { events, any_event } => Description { namespace, events, any_event },
        _ => Description { namespace, events: Vec::new(), any_event: false },
    }
}

/// Runs the handlers of an event, in the order they were registered, until one fails. The first reply that has
/// arguments acknowledges it, as the reference server sends the first and ignores others.
pub fn handle(register: fn() -> RealtimeNamespace, event: Event) -> Result<Option<Payload>, HandlerError> {
    let Event { name, payload, .. } = event;
    PHASE.set(Phase::Handling(Selected { event: name.clone(), any: Vec::new(), named: Vec::new() }));
    register();
    let Phase::Handling(selected) = PHASE.replace(Phase::Idle) else { return Ok(None) };

    let mut args = Args::from(payload);
    let mut handlers = selected.any.into_iter().chain(selected.named).peekable();
    let mut reply: Option<Payload> = None;
    while let Some(handler) = handlers.next() {
        let args = if handlers.peek().is_some() { args.clone() } else { std::mem::take(&mut args) };
        let next = handler(args).map_err(|error| error.into_handler_error(&name))?;
        if reply.as_ref().is_none_or(|first| first.json == "[]") {
            reply = Some(next);
        }
    }
    Ok(reply)
}
