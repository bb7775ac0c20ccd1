//! One Engine.IO session, as everybody but its own task sees it: what waits for its client, and whether it is open.
//!
//! Any thread may send or close; the session's task, which owns the transport, is woken and does the rest. Nothing here
//! does I/O or reads a clock.

use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::outbox::{Encoded, Outbox};
use super::packet::Frame;
use super::payload::{PayloadError, Piece, Pieces};
use super::reason::CloseReason;

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

/// The shared half of a session.
#[derive(Debug)]
pub struct Session {
    id: Box<str>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    outbox: Outbox,
    /// Frames that left the outbox for the transport.
    taken: u64,
    phase: Phase,
    /// Wakes the session's task; taken when used, so that a burst of packets wakes it once.
    task: Option<Waker>,
    /// The session's task is running: it looks here again before it sleeps and need not be woken.
    running: bool,
    /// Packets cannot be sent now: more of them need not wake the task.
    blocked: bool,
    /// Something other than a packet wants the task's attention.
    noticed: bool,
    /// The host stops, and the session was closing before.
    hurried: bool,
    /// Only for sessions that use long-polling.
    polling: Option<Box<Polling>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// What waits is still sent.
    Closing(CloseReason),
    Closed(CloseReason),
}

/// What requests of a long-polling session share with its task.
#[derive(Debug, Default)]
struct Polling {
    /// What a POST brought and the task has not read yet. At most one request's worth.
    inbox: Option<Pieces>,
    /// The POST that waits for its packets to be read.
    post: Option<Waker>,
    post_active: bool,
    /// The GET that waits for packets.
    get: Option<Waker>,
    get_active: bool,
    /// That GET found nothing when it came.
    get_waited: bool,
    /// A second transport is being opened.
    upgrading: bool,
    /// The GET that waits is answered with a noop, so that the client can pause polling.
    noop_due: bool,
}

/// What became of a packet that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It waits for the client; so many volatile packets made room for it or were dropped themselves.
    Queued { dropped: usize },
    /// The session is closing or closed.
    Closed,
    /// The client did not receive fast enough; the session was closed for that.
    Overflowed,
}

/// A second request of the same kind while the first one waits.
#[derive(Debug, PartialEq, Eq)]
pub struct Overlap;

impl Session {
    /// An open session. `id` is a credential: whoever knows it can act as the client.
    pub fn new(id: String, unsent_bytes: usize, polling: bool) -> Self {
        let state = State {
            outbox: Outbox::new(unsent_bytes),
            taken: 0,
            phase: Phase::Open,
            task: None,
            running: false,
            blocked: false,
            noticed: false,
            hurried: false,
            polling: polling.then(Box::default),
        };
        Self { id: id.into(), state: Mutex::new(state) }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether packets can still be sent.
    pub fn is_open(&self) -> bool {
        self.state.lock().phase == Phase::Open
    }

    /// Whether so much waits for the client that what causes more should wait as well.
    pub fn is_clogged(&self) -> bool {
        self.state.lock().outbox.is_clogged()
    }

    /// Sends one packet. A volatile one may be dropped.
    pub fn send(&self, packet: Encoded, volatile: bool) -> Sent {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return Sent::Closed;
        }
        let sent = match state.outbox.push(packet, volatile) {
            Ok(dropped) => Sent::Queued { dropped },
            Err(_) => {
                state.outbox.clear();
                state.begin_close(CloseReason::ForcedClose);
                Sent::Overflowed
            }
        };
        state.wake_transport();
        sent
    }

    /// Closes the session once what waits has been sent. Where the host stops, one that is closing already does not
    /// wait for its client as long as it otherwise would.
    pub fn close(&self, reason: CloseReason) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.begin_close(reason);
        } else if reason == CloseReason::ServerShuttingDown {
            state.hurried = true;
            state.noticed = true;
            state.wake_task();
        }
    }

    /// Makes the session's task look at its handler again.
    pub fn wake(&self) {
        let mut state = self.state.lock();
        state.noticed = true;
        state.wake_task();
    }
}

/// For the session's task.
impl Session {
    /// The task runs: it need not be woken until [`Session::sleep`].
    pub(super) fn run(&self) {
        let mut state = self.state.lock();
        state.running = true;
        state.noticed = false;
    }

