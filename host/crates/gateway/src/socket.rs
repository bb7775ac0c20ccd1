//! One client in one namespace, as everybody but its own session sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

use engine_io::{Encoded, Sent, Session, id};
use socket_io::Payload;
use telemetry::{metrics, summary};

use crate::acks::{Acks, Waiter};
use crate::encode;
use crate::model::{DisconnectReason, Handshake, ListedSocket, LostSocket, RemoteSocket, RoomNames};

/// The shared half of a socket.
#[derive(Debug)]
pub(crate) struct Socket {
    id: Box<str>,
    /// Its place among the sockets of its namespace; 0 before it is added.
    serial: AtomicU64,
    /// The namespace's path.
    namespace: Arc<str>,
    session: Arc<Session>,
    handshake: Arc<Handshake>,
    /// Bytes of `auth`, `data` and the names of rooms.
    held: AtomicUsize,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    phase: Phase,
    /// Changed only by [`Rooms`](crate::rooms::Rooms); `None` means no room but its own. Kept after the socket has
    /// left, for `$disconnect`.
    rooms: Option<RoomNames>,
    /// `None` means `{}`.
    data: Option<Arc<str>>,
    acks: Option<Box<Acks>>,
    /// The private id with which the client can resume the socket; none if it cannot.
    pid: Option<Box<str>>,
    /// The client resumed an earlier connection.
    recovered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `$connect` has not returned.
    Connecting,
    Connected,
    Left {
        reason: DisconnectReason,
        /// Also leave the session's other namespaces, then close the session.
        close: bool,
    },
}

/// What [`Socket::leave`] changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// This call made the socket leave.
    Now,
    /// It had left before, or never connected.
    Before,
}

