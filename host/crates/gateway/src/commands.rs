//! What each command of a handler does, here and on the other nodes.
//!
//! Commands take effect in order and in slices: a few at once, many while other tasks run in between.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket_io::Payload;
use telemetry::summary;

use crate::cluster::{ClusterFuture, Message, Scope};
use crate::encode;
use crate::index::RoomList;
use crate::model::{Command, DisconnectReason, Selection};
use crate::namespace::Namespace;
use crate::operation::Progress;
use crate::recovery::Recipients;
use crate::slices::Budget;
use crate::socket::Socket;

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;

/// Who wants commands to be carried out.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A handler of this node, perhaps for an event of a socket. Other nodes learn of it.
    Handler(Option<Caller>),
    /// Another node, perhaps for a socket of this id.
    OtherNode(Option<Box<str>>),
}

/// The socket of a handler's event.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) socket: Arc<Socket>,
    /// With which the event is acknowledged, if the client waits for that.
    pub(crate) ack: Option<u64>,
}

/// Commands that take effect, in the order in which they were called.
struct Work {
    namespace: Arc<Namespace>,
    origin: Origin,
    /// Those that have not taken effect, the first perhaps in part.
    commands: VecDeque<Command>,
    /// How far the first one has come.
    progress: Progress,
    /// Messages that the cluster has not taken yet.
    publishing: Vec<ClusterFuture<()>>,
}

impl Work {
    /// Carries out the next commands. True if these were the last, false if there is more to do.
    fn slice(&mut self) -> bool {
        let mut budget = Budget::slice();
        while let Some(command) = self.commands.pop_front() {
            if budget.is_spent() || !self.carry_out(&command, &mut budget) {
                self.commands.push_front(command);
                return false;
            }
        }
        true
    }

    /// False if the budget was spent before the command had taken full effect.
    fn carry_out(&mut self, command: &Command, budget: &mut Budget) -> bool {
        let Self { namespace, origin, progress, .. } = self;
        let caller = match origin {
            Origin::Handler(caller) => caller.as_ref(),
            Origin::OtherNode(_) => None,
        };
        match (command, caller) {
            (Command::Sockets { target, operation }, _) => {
                let selection = Selection { target, sender: origin.sender() };
                if !progress.carry_on(namespace, selection, operation, budget) {
                    return false;
                }
                *progress = Progress::default();
                if !target.local && matches!(origin, Origin::Handler(_)) {
                    let scope = Scope { namespace: namespace.path(), sender: origin.sender(), target };
                    self.publishing.extend(namespace.cluster().publish(Message { scope, operation }));
                }
            }
            (command, Some(caller)) => on_own_socket(namespace, caller, command, budget),
            // These act on the current socket; without one they do nothing.
            (_, None) => {}
        }
        budget.take(1);
        true
    }
}

impl Origin {
    fn sender(&self) -> Option<&str> {
        match self {
            Self::Handler(caller) => caller.as_ref().map(|caller| caller.socket.id()),
            Self::OtherNode(id) => id.as_deref(),
        }
    }
}

fn on_own_socket(namespace: &Namespace, Caller { socket, ack }: &Caller, command: &Command, budget: &mut Budget) {
    match command {
        Command::Acknowledge(payload) => {
            if let Some(id) = ack {
                socket.send(encode::ack(namespace.path(), *id, payload).charged_to(namespace.memory()), false);
            }
        }
        Command::Emit { event, payload, volatile } => emit(namespace, socket, event, payload, *volatile),
        Command::Join(rooms) => namespace.rooms().join(socket, rooms, budget),
        Command::Leave(room) => namespace.rooms().leave(socket, &RoomList::One(room), budget),
        Command::Disconnect { close } => {
            namespace.remove(socket, DisconnectReason::ServerNamespace, *close);
        }
        Command::SetData(json) => socket.set_data(json),
        Command::Sockets { .. } => {}
    }
}

fn emit(namespace: &Namespace, socket: &Socket, event: &str, payload: &Payload, volatile: bool) {
    let encode =
        |offset: Option<&str>| encode::event(namespace.path(), event, payload, offset).charged_to(namespace.memory());
    let Some(recovery) = namespace.recovery() else { return socket.send(encode(None), volatile) };
    // A client that was cut off gets it when it returns; one that left for good, never.
    if socket.left().is_none_or(|reason| reason.is_recoverable()) {
        let recipients = Recipients::Socket(socket.id().into());
        recovery.send(recipients, volatile, |offset| encode(Some(offset)), |packet| socket.send(packet, volatile));
    }
}

/// Commands that are taking effect, and messages to other nodes that the cluster has not taken yet. A few commands have
/// taken effect by the time that the caller has this.
///
/// As a future it completes when all have, and the messages are on their way. If it is dropped, the rest takes no
/// effect.
#[derive(Default)]
#[must_use = "await it before reporting the event's outcome"]
pub struct Applying {
    work: Option<Box<Work>>,
    publishing: VecDeque<ClusterFuture<()>>,
}

impl Applying {
    /// Whether there is nothing to wait for.
    pub fn is_done(&self) -> bool {
        self.work.is_none() && self.publishing.is_empty()
    }

    /// Whether the commands have taken effect on this node.
    pub fn is_applied(&self) -> bool {
        self.work.is_none()
    }

    /// Waits until the commands have taken effect on this node. Each call carries out one slice of the work.
    pub fn poll_applied(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(work) = &mut self.work else { return Poll::Ready(()) };
        let done = work.slice();
        self.publishing.extend(work.publishing.drain(..));
        if !done {
            // Other tasks come first.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.work = None;
        Poll::Ready(())
    }

    /// Drops the commands that have not taken effect. False if there are none.
    pub(crate) fn give_up(&mut self) -> bool {
        self.work.take().is_some()
    }

    /// Appends commands, which take effect after the earlier ones.
    pub(crate) fn add(&mut self, namespace: &Arc<Namespace>, origin: Origin, commands: Vec<Command>) {
        if let Some(work) = &mut self.work {
            return work.commands.extend(commands);
        }
        let mut work = Work {
            namespace: namespace.clone(),
            origin,
            commands: commands.into(),
            progress: Progress::default(),
            publishing: Vec::new(),
        };
        let done = work.slice();
        self.publishing.extend(work.publishing.drain(..));
        if !done {
            self.work = Some(Box::new(work));
        }
    }
}

impl Future for Applying {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_applied(cx));
        while let Some(publishing) = self.publishing.front_mut() {
            let published = ready!(publishing.as_mut().poll(cx));
            self.publishing.pop_front();
            if let Err(error) = published {
                const CAUSE: &str = "other nodes did not get a command";
                if summary::is_warning_due(CAUSE, "") {
                    tracing::warn!(%error, "{CAUSE}");
                }
            }
        }
        Poll::Ready(())
    }
}

impl std::fmt::Debug for Applying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Applying").field("done", &self.is_done()).finish_non_exhaustive()
    }
}