    /// Whether the task may sleep; otherwise there is something to look at. `blocked`: packets cannot be sent now, and
    /// the transport wakes the task when they can.
    pub(super) fn sleep(&self, cx: &Context<'_>, blocked: bool) -> bool {
        let mut state = self.state.lock();
        if state.noticed || (!blocked && !state.outbox.is_empty()) {
            state.noticed = false;
            return false;
        }
        state.running = false;
        state.blocked = blocked;
        state.task = Some(cx.waker().clone());
        true
    }

    /// Whether the session is being closed, and why.
    pub(crate) fn closing(&self) -> Option<CloseReason> {
        match self.state.lock().phase {
            Phase::Open => None,
            Phase::Closing(reason) | Phase::Closed(reason) => Some(reason),
        }
    }

    /// Whether the host stops while the session is closing for another reason.
    pub(super) fn is_hurried(&self) -> bool {
        self.state.lock().hurried
    }

    /// Whether nothing can be sent any more, a close packet included.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Closed(_))
    }

    /// Whether the client uses long-polling.
    pub(super) fn is_polling(&self) -> bool {
        self.state.lock().polling.is_some()
    }

    /// The transport is gone: nothing can be sent any more. Returns the reason that came first.
    pub(super) fn closed(&self, reason: CloseReason) -> CloseReason {
        self.state.lock().end(reason)
    }

    /// The next frame for the client.
    pub(super) fn pop(&self) -> Option<Frame> {
        let mut state = self.state.lock();
        let frame = state.outbox.pop();
        state.taken += u64::from(frame.is_some());
        frame
    }

    /// How many frames the client's transport has taken.
    pub(super) fn taken(&self) -> u64 {
        self.state.lock().taken
    }

    /// Whether everything was sent.
    pub(super) fn is_flushed(&self) -> bool {
        self.state.lock().outbox.is_empty()
    }

    /// The next packet that a POST brought.
    pub(super) fn read(&self) -> Option<Result<Piece, PayloadError>> {
        let mut state = self.state.lock();
        let polling = state.polling.as_mut()?;
        let inbox = polling.inbox.as_mut()?;
        let piece = inbox.next();
        if inbox.is_done() {
            polling.inbox = None;
            if let Some(post) = polling.post.take() {
                post.wake();
            }
        }
        piece
    }

    /// The session has a WebSocket now; a GET that still waits is answered.
    pub(super) fn upgraded(&self) {
        if let Some(mut polling) = self.state.lock().polling.take() {
            polling.wake();
        }
    }
}

#[cfg(test)]
impl Session {
    /// What the client would receive now.
    pub(crate) fn received(&self) -> Vec<Frame> {
        self.state.lock().outbox.drain()
    }
}

/// For the requests of a long-polling session.
impl Session {
    /// A GET begins. # Errors: one is waiting already.
    pub(super) fn begin_get(&self) -> Result<(), Overlap> {
        self.begin(|polling| &mut polling.get_active)
    }

    /// A POST begins. # Errors: one is waiting already.
    pub(super) fn begin_post(&self) -> Result<(), Overlap> {
        self.begin(|polling| &mut polling.post_active)
    }

