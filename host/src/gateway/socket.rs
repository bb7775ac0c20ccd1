//! One client in one namespace, as everybody but its own session sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::acks::{Acks, Waiter};
use super::encode;
use super::handler::{Handshake, RemoteSocket};
use super::namespace::Namespace;
use super::reason::DisconnectReason;
use super::recovery;
use crate::engine_io::{Encoded, Sent, Session, id};
use crate::socket_io::Payload;
use crate::telemetry::metrics;

/// Names of rooms. The room of a socket's own id is not listed: it always is in it.
pub type Rooms = Arc<Vec<Arc<str>>>;

/// The shared half of a socket.
#[derive(Debug)]
pub struct Socket {
    id: Box<str>,
    /// Tells sockets apart without comparing ids.
    serial: u64,
    namespace: Arc<Namespace>,
    session: Arc<Session>,
    handshake: Arc<Handshake>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Changed by the adapter alone; none: no room but its own. Kept after the socket has left, for `$disconnect`.
    rooms: Option<Rooms>,
    /// None: `{}`.
    data: Option<Arc<str>>,
    acks: Option<Box<Acks>>,
    /// The private id with which the client can take the socket up again; none where it cannot.
    pid: Option<Box<str>>,
    /// The client took up an earlier connection.
    recovered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// `$connect` has not returned.
    Connecting,
    Connected,
    Left {
        reason: DisconnectReason,
        /// Every other namespace of the session is to be left, too, and the session closed.
        close: bool,
    },
}

impl Socket {
    /// `id`: of the socket that the client takes up again; else it gets a new one.
    pub(super) fn new(
        namespace: Arc<Namespace>,
        session: Arc<Session>,
        handshake: Handshake,
        id: Option<&str>,
    ) -> Arc<Self> {
        static SERIALS: AtomicU64 = AtomicU64::new(0);
        let pid = namespace.recovery().map(|_| id::random().into());
        Arc::new(Self {
            id: id.map_or_else(|| id::random().into(), Into::into),
            serial: SERIALS.fetch_add(1, Ordering::Relaxed),
            namespace,
            session,
            handshake: Arc::new(handshake),
            state: Mutex::new(State {
                phase: Phase::Connecting,
                rooms: None,
                data: None,
                acks: None,
                pid,
                recovered: false,
            }),
        })
    }

    /// Gives the socket back what it had.
    pub(super) fn restore(&self, pid: &str, lost: &recovery::State) {
        let mut state = self.state.lock();
        state.pid = Some(pid.into());
        state.rooms = Some(lost.rooms.clone());
        state.data.clone_from(&lost.data);
        state.recovered = true;
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// A number that no other socket of this process has.
    pub fn serial(&self) -> u64 {
        self.serial
    }

    pub(super) fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    pub(super) fn handshake(&self) -> &Arc<Handshake> {
        &self.handshake
    }

    /// Whether the client is there.
    pub(super) fn connected(&self) -> bool {
        !matches!(self.state.lock().phase, Phase::Left { .. }) && self.session.is_open()
    }

    /// Packets can be sent from now on. A client that is there gets what it missed, and is told that it is connected:
    /// the reference server's order.
    pub(super) fn accept(&self, missed: Option<Vec<Encoded>>) {
        let pid = {
            let mut state = self.state.lock();
            state.phase = Phase::Connected;
            state.pid.clone()
        };
        metrics().sockets_connected.increment();
        let Some(missed) = missed else { return };
        for packet in missed {
            self.send_now(packet, false);
        }
        self.send_now(encode::connect(self.namespace.path(), &self.id, pid.as_deref()), false);
    }

    /// Sends a packet, unless the socket has left.
    pub fn send(&self, packet: Encoded, volatile: bool) {
        if self.state.lock().phase == Phase::Connected {
            self.send_now(packet, volatile);
        }
    }

    fn send_now(&self, packet: Encoded, volatile: bool) {
        match self.session.send(packet, volatile) {
            Sent::Queued { dropped: 0 } | Sent::Closed => {}
            Sent::Queued { dropped } => metrics().packets_dropped.add(dropped),
            Sent::Overflowed => {
                metrics().slow_consumers.increment();
                tracing::warn!(
                    namespace = self.namespace.path(),
                    socket = self.id(),
                    "session closed: its client does not receive what is sent to it"
                );
            }
        }
    }

    /// The socket leaves its namespace; false where it has left before. A handler's disconnect is told to the client.
    pub fn leave_namespace(&self, reason: DisconnectReason, close: bool) -> bool {
        let acks = {
            let mut state = self.state.lock();
            match &mut state.phase {
                Phase::Connected => state.phase = Phase::Left { reason, close },
                Phase::Left { close: closes, .. } if close => {
                    *closes = true;
                    drop(state);
                    self.session.wake();
                    return false;
                }
                Phase::Connecting | Phase::Left { .. } => return false,
            }
            // Handlers that wait for an answer learn that none will come.
            state.acks.take()
        };
        drop(acks);
        self.namespace.adapter().remove(self);
        if reason == DisconnectReason::ServerNamespace {
            self.send_now(encode::disconnect(self.namespace.path()), false);
        }
        metrics().sockets_disconnected.increment();
        self.session.wake();
        true
    }

    /// Why the socket has left, if it has.
    pub(super) fn left(&self) -> Option<DisconnectReason> {
        match self.state.lock().phase {
            Phase::Left { reason, .. } => Some(reason),
            Phase::Connecting | Phase::Connected => None,
        }
    }

    /// Whether a handler asked to close the whole session.
    pub(super) fn closes_session(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Left { close: true, .. })
    }

