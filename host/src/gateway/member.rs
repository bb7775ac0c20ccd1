//! One socket as its own session sees it: its events in order, one at a time.
//!
//! `$connect` comes first and `$disconnect` last; what the client sends meanwhile waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::context::{EventContext, Held};
use super::encode;
use super::handler::{Event, HandlerError, HandlerFuture};
use super::reason::DisconnectReason;
use super::socket::Socket;
use crate::engine_io::Session;
use crate::socket_io::Payload;
use crate::telemetry::metrics;

/// The name of the event that a connecting client causes.
const CONNECT: &str = "$connect";
/// The name of the event that a leaving socket causes.
const DISCONNECT: &str = "$disconnect";

/// A socket and its events.
pub(super) struct Member {
    socket: Arc<Socket>,
    session: Arc<Session>,
    queue: VecDeque<Waiting>,
    /// Bytes of the events in `queue`.
    waiting_bytes: usize,
    running: Option<Running>,
    stage: Stage,
    /// Why the client is gone, where that is so before `$connect` has returned.
    gone: Option<DisconnectReason>,
}

/// An event that waits for its turn.
struct Waiting {
    event: Event,
    ack: Option<u64>,
    size: usize,
}

struct Running {
    event: Box<str>,
    kind: Kind,
    future: HandlerFuture,
}

enum Kind {
    Connect(Held),
    Event { ack: Option<u64> },
    Disconnect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Connecting,
    Connected,
    /// Its `$disconnect` runs.
    Leaving,
    /// Nothing happens any more.
    Done,
}

impl Member {
    pub(super) fn new(socket: Arc<Socket>, session: Arc<Session>) -> Self {
        Self { socket, session, queue: VecDeque::new(), waiting_bytes: 0, running: None, stage: Stage::New, gone: None }
    }

    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Whether packets of the client for this namespace are for this socket.
    pub(super) fn is_active(&self) -> bool {
        match self.stage {
            Stage::New | Stage::Connecting => self.gone.is_none(),
            Stage::Connected => self.socket.left().is_none(),
            Stage::Leaving | Stage::Done => false,
        }
    }

    /// Whether its `$connect` has succeeded.
    pub(super) fn is_connected(&self) -> bool {
        self.stage == Stage::Connected
    }

    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// How many events wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Bytes of the events that wait.
    pub(super) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// An event came in. One that has no handler is dropped: the guest is not run for it, and the names of the events
    /// that only the gateway causes have no meaning from a client.
    pub(super) fn push(&mut self, event: Event, ack: Option<u64>) {
        const ENTRY: usize = 128;
        let handled = event.name != CONNECT
            && event.name != DISCONNECT
            && self.socket.namespace().handler().description().handles(&event.name);
        if handled {
            let size = event.payload.size() + event.name.len() + ENTRY;
            self.waiting_bytes += size;
            self.queue.push_back(Waiting { event, ack, size });
        } else {
            tracing::debug!(
                namespace = self.socket.namespace().path(),
                socket = self.socket.id(),
                event = event.name,
                "event without a handler"
            );
        }
    }

    /// The client has left, or must leave.
    pub(super) fn leave(&mut self, reason: DisconnectReason) {
        match self.stage {
            // No handler has seen the client yet.
            Stage::New => self.stage = Stage::Done,
            Stage::Connecting => self.gone = self.gone.or(Some(reason)),
            Stage::Connected => self.socket.leave_namespace(reason, false),
            Stage::Leaving | Stage::Done => {}
        }
    }

