//! The task of one session: reads its transport, runs its handler, sends its outbox, keeps its deadlines.
//!
//! One turn reads the input, does the work that it caused, and sends all output with one flush. A turn reads at most
//! [`BATCH`] messages, and only while the handler wants more; a session that is not read slows its client down. After a
//! full batch, or [`ROUNDS`] of looking for more to do, other sessions have their turn first.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::registry::{Live, Registry};
use super::websocket::{Input, WebSocket};
use crate::handler::{Message, SessionHandler};
use crate::heartbeat::{Due, Heartbeat};
use crate::memory::SESSION;
use crate::packet::{Frame, Packet};
use crate::payload::Piece;
use crate::{Charge, CloseReason, Encoded};
use telemetry::metrics;

#[cfg(test)]
#[path = "task_tests.rs"]
mod tests;

/// Messages that one turn reads at most.
const BATCH: usize = 64;
/// How often one turn looks for more to do. In each round a handler that computes may go on for a while.
const ROUNDS: usize = 4;
/// How long a client may take to receive the outbox of a session that is closing. For WebSocket it includes the
/// client's own close frame.
const CLOSE_GRACE: Duration = Duration::from_secs(5);
/// The same for long-polling, whose client may be between two requests (the reference server's `closeTimeout`).
const POLLING_CLOSE_GRACE: Duration = Duration::from_secs(30);
/// The same when the host stops: clients that are gone must not delay it.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);

/// How long a session that began with long-polling waits for its first GET after the handshake. Every client polls at
/// once; without this bound a single request would hold a session until the ping timeout.
const FIRST_POLL: Duration = Duration::from_secs(10);

/// A session's task. Ready when the session has ended and its handlers have finished.
pub(super) struct SessionTask<H: SessionHandler> {
    registry: Arc<Registry>,
    live: Arc<Live>,
    handler: H,
    /// For what is kept in this task.
    charge: Charge,
    link: Link,
    stage: Stage,
    heartbeat: Heartbeat,
    /// When the session ends unless its client polls; none once it has.
    first_poll: Option<Instant>,
    /// The transport is not read at present.
    paused: bool,
    /// Whether the client has joined a namespace, as the registry knows it.
    joined: bool,
    /// [`SessionTask::progress`] when the heartbeat last looked.
    progress: u64,
    timer: Pin<Box<Sleep>>,
}

/// The session's transport.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all sessions have a WebSocket; a box would cost each of them more"
)]
enum Link {
    Polling,
    WebSocket(WebSocket),
    Gone,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Open,
    /// The server closes the session: the outbox is sent, then the transport is closed.
    Closing {
        until: Instant,
        code: Option<CloseCode>,
        /// The close frame was sent; the client's is awaited.
        sent: bool,
    },
    /// The transport is gone; handlers finish.
    Draining,
}

impl<H: SessionHandler> SessionTask<H> {
    /// The task of a session that uses long-polling, or waits for its WebSocket.
    pub(super) fn new(registry: Arc<Registry>, live: Arc<Live>, handler: H) -> Self {
        let now = Instant::now();
        let heartbeat = Heartbeat::new(registry.limits().ping_interval, registry.limits().ping_timeout, now);
        let timer = Box::pin(sleep_until(heartbeat.deadline()));
        let mut charge = Charge::new(live.session().memory().clone());
        charge.set(SESSION + handler.held());
        Self {
            registry,
            live,
            handler,
            charge,
            link: Link::Polling,
            stage: Stage::Open,
            heartbeat,
            first_poll: Some(now + FIRST_POLL),
            paused: false,
            joined: false,
            progress: 0,
            timer,
        }
    }

    /// Runs the session on a WebSocket whose handshake is under way.
    ///
    /// The session continues in a new task: this one also holds the state of the handshake, which would stay allocated
    /// as long as the session.
    pub(super) async fn on_websocket(mut self, socket: impl Future<Output = Option<WebSocket>>) {
        match socket.await {
            Some(socket) => {
                self.link = Link::WebSocket(socket);
                self.first_poll = None;
            }
            None => self.transport_gone(CloseReason::TransportClose),
        }
        tokio::spawn(self);
    }