    fn begin(&self, active: impl Fn(&mut Polling) -> &mut bool) -> Result<(), Overlap> {
        match self.state.lock().polling.as_mut().map(|polling| active(polling)) {
            Some(true) => Err(Overlap),
            Some(active) => {
                *active = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The client broke the rules of long-polling: the session ends, and what waits is lost.
    pub(super) fn abort(&self, reason: CloseReason) {
        let mut state = self.state.lock();
        state.end(reason);
        state.noticed = true;
        state.wake_task();
    }

    pub(super) fn end_get(&self) {
        if let Some(polling) = &mut self.state.lock().polling {
            polling.get_active = false;
            polling.get_waited = false;
            polling.get = None;
        }
    }

    pub(super) fn end_post(&self) {
        if let Some(polling) = &mut self.state.lock().polling {
            polling.post_active = false;
            polling.post = None;
        }
    }

    /// Frames for a GET: all that wait; then a close packet where the session is closing; a noop where the client
    /// should stop polling.
    pub(crate) fn poll_frames(&self, cx: &Context<'_>) -> Poll<Vec<Frame>> {
        let mut state = self.state.lock();
        if state.polling.is_none() {
            // Upgraded meanwhile: what waits is for the WebSocket.
            return Poll::Ready(vec![Frame::noop()]);
        }
        let clogged = state.outbox.is_clogged();
        let mut frames = state.outbox.drain();
        state.taken += frames.len() as u64;
        if clogged {
            // Handlers that waited for room can go on.
            state.noticed = true;
            state.wake_task();
        }
        match state.phase {
            Phase::Open => {}
            // On its own: the official client acts on a close at once, but on packets before it only later.
            Phase::Closing(_) if !frames.is_empty() => {}
            Phase::Closing(reason) => {
                // As the reference has it: a GET that comes after the close gets a noop as well.
                if state.polling.as_ref().is_some_and(|polling| !polling.get_waited) {
                    frames.push(Frame::noop());
                }
                frames.push(Frame::close());
                state.phase = Phase::Closed(reason);
                state.noticed = true;
                state.wake_task();
            }
            // The client's own word needs no answer.
            Phase::Closed(CloseReason::TransportClose) => frames.push(Frame::noop()),
            Phase::Closed(_) => frames.push(Frame::close()),
        }
        if frames.is_empty() {
            match &mut state.polling {
                Some(polling) if !polling.noop_due => {
                    polling.get = Some(cx.waker().clone());
                    polling.get_waited = true;
                    return Poll::Pending;
                }
                _ => frames.push(Frame::noop()),
            }
        }
        if let Some(polling) = &mut state.polling {
            polling.noop_due = false;
        }
        Poll::Ready(frames)
    }

    /// Hands the packets of a POST to the task; a session that is closing reads no more. False where the session is
    /// closed, or has another transport now.
    pub(super) fn deliver(&self, pieces: Pieces) -> bool {
        let mut state = self.state.lock();
        let phase = state.phase;
        let Some(polling) = state.polling.as_mut().filter(|_| !matches!(phase, Phase::Closed(_))) else { return false };
        if phase == Phase::Open {
            polling.inbox = Some(pieces);
            state.noticed = true;
            state.wake_task();
        }
        true
    }

    /// Waits until the task has read what [`Session::deliver`] brought.
    pub(super) fn poll_delivered(&self, cx: &Context<'_>) -> Poll<()> {
        match &mut self.state.lock().polling {
            Some(polling) if polling.inbox.is_some() => {
                polling.post = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        }
    }

    /// Begins an upgrade. False where the session has one under way, or has had one.
    pub(super) fn begin_upgrade(&self) -> bool {
        match &mut self.state.lock().polling {
            Some(polling) if !polling.upgrading => {
                polling.upgrading = true;
                true
            }
            _ => false,
        }
    }

    /// Lets a GET that waits return, so that the client can pause polling.
    pub(super) fn release_get(&self) {
        if let Some(polling) = &mut self.state.lock().polling
            && let Some(get) = polling.get.take()
        {
            polling.noop_due = true;
            get.wake();
        }
    }

    /// The upgrade failed; polling goes on.
    pub(super) fn abandon_upgrade(&self) {
        if let Some(polling) = &mut self.state.lock().polling {
            polling.upgrading = false;
        }
    }
}

impl State {
    /// What the client sent and nobody has read yet is dropped; its POST is answered.
    fn begin_close(&mut self, reason: CloseReason) {
        self.phase = Phase::Closing(reason);
        if let Some(polling) = &mut self.polling {
            polling.inbox = None;
            polling.wake();
        }
        // Also where the task runs and has looked already.
        self.noticed = true;
        self.wake_task();
    }

    /// Nothing is sent any more. Returns the reason that came first.
    fn end(&mut self, reason: CloseReason) -> CloseReason {
        let reason = match self.phase {
            Phase::Open => reason,
            Phase::Closing(earlier) | Phase::Closed(earlier) => earlier,
        };
        self.phase = Phase::Closed(reason);
        self.outbox.clear();
        if let Some(polling) = &mut self.polling {
            polling.inbox = None;
            polling.wake();
        }
        reason
    }

    fn wake_task(&mut self) {
        if !self.running
            && let Some(task) = self.task.take()
        {
            task.wake();
        }
    }

    /// Wakes who can send what waits: the task, and a GET.
    fn wake_transport(&mut self) {
        if let Some(get) = self.polling.as_mut().and_then(|polling| polling.get.take()) {
            get.wake();
        }
        if !self.blocked {
            self.wake_task();
        }
    }
}

impl Polling {
    fn wake(&mut self) {
        for waker in [self.get.take(), self.post.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}