    /// Runs what is next. Ready when there is nothing to do.
    pub(super) fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.running {
                Some(running) => match running.future.as_mut().poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(result) => {
                        if let Some(running) = self.running.take() {
                            self.finish(running, result);
                        }
                    }
                },
                None => {
                    if !self.start_next() {
                        return Poll::Ready(());
                    }
                }
            }
        }
    }

    /// Starts what is next; false where there is nothing.
    fn start_next(&mut self) -> bool {
        match self.stage {
            Stage::New => {
                self.stage = Stage::Connecting;
                let held = Held::default();
                if self.handles(CONNECT) {
                    let event = Event { name: CONNECT.to_owned(), payload: Payload::empty(), wants_ack: false };
                    self.start(event, Kind::Connect(held));
                } else {
                    self.accept(&held);
                }
                true
            }
            Stage::Connected => {
                let left = self.socket.left();
                if left.is_some_and(|reason| !reason.keeps_events()) {
                    self.drop_waiting();
                }
                match (self.queue.pop_front(), left) {
                    (Some(waiting), _) => {
                        self.waiting_bytes -= waiting.size;
                        self.start(waiting.event, Kind::Event { ack: waiting.ack });
                    }
                    (None, Some(reason)) => self.say_goodbye(reason),
                    (None, None) => {
                        self.queue.shrink_to(4);
                        return false;
                    }
                }
                true
            }
            Stage::Connecting | Stage::Leaving | Stage::Done => false,
        }
    }

    fn drop_waiting(&mut self) {
        self.queue = VecDeque::new();
        self.waiting_bytes = 0;
    }

    fn say_goodbye(&mut self, reason: DisconnectReason) {
        self.stage = Stage::Leaving;
        if self.handles(DISCONNECT) {
            let payload = Payload { json: format!(r#"["{}"]"#, reason.as_str()), attachments: Vec::new() };
            self.start(Event { name: DISCONNECT.to_owned(), payload, wants_ack: false }, Kind::Disconnect);
        } else {
            self.stage = Stage::Done;
        }
    }

    fn handles(&self, event: &str) -> bool {
        self.socket.namespace().handler().description().handles(event)
    }

    fn start(&mut self, event: Event, kind: Kind) {
        let held = if let Kind::Connect(held) = &kind { Some(held.clone()) } else { None };
        let context = EventContext::of(&self.socket, held);
        let name = event.name.as_str().into();
        let future = self.socket.namespace().handler().clone().handle(event, context);
        self.running = Some(Running { event: name, kind, future });
    }

    fn finish(&mut self, running: Running, result: Result<Option<Payload>, HandlerError>) {
        metrics().events_handled.increment();
        if let Err(error) = &result {
            error.report(self.socket.namespace().path(), Some(self.socket.id()), &running.event);
        }
        match (running.kind, result) {
            (Kind::Connect(held), Ok(_)) => self.accept(&held),
            (Kind::Connect(_), Err(error)) => self.reject(&error),
            (Kind::Event { ack: Some(id) }, Ok(Some(payload))) => {
                self.socket.send(encode::ack(self.socket.namespace().path(), id, &payload), false);
            }
            (Kind::Event { .. }, _) => {}
            (Kind::Disconnect, _) => self.stage = Stage::Done,
        }
    }

    /// The client is in: it is told so, then the commands of `$connect` take effect.
    fn accept(&mut self, held: &Held) {
        self.stage = Stage::Connected;
        self.socket.accept();
        self.socket.namespace().adapter().add(&self.socket);
        let commands = std::mem::take(&mut *held.lock());
        EventContext::of(&self.socket, None).apply(commands);
        if let Some(reason) = self.gone {
            self.socket.leave_namespace(reason, false);
        }
    }

    /// The client is refused. Only a rejection tells it why: other failures are the host's own matter.
    fn reject(&mut self, error: &HandlerError) {
        self.stage = Stage::Done;
        self.drop_waiting();
        metrics().connections_rejected.increment();
        let (message, data) = match error {
            HandlerError::Rejected { message, data } => (message.as_str(), data.as_deref()),
            _ => ("internal error", None),
        };
        // Nobody is left to be told where the session is closed.
        let _ = self.session.send(encode::connect_error(self.socket.namespace().path(), message, data), false);
    }
}