    /// Its rooms, without the one of its own id.
    pub fn rooms(&self) -> Rooms {
        self.state.lock().rooms.clone().unwrap_or_default()
    }

    /// Changes its rooms; for the adapter, which keeps the other direction.
    pub fn update_rooms<R>(&self, update: impl FnOnce(&mut Vec<Arc<str>>) -> R) -> R {
        update(Arc::make_mut(self.state.lock().rooms.get_or_insert_default()))
    }

    /// JSON text of its `data`.
    pub(super) fn data(&self) -> Arc<str> {
        self.state.lock().data.clone().unwrap_or_else(|| "{}".into())
    }

    pub(super) fn set_data(&self, json: String) {
        self.state.lock().data = Some(json.into());
    }

    /// The private id with which its client can take it up again.
    pub(super) fn pid(&self) -> Option<Box<str>> {
        self.state.lock().pid.clone()
    }

    /// Whether the client took up an earlier connection.
    pub(super) fn recovered(&self) -> bool {
        self.state.lock().recovered
    }

    /// What is kept of it for its client's return. `since` is as in [`recovery::State`].
    pub(super) fn lost(&self, since: u64) -> recovery::State {
        let state = self.state.lock();
        recovery::State {
            id: self.id.clone(),
            rooms: state.rooms.clone().unwrap_or_default(),
            data: state.data.clone(),
            since,
        }
    }

    /// The socket as other handlers see it.
    pub fn describe(&self) -> RemoteSocket {
        RemoteSocket {
            id: self.id.to_string(),
            rooms: self.rooms(),
            handshake: self.handshake.clone(),
            data: self.data(),
        }
    }

    /// Registers who waits for an acknowledgement. False where the socket has left.
    pub(super) fn expect_ack(&self, id: u64, waiter: Waiter) -> bool {
        {
            let mut state = self.state.lock();
            if state.phase != Phase::Connected {
                return false;
            }
            state.acks.get_or_insert_default().insert(id, waiter);
        }
        // The session may be paused; now it must be read.
        self.session.wake();
        true
    }

    /// The client acknowledged an event.
    pub(super) fn acknowledged(&self, id: u64, payload: Payload) {
        if let Some(acks) = &mut self.state.lock().acks {
            acks.answer(id, payload);
        }
    }

    /// Whether a handler waits for an acknowledgement of this client.
    pub(super) fn owes_ack(&self) -> bool {
        self.state.lock().acks.as_ref().is_some_and(|acks| acks.is_waited_for())
    }
}
