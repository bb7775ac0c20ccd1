//! One Engine.IO session, as everybody but its own task sees it: its outbox, and whether it is open.
//!
//! Any thread may send or close; this wakes the session's task, which owns the transport and does the rest. Nothing
//! here does I/O or reads a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use crate::long_poll::{LongPoll, Overlap};
use crate::memory::{Charge, ClientMemory};
use crate::outbox::{Encoded, Outbox};
use crate::packet::Frame;
use crate::payload::{PayloadError, Piece, Pieces};
use crate::reason::CloseReason;

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;

/// The shared half of a session.
#[derive(Debug)]
pub struct Session {
    id: Box<str>,
    memory: Arc<ClientMemory>,
    /// Bytes that its task keeps for its client.
    held: AtomicUsize,
    /// Bytes of the POST that is being read.
    posting: AtomicUsize,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    outbox: Outbox,
    /// For the outbox.
    charge: Charge,
    /// Number of frames that the transport took from the outbox.
    taken: u64,
    phase: Phase,
    /// Wakes the session's task; taken when used, so that a burst of packets wakes it once.
    task: Option<Waker>,
    /// The session's task is running: it checks this again before it sleeps, so it need not be woken.
    running: bool,
    /// The transport takes no packets now, so new ones need not wake the task.
    blocked: bool,
    /// Something other than a packet needs the task.
    noticed: bool,
    /// The host stops, and the session was closing already.
    hurried: bool,
    /// Only for sessions that use long-polling.
    polling: Option<Box<LongPoll>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The outbox is still sent.
    Closing(CloseReason),
    Closed(CloseReason),
}

/// The result of sending a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The packet is in the outbox.
    Queued,
    /// The packet was volatile and could not be sent at once.
    Dropped,
    /// The session is closing or closed.
    Closed,
    /// The client received too slowly, so the session was closed.
    Overflowed,
}

impl Session {
    /// An open session, whose outbox holds at most `unsent_bytes` bytes. `id` is a credential: whoever knows it can act
    /// as the client.
    pub fn new(id: String, unsent_bytes: usize, polling: bool) -> Self {
        Self::with_memory(id, unsent_bytes, polling, Arc::default())
    }

    /// The same; what it keeps is charged.
    pub(crate) fn with_memory(id: String, unsent_bytes: usize, polling: bool, memory: Arc<ClientMemory>) -> Self {
        let shared = Shared {
            outbox: Outbox::new(unsent_bytes),
            charge: Charge::new(memory.clone()),
            taken: 0,
            phase: Phase::Open,
            task: None,
            running: false,
            blocked: false,
            noticed: false,
            hurried: false,
            polling: polling.then(Box::default),
        };
        let (held, posting) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { id: id.into(), memory, held, posting, shared: Mutex::new(shared) }
    }

    /// The session's id, which only its client may learn.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether packets can still be sent.
    pub fn is_open(&self) -> bool {
        self.shared.lock().phase == Phase::Open
    }

    /// Whether the outbox is over half full, so handlers should be held back.
    pub fn is_clogged(&self) -> bool {
        self.shared.lock().outbox.is_clogged()
    }

    /// Sends one packet. A volatile one is dropped if anything else of the session has yet to be written.
    pub fn send(&self, packet: Encoded, volatile: bool) -> Sent {
        let mut shared = self.shared.lock();
        if shared.phase != Phase::Open {
            return Sent::Closed;
        }
        if volatile && shared.has_unwritten() {
            return Sent::Dropped;
        }
        let sent = match shared.outbox.push(packet) {
            Ok(()) => {
                shared.recharge();
                Sent::Queued
            }
            Err(_) => {
                shared.clear_outbox();
                shared.close(CloseReason::ForcedClose);
                Sent::Overflowed
            }
        };
        shared.wake_transport();
        sent
    }

    /// Closes the session once the outbox has been sent. If the host stops, a session that is closing already waits for
    /// its client for a shorter time.
    pub fn close(&self, reason: CloseReason) {
        let mut shared = self.shared.lock();
        if shared.phase == Phase::Open {
            shared.close(reason);
        } else if reason == CloseReason::ServerShuttingDown {
            shared.hurried = true;
            shared.notify_task();
        }
    }

    /// Makes the session's task look at its handler again.
    pub fn wake(&self) {
        self.shared.lock().notify_task();
    }

    /// Ends the session at once, because its transport is gone, its client broke the transport's rules, or others need its
    /// place: the outbox is lost. Returns the reason that came first.
    pub(crate) fn abort(&self, reason: CloseReason) -> CloseReason {
        self.shared.lock().abort(reason)
    }
}

/// What it makes the host keep.
impl Session {
    /// The number to which it is charged.
    pub fn memory(&self) -> &Arc<ClientMemory> {
        &self.memory
    }

    /// Notes what the task keeps for the client.
    pub(crate) fn note_held(&self, bytes: usize) {
        self.held.store(bytes, Relaxed);
    }