impl Socket {
    /// `id` is the id of the socket that the client resumes; `None` makes a new one. `pid` is the private id with which
    /// the client can resume this socket later; `None` if it cannot.
    pub(crate) fn new(
        namespace: Arc<str>,
        session: Arc<Session>,
        handshake: Handshake,
        id: Option<&str>,
        pid: Option<Box<str>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id: id.map_or_else(|| id::random().into(), Into::into),
            serial: AtomicU64::new(0),
            namespace,
            session,
            held: AtomicUsize::new(handshake.auth.len()),
            handshake: Arc::new(handshake),
            shared: Mutex::new(Shared {
                phase: Phase::Connecting,
                rooms: None,
                data: None,
                acks: None,
                pid,
                recovered: false,
            }),
        })
    }

    /// Restores the state that was kept for the client's return.
    pub(crate) fn restore(&self, pid: &str, lost: &LostSocket) {
        let mut shared = self.shared.lock();
        shared.pid = Some(pid.into());
        shared.rooms = Some(lost.rooms.clone());
        shared.data.clone_from(&lost.data);
        shared.recovered = true;
        let data = lost.data.as_ref().map_or(0, |data| data.len());
        self.held.fetch_add(data + lost.rooms.iter().map(room_size).sum::<usize>(), Ordering::Relaxed);
    }

    /// Bytes that the host keeps for it, beside what waits.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// A number that no other socket of its namespace has. Higher than that of every socket that was added earlier.
    pub(crate) fn serial(&self) -> u64 {
        self.serial.load(Ordering::Relaxed)
    }

    /// Only for [`Rooms`](crate::rooms::Rooms), when the socket is added, under its lock.
    pub(crate) fn set_serial(&self, serial: u64) {
        self.serial.store(serial, Ordering::Relaxed);
    }

    /// The namespace's path.
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(crate) fn handshake(&self) -> &Arc<Handshake> {
        &self.handshake
    }

    /// Whether the socket has not left and its session is open.
    pub(crate) fn connected(&self) -> bool {
        !matches!(self.shared.lock().phase, Phase::Left { .. }) && self.session.is_open()
    }

    /// Marks the socket as connected. The client is sent the packets that it `missed`, then CONNECT, in the reference
    /// server's order; with `None` (it has left already) it is sent nothing.
    pub(crate) fn accept(&self, missed: Option<Vec<Encoded>>) {
        let pid = {
            let mut shared = self.shared.lock();
            shared.phase = Phase::Connected;
            shared.pid.clone()
        };
        metrics().sockets_connected.increment();
        let Some(missed) = missed else { return };
        for packet in missed {
            self.send_now(packet, false);
        }
        self.send_now(encode::connect(&self.namespace, &self.id, pid.as_deref()), false);
    }

    /// Sends a packet, unless the socket has left.
    pub(crate) fn send(&self, packet: Encoded, volatile: bool) {
        if self.shared.lock().phase == Phase::Connected {
            self.send_now(packet, volatile);
        }
    }

    fn send_now(&self, packet: Encoded, volatile: bool) {
        match self.session.send(packet, volatile) {
            Sent::Queued | Sent::Closed => {}
            Sent::Dropped => metrics().packets_dropped.increment(),
            Sent::Overflowed => {
                metrics().slow_consumers.increment();
                const CAUSE: &str = "session closed: its client receives too slowly";
                if summary::is_warning_due(CAUSE, &self.namespace) {
                    tracing::warn!(namespace = &*self.namespace, socket = self.id(), "{CAUSE}");
                }
            }
        }
    }

    /// Marks the socket as left: nothing more is sent to it, and handlers stop waiting for its acknowledgements. Only
    /// for its namespace, which also takes it out of its rooms.
    pub(crate) fn leave(&self, reason: DisconnectReason, close: bool) -> Left {
        let acks = {
            let mut shared = self.shared.lock();
            match &mut shared.phase {
                Phase::Connected => shared.phase = Phase::Left { reason, close },
                Phase::Left { close: closes, .. } => {
                    *closes |= close;
                    return Left::Before;
                }
                Phase::Connecting => return Left::Before,
            }
            shared.acks.take()
        };
        // Outside the lock, because this wakes the handlers that wait.
        drop(acks);
        Left::Now
    }

    /// Tells the client that the server disconnected it from the namespace.
    pub(crate) fn send_disconnect(&self) {
        self.send_now(encode::disconnect(&self.namespace), false);
    }

    /// Makes the session's task look at the socket again.
    pub(crate) fn wake(&self) {
        self.session.wake();
    }

    /// Why the socket has left, if it has.
    pub(crate) fn left(&self) -> Option<DisconnectReason> {
        match self.shared.lock().phase {
            Phase::Left { reason, .. } => Some(reason),
            Phase::Connecting | Phase::Connected => None,
        }
    }

    /// Whether a handler asked to close the whole session.
    pub(crate) fn closes_session(&self) -> bool {
        matches!(self.shared.lock().phase, Phase::Left { close: true, .. })
    }

    /// Its rooms, without the one of its own id.
    pub(crate) fn rooms(&self) -> RoomNames {
        self.shared.lock().rooms.clone().unwrap_or_default()
    }

    /// Adds a room to its list; false if it has the `most` already. Only for [`Rooms`](crate::rooms::Rooms), which keeps its
    /// index in step.
    pub(crate) fn join_room(&self, name: &Arc<str>, most: usize) -> bool {
        let mut shared = self.shared.lock();
        let rooms = Arc::make_mut(shared.rooms.get_or_insert_default());
        let has_place = rooms.len() < most;
        if has_place {
            rooms.push(name.clone());
            self.held.fetch_add(room_size(name), Ordering::Relaxed);
        }
        has_place
    }

    /// The same for those that it leaves.
    pub(crate) fn leave_rooms(&self, mut leaves: impl FnMut(&str) -> bool) {
        let mut shared = self.shared.lock();
        Arc::make_mut(shared.rooms.get_or_insert_default()).retain(|name| {
            let leaves = leaves(name);
            if leaves {
                self.held.fetch_sub(room_size(name), Ordering::Relaxed);
            }
            !leaves
        });
    }

    /// JSON text of its `data`.
    pub(crate) fn data(&self) -> Arc<str> {
        self.shared.lock().data.clone().unwrap_or_else(|| "{}".into())
    }

    pub(crate) fn set_data(&self, json: &str) {
        let mut shared = self.shared.lock();
        let before = shared.data.as_ref().map_or(0, |data| data.len());
        self.held.fetch_add(json.len(), Ordering::Relaxed);
        self.held.fetch_sub(before, Ordering::Relaxed);
        shared.data = Some(json.into());
    }

    /// The private id with which its client can resume it.
    pub(crate) fn pid(&self) -> Option<Box<str>> {
        self.shared.lock().pid.clone()
    }

    /// Whether the client resumed an earlier connection.
    pub(crate) fn recovered(&self) -> bool {
        self.shared.lock().recovered
    }

    /// The state to keep for its client's return. `since` is as in [`LostSocket`].
    pub(crate) fn lost(&self, since: u64) -> LostSocket {
        let shared = self.shared.lock();
        LostSocket {
            id: self.id.clone(),
            rooms: shared.rooms.clone().unwrap_or_default(),
            data: shared.data.clone(),
            since,
        }
    }

    /// Its id and rooms.
    pub(crate) fn list(&self) -> ListedSocket {
        ListedSocket { id: self.id.to_string(), rooms: self.rooms() }
    }

    /// The socket as other handlers see it.
    pub(crate) fn describe(&self) -> RemoteSocket {
        RemoteSocket {
            id: self.id.to_string(),
            rooms: self.rooms(),
            handshake: self.handshake.clone(),
            data: self.data(),
        }
    }

    /// Registers who waits for an acknowledgement. False if the socket has left.
    pub(crate) fn expect_ack(&self, id: u64, waiter: Waiter) -> bool {
        {
            let mut shared = self.shared.lock();
            if shared.phase != Phase::Connected {
                return false;
            }
            shared.acks.get_or_insert_default().insert(id, waiter);
        }
        // A paused session must be read again, or the acknowledgement would never arrive.
        self.session.wake();
        true
    }

    /// Hands the client's acknowledgement to the handler that waits for it.
    pub(crate) fn acknowledged(&self, id: u64, payload: Payload) {
        if let Some(acks) = &mut self.shared.lock().acks {
            acks.answer(id, payload);
        }
    }

    /// Whether a handler waits for an acknowledgement from this client.
    pub(crate) fn owes_ack(&self) -> bool {
        self.shared.lock().acks.as_ref().is_some_and(|acks| acks.is_waited_for())
    }
}

/// Bytes of a room in a socket's list and in the index; its name is charged to each of its members.
fn room_size(name: &Arc<str>) -> usize {
    const ENTRY: usize = 96;
    name.len() + ENTRY
}
