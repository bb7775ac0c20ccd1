//! One namespace: its sockets on this node, the cluster, and the state kept for clients that return.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use engine_io::{ClientMemory, id};
use telemetry::metrics;

use crate::cluster::Cluster;
use crate::model::{DisconnectReason, GatewayLimits, RecoveryLimits};
use crate::recovery::Recovery;
use crate::rooms::Rooms;
use crate::socket::{Left, Socket};

/// One namespace.
pub struct Namespace {
    path: Arc<str>,
    rooms: Rooms,
    cluster: Arc<dyn Cluster>,
    recovery: Option<Arc<Recovery>>,
    ack_ids: AtomicU64,
    /// To which what waits for its clients is charged.
    memory: Arc<ClientMemory>,
    /// Limit on the total bytes of the answers to one broadcast.
    answer_bytes: usize,
    commands_time: Duration,
}

impl Namespace {
    /// A namespace without sockets. Without `recovery`, clients that were cut off join as new ones.
    pub(crate) fn new(
        path: &str,
        limits: &GatewayLimits,
        recovery: Option<RecoveryLimits>,
        cluster: Arc<dyn Cluster>,
        memory: Arc<ClientMemory>,
    ) -> Self {
        let recovery = recovery.map(|recovery| Arc::new(Recovery::new(recovery, &limits.session, memory.clone())));
        Self {
            path: path.into(),
            rooms: Rooms::new(limits.rooms_per_socket),
            cluster,
            recovery,
            ack_ids: AtomicU64::new(0),
            memory,
            answer_bytes: limits.unhandled_bytes,
            commands_time: limits.commands_time,
        }
    }

    /// Its path, which begins with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How many sockets and rooms it has on this node, without the rooms of sockets' own ids.
    pub fn counts(&self) -> (usize, usize) {
        self.rooms.counts()
    }

    pub(crate) fn shared_path(&self) -> &Arc<str> {
        &self.path
    }

    pub(crate) fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    pub(crate) fn cluster(&self) -> &dyn Cluster {
        &*self.cluster
    }

    pub(crate) fn recovery(&self) -> Option<&Arc<Recovery>> {
        self.recovery.as_ref()
    }

    /// A private id with which a client can resume its socket; none without recovery.
    pub(crate) fn new_pid(&self) -> Option<Box<str>> {
        self.recovery.as_ref().map(|_| id::random().into())
    }

    /// A new ack id, used for all recipients of one event.
    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// To which what waits for its clients is charged.
    pub(crate) fn memory(&self) -> &Arc<ClientMemory> {
        &self.memory
    }

    /// Time that the commands of `$connect` may take.
    pub(crate) fn commands_time(&self) -> Duration {
        self.commands_time
    }

    pub(crate) fn answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    /// Removes a socket from the namespace; false if it had left before. With `close`, its whole session is to be
    /// closed. If the server disconnects it, the client is told.
    pub(crate) fn remove(&self, socket: &Socket, reason: DisconnectReason, close: bool) -> bool {
        let left = socket.leave(reason, close) == Left::Now;
        if left {
            self.rooms.remove(socket);
            if reason == DisconnectReason::ServerNamespace {
                socket.send_disconnect();
            }
            metrics().sockets_disconnected.increment();
        }
        if left || close {
            socket.wake();
        }
        left
    }
}

impl std::fmt::Debug for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Namespace").field("path", &self.path).finish_non_exhaustive()
    }
}