    /// Notes how much of a POST has been read and not been handled.
    pub(crate) fn note_posting(&self, bytes: usize) {
        self.posting.store(bytes, Relaxed);
    }

    /// About how many bytes would be free without it.
    pub(crate) fn holds(&self) -> usize {
        self.holds_elsewhere() + self.shared.lock().outbox.bytes()
    }

    /// The same, without its outbox.
    pub(crate) fn holds_elsewhere(&self) -> usize {
        self.held.load(Relaxed) + self.posting.load(Relaxed)
    }
}

/// For the session's task.
impl Session {
    /// Marks the task as running: it need not be woken until [`Session::sleep`].
    pub(crate) fn run(&self) {
        let mut shared = self.shared.lock();
        shared.running = true;
        shared.noticed = false;
    }

    /// Whether the task may sleep; otherwise it has to look at the session again. `blocked` means that the transport
    /// takes no packets now, and wakes the task when it does.
    pub(crate) fn sleep(&self, cx: &Context<'_>, blocked: bool) -> bool {
        let mut shared = self.shared.lock();
        if shared.noticed || (!blocked && !shared.outbox.is_empty()) {
            shared.noticed = false;
            return false;
        }
        shared.running = false;
        shared.blocked = blocked;
        shared.task = Some(cx.waker().clone());
        true
    }

    /// Why the session is closing or closed; none while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.shared.lock().phase {
            Phase::Open => None,
            Phase::Closing(reason) | Phase::Closed(reason) => Some(reason),
        }
    }

    /// Whether the host stops while the session is closing for another reason.
    pub(crate) fn is_hurried(&self) -> bool {
        self.shared.lock().hurried
    }

    /// Whether nothing can be sent any more, not even a close packet.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.shared.lock().phase, Phase::Closed(_))
    }

    /// Whether the client uses long-polling.
    pub(crate) fn is_polling(&self) -> bool {
        self.shared.lock().polling.is_some()
    }

    /// Whether the client has come back after its handshake.
    pub(crate) fn was_polled(&self) -> bool {
        self.with_polling(|polling| polling.was_polled()).unwrap_or(true)
    }

    /// The next frame for the client.
    pub(crate) fn pop(&self) -> Option<Frame> {
        let mut shared = self.shared.lock();
        let frame = shared.outbox.pop();
        shared.recharge();
        shared.taken += u64::from(frame.is_some());
        frame
    }

    /// How many frames the client's transport has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.shared.lock().taken
    }

    /// Whether the outbox is empty.
    pub(crate) fn is_flushed(&self) -> bool {
        self.shared.lock().outbox.is_empty()
    }

    /// The next packet that a POST brought.
    pub(crate) fn read(&self) -> Option<Result<Piece, PayloadError>> {
        self.with_polling(LongPoll::read)?
    }

    /// The session has a WebSocket now; answers a GET that still waits.
    pub(crate) fn upgraded(&self) {
        if let Some(mut polling) = self.shared.lock().polling.take() {
            polling.wake();
        }
    }
}

#[cfg(any(test, feature = "test-support"))]
impl Session {
    /// What the client would receive now.
    pub fn received(&self) -> Vec<Frame> {
        self.shared.lock().outbox.drain()
    }

    /// The answer that a GET would get.
    pub fn poll_get(&self, cx: &Context<'_>) -> Poll<Vec<Frame>> {
        self.poll_frames(cx)
    }
}

/// For the requests of a long-polling session.
impl Session {
    /// Begins a GET.
    ///
    /// # Errors
    ///
    /// If another GET is waiting already.
    pub(crate) fn begin_get(&self) -> Result<(), Overlap> {
        self.with_polling(LongPoll::begin_get).unwrap_or(Ok(()))
    }

    /// Begins a POST.
    ///
    /// # Errors
    ///
    /// If another POST is waiting already.
    pub(crate) fn begin_post(&self) -> Result<(), Overlap> {
        self.with_polling(LongPoll::begin_post).unwrap_or(Ok(()))
    }

    pub(crate) fn end_get(&self) {
        self.with_polling(LongPoll::end_get);
    }

    pub(crate) fn end_post(&self) {
        self.with_polling(LongPoll::end_post);
    }

