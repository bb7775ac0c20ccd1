//! One socket as its own session sees it: its events in order, one at a time.
//!
//! `$connect` comes first and `$disconnect` last; events that come while a handler runs wait in a queue.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use engine_io::{CloseReason, Encoded, Session};
use socket_io::Payload;
use telemetry::{metrics, summary};
use tokio::time::{Sleep, sleep};

use crate::commands::Applying;
use crate::context::{EventContext, Held};
use crate::encode;
use crate::handler::HandlerFuture;
use crate::model::{CONNECT, Command, DISCONNECT, DisconnectReason, Event, HandlerError};
use crate::mount::Mount;
use crate::namespace::Namespace;
use crate::recovery::{Departure, Resume, Resumed};
use crate::socket::Socket;

/// A socket and its events.
pub(crate) struct Member {
    mount: Arc<Mount>,
    socket: Arc<Socket>,
    session: Arc<Session>,
    queue: VecDeque<QueuedEvent>,
    /// Bytes of the events in `queue`.
    waiting_bytes: usize,
    running: Option<Running>,
    /// Commands of `$connect` that are taking effect; the next event waits for this.
    applying: Applying,
    /// When they must have taken effect, if they have not done so at once.
    apply_by: Option<Pin<Box<Sleep>>>,
    stage: Stage,
    /// Why the client left, if it did so before `$connect` returned.
    gone: Option<DisconnectReason>,
    /// The earlier socket that the client resumes, until the client is accepted.
    resume: Option<Box<Resume>>,
    /// The newest offset when the client first connected.
    since: u64,
    /// Set if the client may resume the socket, whose state is kept once the last handler is done.
    departure: Option<Departure>,
}

/// An event that waits for its turn.
struct QueuedEvent {
    event: Event,
    ack: Option<u64>,
    size: usize,
}

struct Running {
    event: Box<str>,
    then: Then,
    future: HandlerFuture,
}

/// What to do when the handler returns.
enum Then {
    /// Accept the client and carry out the held commands, or reject it.
    Accept(Held),
    /// Acknowledge the event, if the client asked for that.
    Acknowledge(Option<u64>),
    /// End the socket.
    Finish,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Connecting,
    Connected,
    /// Its `$disconnect` runs.
    Leaving,
    /// Finished; the connection forgets it.
    Done,
}

impl Member {
    pub(crate) fn new(mount: Arc<Mount>, socket: Arc<Socket>, session: Arc<Session>, resume: Option<Resume>) -> Self {
        Self {
            mount,
            socket,
            session,
            queue: VecDeque::new(),
            waiting_bytes: 0,
            running: None,
            applying: Applying::default(),
            apply_by: None,
            stage: Stage::New,
            gone: None,
            resume: resume.map(Box::new),
            since: 0,
            departure: None,
        }
    }

    pub(crate) fn mount(&self) -> &Arc<Mount> {
        &self.mount
    }

    pub(crate) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Whether the client's packets for this namespace go to this socket.
    pub(crate) fn is_active(&self) -> bool {
        match self.stage {
            Stage::New | Stage::Connecting => self.gone.is_none(),
            Stage::Connected => self.socket.left().is_none(),
            Stage::Leaving | Stage::Done => false,
        }
    }

    /// Whether its `$connect` has succeeded.
    pub(crate) fn is_connected(&self) -> bool {
        self.stage == Stage::Connected
    }

