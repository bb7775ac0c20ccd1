//! The commands of one event: what they may cost, and where they wait until they take effect.
//!
//! One event may call so many commands with so many bytes ([`HandlerLimits::commands`], [`HandlerLimits::command_bytes`]);
//! beyond that every call is an error to the guest. Calls that fail for another reason count too, as they cost the host.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::bindings::types;
use crate::config::HandlerLimits;
use crate::gateway::context::EventContext;
use crate::gateway::handler::Command;

/// Bytes of a room's name.
const ROOM: usize = 1 << 10;

/// What a name in a list costs beside its bytes.
pub(super) const NAME: usize = mem::size_of::<String>();

/// What an event has spent.
#[derive(Debug, Default)]
pub(super) struct Spent {
    commands: usize,
    bytes: usize,
}

impl Spent {
    /// Counts a command of so many bytes.
    pub(super) fn command(&mut self, bytes: usize, limits: &HandlerLimits) -> Result<(), types::Error> {
        if self.commands >= limits.commands {
            let text = format!("one event may call {} commands", limits.commands);
            return Err(types::Error::RateLimited(text));
        }
        if bytes > limits.command_bytes - self.bytes {
            let text = format!("the commands of one event may have {} bytes", limits.command_bytes);
            return Err(types::Error::RateLimited(text));
        }
        self.commands += 1;
        self.bytes += bytes;
        Ok(())
    }
}

/// Bytes that count for a list of names.
pub(super) fn names_size(names: &[String]) -> usize {
    names.iter().map(|name| NAME + name.len()).sum()
}

/// Checks rooms that sockets are to join.
pub(super) fn check_rooms(rooms: &[String], limits: &HandlerLimits) -> Result<(), types::Error> {
    if rooms.len() > limits.rooms_per_socket {
        return Err(too_many_rooms(limits.rooms_per_socket));
    }
    match rooms.iter().find(|room| room.len() > ROOM) {
        Some(room) => Err(types::Error::NotAllowed(format!(
            "a room's name of {} bytes; at most {ROOM}: put long values into `data`",
            room.len()
        ))),
        None => Ok(()),
    }
}

pub(super) fn too_many_rooms(most: usize) -> types::Error {
    types::Error::NotAllowed(format!("a socket may be in {most} rooms; leave some first"))
}

/// The event that is being handled: its place in the gateway, and the commands that did not take effect yet.
///
/// Shared between the store, which the guest's calls come through, and the handler, which sees when the guest waits
/// and when it is done.
pub(super) struct Current {
    context: Option<EventContext>,
    event: String,
    called: Mutex<Vec<Command>>,
    preempted: AtomicBool,
}

impl Current {
    pub(super) fn new(context: Option<EventContext>, event: String) -> Self {
        Self { context, event, called: Mutex::default(), preempted: AtomicBool::new(false) }
    }

    /// None while the component describes itself.
    pub(super) fn context(&self) -> Option<&EventContext> {
        self.context.as_ref()
    }

    /// The event's name.
    pub(super) fn event(&self) -> &str {
        &self.event
    }

    pub(super) fn call(&self, command: Command) {
        self.called.lock().push(command);
    }

    /// Has the commands that were called take effect.
    pub(super) fn flush(&self) {
        let called = mem::take(&mut *self.called.lock());
        if let Some(context) = &self.context
            && !called.is_empty()
        {
            context.apply(called);
        }
    }

    /// The guest lets others compute, and goes on by itself.
    pub(super) fn preempted(&self) {
        self.preempted.store(true, Ordering::Relaxed);
    }

    /// The guest does not go on for now. Where it waits for something outside, what it called takes effect; where it
    /// was only interrupted it does not, so that what a trap undoes does not depend on the machine's speed.
    pub(super) fn paused(&self) {
        if !self.preempted.swap(false, Ordering::Relaxed) {
            self.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> HandlerLimits {
        HandlerLimits { commands: 3, command_bytes: 10, rooms_per_socket: 2, ..HandlerLimits::default() }
    }

    #[test]
    fn commands_are_counted() {
        let (mut spent, limits) = (Spent::default(), limits());
        for _ in 0..3 {
            spent.command(1, &limits).unwrap();
        }
        assert!(
            matches!(spent.command(0, &limits), Err(types::Error::RateLimited(text)) if text.contains("3 commands"))
        );
    }

    #[test]
    fn bytes_are_summed_and_a_refused_command_costs_nothing() {
        let (mut spent, limits) = (Spent::default(), limits());
        spent.command(6, &limits).unwrap();
        assert!(matches!(spent.command(5, &limits), Err(types::Error::RateLimited(text)) if text.contains("10 bytes")));
        assert!(spent.command(usize::MAX, &limits).is_err());
        spent.command(4, &limits).unwrap();
    }

    #[test]
    fn rooms_are_bounded() {
        let rooms = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(check_rooms(&rooms(&["a", "b"]), &limits()).is_ok());
        assert!(check_rooms(&rooms(&["a", "b", "c"]), &limits()).is_err());
        assert!(check_rooms(&[" ".repeat(ROOM)], &limits()).is_ok());
        assert!(check_rooms(&[" ".repeat(ROOM + 1)], &limits()).is_err());
    }

    #[test]
    fn being_interrupted_is_not_waiting() {
        let current = Current::new(None, "message".into());
        current.call(Command::Leave("a".into()));
        current.preempted();
        current.paused();
        assert_eq!(current.called.lock().len(), 1);
        current.paused();
        assert!(current.called.lock().is_empty());
    }
}