    /// Switches to the WebSocket of an upgrade.
    fn take_upgrade(&mut self) -> bool {
        if !matches!(self.link, Link::Polling) {
            return false;
        }
        let Some(socket) = self.live.take_upgrade() else { return false };
        self.link = Link::WebSocket(socket);
        self.live.session().upgraded();
        true
    }

    /// Reads messages and hands them to the handler. True if there may be more.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        for _ in 0..BATCH {
            if !matches!(self.stage, Stage::Open) || matches!(self.link, Link::Gone) {
                return false;
            }
            if !self.handler.wants_input() {
                self.paused = true;
                return false;
            }
            if std::mem::take(&mut self.paused) {
                self.heartbeat.read_again(Instant::now());
            }
            let result = match &mut self.link {
                Link::WebSocket(socket) => match socket.poll_read(cx) {
                    Poll::Pending => return false,
                    // A client that was told to avoid binary frames (`forceBase64`) sends them as in long-polling.
                    Poll::Ready(Ok(Input::Text(text))) if text.starts_with('b') => match Piece::decode(&text) {
                        Ok(Piece::Binary(data)) => self.message(Message::Binary(data)),
                        _ => Err(CloseReason::ParseError),
                    },
                    Poll::Ready(Ok(Input::Text(text))) => self.text(&text),
                    Poll::Ready(Ok(Input::Binary(data))) => self.message(Message::Binary(data)),
                    Poll::Ready(Err((reason, code))) => {
                        self.transport_failed(reason, code);
                        return false;
                    }
                },
                Link::Polling => match self.live.session().read() {
                    None => return false,
                    Some(Ok(Piece::Text(text))) => self.text(&text),
                    Some(Ok(Piece::Binary(data))) => self.message(Message::Binary(data)),
                    Some(Err(_)) => Err(CloseReason::ParseError),
                },
                Link::Gone => return false,
            };
            match result {
                Ok(()) => {}
                // The client said that it leaves: nobody is left to send anything to.
                Err(CloseReason::TransportClose) => self.transport_gone(CloseReason::TransportClose),
                // In long-polling, a client that breaks the rules gets no more than the end of its GET.
                Err(reason) if matches!(self.link, Link::Polling) => self.transport_gone(reason),
                Err(reason) => self.live.session().close(reason),
            }
            self.notice_close();
        }
        true
    }

    /// Tells the registry whether the client has joined a namespace, which bounds those that have not.
    fn report_joined(&mut self) {
        let joined = self.handler.expires().is_none();
        if joined != self.joined && matches!(self.stage, Stage::Open) {
            self.joined = joined;
            self.registry.set_joined(&self.live, joined);
        }
    }

    /// Charges the session for what is kept in its task.
    fn recharge(&mut self) {
        let unread = if let Link::WebSocket(socket) = &self.link { socket.unread() } else { 0 };
        let held = self.handler.held() + unread;
        self.charge.set(SESSION + held);
        self.live.session().note_held(held);
    }

    fn text(&mut self, text: &str) -> Result<(), CloseReason> {
        match Packet::decode(text).map_err(|_| CloseReason::ParseError)? {
            Packet::Message(text) => return self.message(Message::Text(text)),
            Packet::Pong(_) => self.heartbeat.pong(Instant::now()),
            Packet::Close if matches!(self.link, Link::Polling) => return Err(CloseReason::TransportClose),
            // In this revision of the protocol only the server pings.
            Packet::Ping(_) => return Err(CloseReason::TransportError),
            // A WebSocket is closed by its close frame, not by a close packet.
            Packet::Open | Packet::Close | Packet::Upgrade | Packet::Noop => self.heartbeat.packet(Instant::now()),
        }
        Ok(())
    }

    /// An error of the handler is no fault of the transport: the session is closed in order.
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        self.heartbeat.packet(Instant::now());
        if let Err(reason) = self.handler.message(message) {
            self.live.session().close(reason);
        }
        Ok(())
    }

    /// Sends the outbox. True if the transport takes no more now; it wakes the task when it does.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Link::WebSocket(socket) = &mut self.link else { return true };
        if matches!(self.stage, Stage::Closing { sent: true, .. }) {
            return true;
        }
        match socket.poll_write(cx, || self.live.session().pop()) {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(_)) => {
                self.transport_gone(CloseReason::TransportClose);
                true
            }
        }
    }

    /// If the session was closed, by the handler or another thread, begins to close the transport.
    fn notice_close(&mut self) -> bool {
        let Some(reason) = self.live.session().close_reason().filter(|_| matches!(self.stage, Stage::Open)) else {
            return false;
        };
        let code = (reason == CloseReason::ServerShuttingDown).then_some(CloseCode::Away);
        self.start_closing(reason, code);
        true
    }

    fn start_closing(&mut self, reason: CloseReason, code: Option<CloseCode>) {
        let grace = match self.link {
            _ if reason == CloseReason::ServerShuttingDown => SHUTDOWN_GRACE,
            Link::Polling => POLLING_CLOSE_GRACE,
            Link::WebSocket(_) | Link::Gone => CLOSE_GRACE,
        };
        self.stage = Stage::Closing { until: Instant::now() + grace, code, sent: false };
        self.handler.close(reason);
    }

    /// Ends the session: the client broke the transport's rules, or is gone.
    fn transport_failed(&mut self, reason: CloseReason, code: Option<CloseCode>) {
        if code.is_none() {
            return self.transport_gone(reason);
        }
        self.live.session().close(reason);
        self.start_closing(self.live.session().close_reason().unwrap_or(reason), code);
    }

    /// Closes the transport once the outbox was sent.
    fn finish_closing(&mut self, cx: &mut Context<'_>, blocked: bool) {
        let Stage::Closing { code, sent, .. } = &mut self.stage else { return };
        match &mut self.link {
            // Its place is needed: the client is told if it can be without waiting.
            Link::WebSocket(socket) if self.live.session().is_closed() => {
                let _ = socket.poll_close(cx, Some(CloseCode::Away));
                self.transport_gone(CloseReason::ForcedClose);
            }
            Link::WebSocket(socket) => {
                if !*sent && !blocked && self.live.session().is_flushed() {
                    *sent = true;
                    let _ = socket.poll_close(cx, code.take());
                }
                if *sent {
                    // Read the input to its end: otherwise the operating system would reset the connection, and lose
                    // what was sent.
                    let _ = socket.poll_close(cx, None);
                    while let Poll::Ready(input) = socket.poll_read(cx) {
                        if input.is_err() {
                            return self.transport_gone(CloseReason::ForcedClose);
                        }
                    }
                }
            }
            Link::Polling if self.live.session().is_closed() => self.transport_gone(CloseReason::ForcedClose),
            Link::Polling | Link::Gone => {}
        }
    }

    /// The transport is gone; only the handler's work is left.
    fn transport_gone(&mut self, reason: CloseReason) {
        let reason = self.live.session().abort(reason);
        self.link = Link::Gone;
        self.registry.remove(&self.live);
        if matches!(self.stage, Stage::Open) {
            self.handler.close(reason);
        }
        self.stage = Stage::Draining;
    }

    /// Handles the heartbeat's deadline. A session that is not read because its client does not receive is given up
    /// like a silent one: otherwise it would stay for ever.
    fn beat(&mut self, now: Instant) {
        let progress = self.progress();
        let stalled = self.live.session().is_clogged() && progress == self.progress;
        self.progress = progress;
        self.shrink();
        match self.heartbeat.due(now, self.paused && !stalled) {
            Due::Ping => {
                self.live.session().send(Encoded::One(Frame::ping()), false);
            }
            Due::TimedOut if stalled => {
                metrics().slow_consumers.increment();
                self.transport_gone(CloseReason::PingTimeout);
            }
            // A client that still receives gets a close frame.
            Due::TimedOut if matches!(self.link, Link::WebSocket(_)) => {
                self.live.session().close(CloseReason::PingTimeout);
            }
            Due::TimedOut => self.transport_gone(CloseReason::PingTimeout),
            Due::Nothing => {}
        }
    }

    /// Frees buffers that large packets needed, if the connection is idle.
    fn shrink(&mut self) {
        self.link = match std::mem::replace(&mut self.link, Link::Gone) {
            Link::WebSocket(socket) => match socket.shrunk() {
                Some(socket) => Link::WebSocket(socket),
                None => return self.transport_gone(CloseReason::TransportError),
            },
            link => link,
        };
    }

    /// A number that grows whenever the client receives something.
    fn progress(&self) -> u64 {
        let fragments = if let Link::WebSocket(socket) = &self.link { socket.fragments() } else { 0 };
        self.live.session().taken().wrapping_add(fragments)
    }

    /// Handles expired deadlines. True if there were any.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> bool {
        if let Stage::Closing { until, .. } = &mut self.stage
            && self.live.session().is_hurried()
        {
            *until = (*until).min(Instant::now() + SHUTDOWN_GRACE);
        }
        if self.first_poll.is_some() && self.live.session().was_polled() {
            self.first_poll = None;
        }
        let deadline = match self.stage {
            Stage::Open => {
                let others = [self.handler.expires(), self.first_poll];
                others.into_iter().flatten().fold(self.heartbeat.deadline(), Instant::min)
            }
            Stage::Closing { until, .. } => until,
            Stage::Draining => return false,
        };
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return false;
        }
        let now = Instant::now();
        match self.stage {
            Stage::Open if self.handler.expires().is_some_and(|expires| now >= expires) => {
                self.live.session().close(CloseReason::ForcedServerClose);
            }
            Stage::Open if self.first_poll.is_some_and(|until| now >= until) => {
                self.transport_gone(CloseReason::PingTimeout);
            }
            Stage::Open => self.beat(now),
            Stage::Closing { .. } => self.transport_gone(CloseReason::ForcedClose),
            Stage::Draining => {}
        }
        true
    }
}

