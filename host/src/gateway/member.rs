//! One socket as its own session sees it: its events in order, one at a time.
//!
//! `$connect` comes first and `$disconnect` last; what the client sends meanwhile waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::context::{EventContext, Held};
use super::encode;
use super::handler::{Command, Event, HandlerError, HandlerFuture};
use super::reason::DisconnectReason;
use super::recovery::{Departure, Resume, Resumed};
use super::socket::Socket;
use crate::engine_io::{CloseReason, Encoded, Session};
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
    /// What the client takes up again, until it is let in.
    resume: Option<Box<Resume>>,
    /// The newest offset when the client connected first.
    since: u64,
    /// The client may take the socket up again, once the last handler is done.
    departure: Option<Departure>,
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
    pub(super) fn new(socket: Arc<Socket>, session: Arc<Session>, resume: Option<Resume>) -> Self {
        Self {
            socket,
            session,
            queue: VecDeque::new(),
            waiting_bytes: 0,
            running: None,
            stage: Stage::New,
            gone: None,
            resume: resume.map(Box::new),
            since: 0,
            departure: None,
        }
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
            Stage::New => {
                self.stage = Stage::Done;
                self.give_back(reason);
            }
            Stage::Connecting => self.gone = self.gone.or(Some(reason)),
            Stage::Connected => self.leave_namespace(reason),
            Stage::Leaving | Stage::Done => {}
        }
    }

    fn leave_namespace(&mut self, reason: DisconnectReason) {
        let left = self.socket.leave_namespace(reason, false);
        if left
            && reason.is_recoverable()
            && let Some(recovery) = self.socket.namespace().recovery()
            && let Some(pid) = self.socket.pid()
        {
            self.departure = Some(recovery.depart(&pid, self.socket.id()));
        }
    }

    /// What the client was about to take up again stays for its next try.
    fn give_back(&mut self, reason: DisconnectReason) {
        if reason.is_recoverable()
            && let Some(recovery) = self.socket.namespace().recovery()
            && let Some(Resume::Ready(Resumed { pid, state, .. })) = self.resume.take().map(|resume| *resume)
        {
            recovery.depart(&pid, &state.id).keep(state);
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
                    if !ready!(self.start_next(cx)) {
                        return Poll::Ready(());
                    }
                }
            }
        }
    }

    /// Starts what is next; false where there is nothing.
    fn start_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.stage {
            Stage::New => {
                ready!(self.poll_resume(cx));
                self.stage = Stage::Connecting;
                let held = Held::default();
                if self.handles(CONNECT) {
                    let event = Event { name: CONNECT.to_owned(), payload: Payload::empty(), wants_ack: false };
                    self.start(event, Kind::Connect(held));
                } else {
                    self.accept(&held);
                }
                Poll::Ready(true)
            }
            Stage::Connected => {
                let left = self.socket.left();
                // What it would send has to wait anyway.
                if left.is_none() && self.session.is_clogged() {
                    return Poll::Ready(false);
                }
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
                        return Poll::Ready(false);
                    }
                }
                Poll::Ready(true)
            }
            Stage::Connecting | Stage::Leaving | Stage::Done => Poll::Ready(false),
        }
    }

    /// Gives the socket back what its client takes up again.
    fn poll_resume(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(resume) = &mut self.resume else { return Poll::Ready(()) };
        if !ready!(resume.poll_ready(cx)) {
            self.resume = None;
        } else if let Resume::Ready(Resumed { pid, state, .. }) = &**resume {
            self.socket.restore(pid, state);
            self.since = state.since;
        }
        Poll::Ready(())
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
            self.done();
        }
    }

    /// The last handler is done.
    fn done(&mut self) {
        self.stage = Stage::Done;
        if let Some(departure) = self.departure.take() {
            departure.keep(self.socket.lost(self.since));
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
            (Kind::Disconnect, _) => self.done(),
        }
    }

    /// The client is in: it is told so, then the commands of `$connect` take effect.
    fn accept(&mut self, held: &Held) {
        self.stage = Stage::Connected;
        self.enter();
        let mut commands = std::mem::take(&mut *held.lock());
        if self.gone.is_some() {
            commands.retain(|command| !matches!(command, Command::Emit { .. }));
        }
        EventContext::of(&self.socket, None).apply(commands);
        if let Some(reason) = self.gone {
            self.leave_namespace(reason);
        }
    }

    /// From now on the socket receives what is sent to it. A client that has gone is not told.
    fn enter(&mut self) {
        let (socket, told) = (&self.socket, self.gone.is_none());
        let enter = |missed: Vec<Encoded>| {
            socket.accept(told.then_some(missed));
            socket.namespace().adapter().add(socket);
        };
        let resumed = match self.resume.take().map(|resume| *resume) {
            Some(Resume::Ready(resumed)) => Some(resumed),
            Some(Resume::Waiting(_)) | None => None,
        };
        match (socket.namespace().recovery(), resumed) {
            (None, _) => enter(Vec::new()),
            (Some(recovery), None) => self.since = recovery.admit(|| enter(Vec::new())),
            (Some(recovery), Some(Resumed { state, missed, .. })) => {
                if !recovery.admit_again(missed, (&state.id, &state.rooms), enter) {
                    tracing::warn!(
                        namespace = socket.namespace().path(),
                        socket = socket.id(),
                        "session closed: what its client missed was dropped while `$connect` ran"
                    );
                    self.session.close(CloseReason::ForcedClose);
                }
            }
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
