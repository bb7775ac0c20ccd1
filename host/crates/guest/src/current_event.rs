//! The event that a handler is handling: its context in the gateway, and the commands that have not taken effect yet.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use gateway::model::Command;
use gateway::{EventContext, Publishing};
use parking_lot::Mutex;

/// The event that is being handled.
///
/// Shared between the store, through which the guest's calls come, and the handler, which sees when the guest waits and
/// when it is done.
pub(crate) struct CurrentEvent {
    context: Option<EventContext>,
    event: String,
    called: Mutex<Vec<Command>>,
    /// Commands that are being published to other nodes.
    publishing: Mutex<Vec<Publishing>>,
    preempted: AtomicBool,
}

impl CurrentEvent {
    pub(crate) fn new(context: Option<EventContext>, event: String) -> Self {
        Self {
            context,
            event,
            called: Mutex::default(),
            publishing: Mutex::default(),
            preempted: AtomicBool::new(false),
        }
    }

    /// None while the component describes itself.
    pub(crate) fn context(&self) -> Option<&EventContext> {
        self.context.as_ref()
    }

    /// The event's name.
    pub(crate) fn event(&self) -> &str {
        &self.event
    }

    /// The socket's rooms when the event began.
    pub(crate) fn rooms(&self) -> Vec<String> {
        self.context.as_ref().map(EventContext::rooms).unwrap_or_default()
    }

    pub(crate) fn call(&self, command: Command) {
        self.called.lock().push(command);
    }

    /// Lets the commands so far take effect.
    pub(crate) fn flush(&self) {
        let called = mem::take(&mut *self.called.lock());
        if let Some(context) = &self.context
            && !called.is_empty()
        {
            let publishing = context.apply(called);
            if !publishing.is_done() {
                self.publishing.lock().push(publishing);
            }
        }
    }

    /// Waits until the commands that took effect are on their way to other nodes.
    pub(crate) async fn published(&self) {
        let publishing = mem::take(&mut *self.publishing.lock());
        for publishing in publishing {
            publishing.await;
        }
    }

    /// Notes that the guest was only interrupted, so that other tasks can run; it does not wait for anything.
    pub(crate) fn preempted(&self) {
        self.preempted.store(true, Ordering::Relaxed);
    }

    /// The guest is suspended. If it waits for something outside, its commands take effect. If it was only interrupted
    /// they do not, or the commands that a trap undoes would depend on the machine's speed.
    pub(crate) fn paused(&self) {
        if !self.preempted.swap(false, Ordering::Relaxed) {
            self.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn being_interrupted_is_not_waiting() {
        let current = CurrentEvent::new(None, "message".into());
        current.call(Command::Leave("a".into()));
        current.preempted();
        current.paused();
        assert_eq!(current.called.lock().len(), 1);
        current.paused();
        assert!(current.called.lock().is_empty());
    }
}