impl<H: SessionHandler> Future for SessionTask<H> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.live.session().run();
        for _ in 0..ROUNDS {
            let draining = matches!(this.stage, Stage::Draining);
            let mut again = this.take_upgrade();
            let more = this.read(cx);
            let idle = this.handler.poll_work(cx).is_ready();
            this.report_joined();
            this.recharge();
            again |= this.notice_close();
            // The work may have made room for more input.
            again |= this.paused && matches!(this.stage, Stage::Open) && this.handler.wants_input();
            let clogged = this.live.session().is_clogged();
            let blocked = this.write(cx);
            // Handlers that waited for room in the outbox can go on.
            again |= clogged && !this.live.session().is_clogged();
            this.finish_closing(cx, blocked);
            again |= this.keep_time(cx);
            if matches!(this.stage, Stage::Draining) {
                if idle && draining {
                    return Poll::Ready(());
                }
                // The end of the session may have caused more work.
                again |= !draining;
            }
            if more {
                break;
            }
            if !again && this.live.session().sleep(cx, blocked) {
                return Poll::Pending;
            }
        }
        // Other tasks of this thread have their turn first.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<H: SessionHandler> Drop for SessionTask<H> {
    fn drop(&mut self) {
        // Counted before the rest: the host logs its counters once the last task has ended.
        metrics().sessions_closed.increment();
        // Needed if a panic ended the task: the id must be forgotten, and shutdown must not wait for it.
        self.live.session().abort(CloseReason::ForcedClose);
        self.registry.remove(&self.live);
        self.registry.task_done(&self.live);
    }
}