    pub(crate) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// How many events wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Bytes of the events that wait.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.waiting_bytes
    }

    /// Bytes that the host keeps for it.
    pub(crate) fn held(&self) -> usize {
        self.waiting_bytes + self.socket.held()
    }

    /// Queues an event. Events without a handler are dropped, so that no guest runs for them; so are `$connect` and
    /// `$disconnect`, which only the gateway may cause.
    pub(crate) fn push(&mut self, event: Event, ack: Option<u64>) {
        const ENTRY: usize = 128;
        if event.name != CONNECT && event.name != DISCONNECT && self.mount.handles(&event.name) {
            let size = event.payload.size() + event.name.len() + ENTRY;
            self.waiting_bytes += size;
            self.queue.push_back(QueuedEvent { event, ack, size });
        } else {
            self.log_unhandled(&event);
        }
    }

    fn log_unhandled(&self, event: &Event) {
        let (namespace, socket) = (self.socket.namespace(), self.socket.id());
        tracing::debug!(namespace, socket, event = event.name, "event without a handler");
    }

    fn namespace(&self) -> &Arc<Namespace> {
        self.mount.namespace()
    }

    /// Ends the socket: its client has left, or must leave.
    pub(crate) fn leave(&mut self, reason: DisconnectReason) {
        match self.stage {
            // No handler has seen the client yet.
            Stage::New => {
                self.stage = Stage::Done;
                self.give_back(reason);
            }
            Stage::Connecting => self.gone = self.gone.or(Some(reason)),
            Stage::Connected => self.leave_now(reason),
            Stage::Leaving | Stage::Done => {}
        }
    }

    fn leave_now(&mut self, reason: DisconnectReason) {
        let left = self.namespace().remove(&self.socket, reason, false);
        if left
            && reason.is_recoverable()
            && let Some(recovery) = self.namespace().recovery()
            && let Some(pid) = self.socket.pid()
        {
            self.departure = Some(recovery.depart(&pid, self.socket.id()));
        }
    }

    /// If the client may return, keeps the state that it was about to resume for its next attempt.
    fn give_back(&mut self, reason: DisconnectReason) {
        let resume = self.resume.take().map(|resume| *resume);
        if reason.is_recoverable()
            && let Some(recovery) = self.namespace().recovery()
            && let Some(Resume::Ready(Resumed { pid, state, .. })) = resume
        {
            recovery.depart(&pid, &state.id).keep(state);
        }
    }

    /// Runs the next handlers. Ready when there is nothing to do.
    pub(crate) fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.poll_applying(cx));
            match &mut self.running {
                Some(running) => {
                    let result = ready!(running.future.as_mut().poll(cx));
                    if let Some(running) = self.running.take() {
                        self.finish(running, result);
                    }
                }
                None => {
                    if !ready!(self.start_next(cx)) {
                        return Poll::Ready(());
                    }
                }
            }
        }
    }

    /// Waits until the commands of `$connect` have taken effect, or their time is up.
    fn poll_applying(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.applying.poll_applied(cx).is_pending() {
            let time = self.mount.namespace().commands_time();
            let apply_by = self.apply_by.get_or_insert_with(|| Box::pin(sleep(time)));
            ready!(apply_by.as_mut().poll(cx));
            self.applying.give_up();
            HandlerError::TimedOut(time).report(self.socket.namespace(), Some(self.socket.id()), CONNECT);
        }
        self.apply_by = None;
        Pin::new(&mut self.applying).poll(cx)
    }

    /// Takes the next step; false if there is nothing to do.
    fn start_next(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self.stage {
            Stage::New => {
                ready!(self.poll_resume(cx));
                self.stage = Stage::Connecting;
                let event = Event { name: CONNECT.to_owned(), payload: Payload::empty(), wants_ack: false };
                if self.start(event, Then::Accept(Held::default())).is_err() {
                    self.accept(Vec::new());
                }
                Poll::Ready(true)
            }
            Stage::Connected => {
                let left = self.socket.left();
                // Hold handlers back while the outbox is over half full.
                if left.is_none() && self.session.is_clogged() {
                    return Poll::Ready(false);
                }
                if left.is_some_and(|reason| !reason.keeps_events()) {
                    self.drop_waiting();
                }
                match (self.queue.pop_front(), left) {
                    (Some(QueuedEvent { event, ack, size }), _) => {
                        self.waiting_bytes -= size;
                        // The handler may have been replaced since the event came.
                        if let Err(event) = self.start(event, Then::Acknowledge(ack)) {
                            self.log_unhandled(&event);
                        }
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

    /// Waits for the state that the client resumes, and restores it in the socket.
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
        let payload = Payload { json: format!(r#"["{}"]"#, reason.as_str()), attachments: Vec::new() };
        let event = Event { name: DISCONNECT.to_owned(), payload, wants_ack: false };
        if self.start(event, Then::Finish).is_err() {
            self.done();
        }
    }

    /// The last handler has finished.
    fn done(&mut self) {
        self.stage = Stage::Done;
        if let Some(departure) = self.departure.take() {
            departure.keep(self.socket.lost(self.since));
        }
    }

    /// Runs the mount's current handler; returns the event if that does not handle it.
    fn start(&mut self, event: Event, then: Then) -> Result<(), Event> {
        let handler = self.mount.handler();
        if !handler.description().handles(&event.name) {
            return Err(event);
        }
        let held = if let Then::Accept(held) = &then { Some(held.clone()) } else { None };
        let ack = if let Then::Acknowledge(ack) = &then { *ack } else { None };
        let context = EventContext::of(self.namespace(), &self.socket, ack, held);
        let name = event.name.as_str().into();
        self.running = Some(Running { event: name, then, future: handler.handle(event, context) });
        Ok(())
    }

    fn finish(&mut self, running: Running, result: Result<Option<Payload>, HandlerError>) {
        metrics().events_handled.increment();
        if let Err(error) = &result {
            error.report(self.socket.namespace(), Some(self.socket.id()), &running.event);
        }
        match (running.then, result) {
            (Then::Accept(held), Ok(_)) => self.accept(std::mem::take(&mut *held.lock())),
            (Then::Accept(_), Err(error)) => self.reject(&error),
            (Then::Acknowledge(Some(id)), Ok(Some(payload))) => {
                let ack = encode::ack(self.socket.namespace(), id, &payload);
                self.socket.send(ack.charged_to(self.session.memory()), false);
            }
            (Then::Acknowledge(_), _) => {}
            (Then::Finish, _) => self.done(),
        }
    }

    /// Accepts the client: sends CONNECT, then carries out the commands of `$connect`.
    fn accept(&mut self, mut commands: Vec<Command>) {
        self.stage = Stage::Connected;
        self.enter();
        if self.gone.is_some() {
            commands.retain(|command| !matches!(command, Command::Emit { .. }));
        }
        self.applying = EventContext::of(self.namespace(), &self.socket, None, None).apply(commands);
        if let Some(reason) = self.gone {
            self.leave_now(reason);
        }
    }

    /// Adds the socket to the namespace, so that packets reach it. A client that has left is sent nothing.
    fn enter(&mut self) {
        let resume = self.resume.take();
        let (socket, namespace, told) = (&self.socket, self.mount.namespace(), self.gone.is_none());
        let enter = |missed: Vec<Encoded>| {
            socket.accept(told.then_some(missed));
            namespace.rooms().add(socket);
        };
        let resumed = match resume.map(|resume| *resume) {
            Some(Resume::Ready(resumed)) => Some(resumed),
            Some(Resume::Leaving(_)) | None => None,
        };
        match (namespace.recovery(), resumed) {
            (None, _) => enter(Vec::new()),
            (Some(recovery), None) => self.since = recovery.admit(|| enter(Vec::new())),
            (Some(recovery), Some(Resumed { state, missed, .. })) => {
                if !recovery.admit_again(missed, (&state.id, &state.rooms), enter) {
                    const CAUSE: &str =
                        "session closed: packets that its client missed were dropped while `$connect` ran";
                    if summary::is_warning_due(CAUSE, socket.namespace()) {
                        tracing::warn!(namespace = socket.namespace(), socket = socket.id(), "{CAUSE}");
                    }
                    self.session.close(CloseReason::ForcedClose);
                }
            }
        }
    }

    /// Refuses the client. Only a rejection tells it why; other failures are internal.
    fn reject(&mut self, error: &HandlerError) {
        self.stage = Stage::Done;
        self.drop_waiting();
        metrics().connections_rejected.increment();
        let (message, data) = match error {
            HandlerError::Rejected { message, data } => (message.as_str(), data.as_deref()),
            _ => ("internal error", None),
        };
        // This fails only if the session is closed; then nobody is left to tell.
        let _ = self.session.send(encode::connect_error(self.socket.namespace(), message, data), false);
    }
}