    /// Frames for a GET: all that wait. If none wait and the session is closing, a close packet; a noop if the client
    /// should stop polling.
    pub(crate) fn poll_frames(&self, cx: &Context<'_>) -> Poll<Vec<Frame>> {
        let mut shared = self.shared.lock();
        if shared.polling.is_none() {
            // Upgraded meanwhile: the WebSocket sends the outbox.
            return Poll::Ready(vec![Frame::noop()]);
        }
        let clogged = shared.outbox.is_clogged();
        let mut frames = shared.outbox.drain();
        shared.recharge();
        shared.taken += frames.len() as u64;
        if clogged {
            // Handlers that waited for room can go on.
            shared.notify_task();
        }
        match shared.phase {
            Phase::Open => {}
            // The close packet goes into a payload of its own: the official client acts on it at once, but on packets
            // before it only later.
            Phase::Closing(_) if !frames.is_empty() => {}
            Phase::Closing(reason) => {
                // As in the reference server, a GET that comes after the close gets a noop as well.
                if shared.polling.as_ref().is_some_and(|polling| !polling.get_has_waited()) {
                    frames.push(Frame::noop());
                }
                frames.push(Frame::close());
                shared.phase = Phase::Closed(reason);
                shared.notify_task();
            }
            // The client's own close needs no answer.
            Phase::Closed(CloseReason::TransportClose) => frames.push(Frame::noop()),
            Phase::Closed(_) => frames.push(Frame::close()),
        }
        if let Some(polling) = &mut shared.polling
            && frames.is_empty()
            && polling.wait_for_frames(cx.waker())
        {
            return Poll::Pending;
        }
        if frames.is_empty() {
            frames.push(Frame::noop());
        }
        Poll::Ready(frames)
    }

    /// Hands the packets of a POST to the task; a session that is closing reads no more. False if the session is
    /// closed, or has another transport now.
    pub(crate) fn deliver(&self, pieces: Pieces) -> bool {
        let mut shared = self.shared.lock();
        let phase = shared.phase;
        let Some(polling) = shared.polling.as_mut().filter(|_| !matches!(phase, Phase::Closed(_))) else {
            return false;
        };
        if phase == Phase::Open {
            polling.deliver(pieces);
            shared.notify_task();
        }
        true
    }

    /// Waits until the task has read the packets of [`Session::deliver`].
    pub(crate) fn poll_delivered(&self, cx: &Context<'_>) -> Poll<()> {
        let waits = self.with_polling(|polling| polling.wait_for_reader(cx.waker()));
        if waits == Some(true) { Poll::Pending } else { Poll::Ready(()) }
    }

    /// After the client's close packet, waits until the GET has come that the client sent at the same time, if it did.
    pub(crate) fn poll_last_get(&self, cx: &Context<'_>) -> Poll<()> {
        let waits = self.with_polling(|polling| polling.wait_for_last_get(cx.waker()));
        if waits == Some(true) { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Whether that GET is still waited for, although the session is closed.
    pub(crate) fn awaits_last_get(&self) -> bool {
        self.with_polling(|polling| polling.awaits_last_get()).unwrap_or(false)
    }

    /// Begins an upgrade. False if one is under way or has succeeded.
    pub(crate) fn begin_upgrade(&self) -> bool {
        self.with_polling(LongPoll::begin_upgrade).unwrap_or(false)
    }

    /// The client has probed its WebSocket: until the end of the upgrade a GET without packets gets a noop at once, so
    /// that the client can pause polling.
    pub(crate) fn probed(&self) {
        self.with_polling(LongPoll::probed);
    }

    /// The upgrade failed; polling goes on.
    pub(crate) fn abandon_upgrade(&self) {
        self.with_polling(LongPoll::abandon_upgrade);
    }

    fn with_polling<R>(&self, act: impl FnOnce(&mut LongPoll) -> R) -> Option<R> {
        self.shared.lock().polling.as_deref_mut().map(act)
    }
}

impl Shared {
    /// Begins an orderly close: the outbox is still sent. Unread packets from the client are dropped, and their POST is
    /// answered.
    fn close(&mut self, reason: CloseReason) {
        self.phase = Phase::Closing(reason);
        if let Some(polling) = &mut self.polling {
            polling.stop_reading();
        }
        // Needed even if the task is running: it may have looked already.
        self.notify_task();
    }

    /// Ends the session at once: nothing is sent any more. Returns the reason that came first.
    fn abort(&mut self, reason: CloseReason) -> CloseReason {
        let reason = match self.phase {
            Phase::Open => reason,
            Phase::Closing(earlier) | Phase::Closed(earlier) => earlier,
        };
        self.phase = Phase::Closed(reason);
        self.clear_outbox();
        if let Some(polling) = &mut self.polling {
            polling.stop_reading();
        }
        self.notify_task();
        reason
    }

    fn clear_outbox(&mut self) {
        self.outbox.clear();
        self.recharge();
    }

    /// Charges the session for its outbox.
    fn recharge(&mut self) {
        self.charge.set(self.outbox.kept());
    }

    /// Whether something has yet to be written: in the outbox, or in a WebSocket that takes no more.
    fn has_unwritten(&self) -> bool {
        !self.outbox.is_empty() || (self.blocked && self.polling.is_none())
    }

    /// Makes the task look at the session again.
    fn notify_task(&mut self) {
        self.noticed = true;
        self.wake_task();
    }

    fn wake_task(&mut self) {
        if !self.running
            && let Some(task) = self.task.take()
        {
            task.wake();
        }
    }

    /// Wakes those who can send the outbox: the task and a waiting GET.
    fn wake_transport(&mut self) {
        if let Some(polling) = &mut self.polling {
            polling.wake_get();
        }
        if !self.blocked {
            self.wake_task();
        }
    }
}
