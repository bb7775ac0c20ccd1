//! The event that a handler is handling: its context in the gateway, and the commands that have not taken effect yet.

use std::future::poll_fn;
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use gateway::model::Command;
use gateway::{Applying, EventContext};
use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;

/// The event that is being handled.
///
/// Shared between the store, through which the guest's calls come, and the handler, which sees when the guest waits and
/// when it is done.
pub(crate) struct CurrentEvent {
    context: Option<EventContext>,
    event: String,
    called: Mutex<Vec<Command>>,
    due: Mutex<Due>,
    /// Room for copies that the guest is about to get.
    held: Mutex<Vec<OwnedSemaphorePermit>>,
    preempted: AtomicBool,
    /// The guest has used up its first turn.
    computes: AtomicBool,
    /// The guest has waited since it was last asked.
    waited: AtomicBool,
}

/// Commands that are taking effect.
#[derive(Default)]
struct Due {
    applying: Applying,
    /// Calls of the guest that wait until these have taken effect.
    waiting: Vec<Waker>,
}

impl CurrentEvent {
    pub(crate) fn new(context: Option<EventContext>, event: String) -> Self {
        Self {
            context,
            event,
            called: Mutex::default(),
            due: Mutex::default(),
            held: Mutex::default(),
            preempted: AtomicBool::new(false),
            computes: AtomicBool::new(false),
            waited: AtomicBool::new(false),
        }
    }

    /// None while the component describes itself.
    pub(crate) fn context(&self) -> Option<&EventContext> {
        self.context.as_ref()
    }

    /// The address of the client that caused the event.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.context.as_ref().and_then(EventContext::address)
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

    /// Lets the commands so far take effect. Those that need more than one slice go on with
    /// [`CurrentEvent::poll_applied`].
    pub(crate) fn flush(&self) {
        let called = mem::take(&mut *self.called.lock());
        if let Some(context) = &self.context
            && !called.is_empty()
        {
            context.apply_after(&mut self.due.lock().applying, called);
        }
    }

    /// Lets the commands so far take effect, and waits for that. For calls of the guest, while the handler drives
    /// [`CurrentEvent::poll_applied`].
    pub(crate) async fn flushed(&self) {
        self.flush();
        poll_fn(|cx| {
            let mut due = self.due.lock();
            if due.applying.is_applied() {
                return Poll::Ready(());
            }
            due.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Carries out the next slice of the commands that take effect; ready when all have.
    pub(crate) fn poll_applied(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut due = self.due.lock();
        let applied = due.applying.poll_applied(cx);
        if applied.is_ready() {
            due.waiting.drain(..).for_each(Waker::wake);
        }
        applied
    }

    /// Waits until the commands that took effect are on their way to other nodes.
    pub(crate) async fn published(&self) {
        let applying = mem::take(&mut self.due.lock().applying);
        applying.await;
    }

    /// Keeps the room for a copy until the guest has got it.
    pub(crate) fn hold(&self, room: Option<OwnedSemaphorePermit>) {
        self.held.lock().extend(room);
    }

    /// The guest has got the results of its calls: what it got is in its own memory, and was freed here.
    pub(crate) fn handed_over(&self) {
        self.held.lock().clear();
    }

    /// Notes that the guest was only interrupted, so that other tasks can run; it does not wait for anything.
    pub(crate) fn preempted(&self) {
        self.preempted.store(true, Ordering::Relaxed);
        self.computes.store(true, Ordering::Relaxed);
    }

    /// Whether the guest has computed for so long that it was interrupted.
    pub(crate) fn computes(&self) -> bool {
        self.computes.load(Ordering::Relaxed)
    }

    /// Whether the guest has waited since the last call of this.
    pub(crate) fn has_waited(&self) -> bool {
        self.waited.swap(false, Ordering::Relaxed)
    }

    /// The guest is suspended. If it waits for something outside, its commands take effect. If it was only interrupted
    /// they do not, or the commands that a trap undoes would depend on the machine's speed.
    pub(crate) fn paused(&self) {
        if !self.preempted.swap(false, Ordering::Relaxed) {
            self.waited.store(true, Ordering::Relaxed);
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
        assert!(!current.has_waited());
        assert_eq!(current.called.lock().len(), 1);
        current.paused();
        assert!(current.has_waited() && !current.has_waited());
        assert!(current.called.lock().is_empty());
    }
}
