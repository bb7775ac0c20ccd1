//! The sockets and rooms of one namespace on this node.
//!
//! Synchronous: a delivery is a push to a session's outbox. Each namespace has one read-write lock: broadcasts share
//! it, joins and leaves take it exclusively. Nothing is encoded, written or awaited under the lock, and it is held for
//! one slice ([`Budget`]) or one socket's rooms at most. It is taken before a socket's lock, never after.
//!
//! Every socket is always in the room named by its own id; other sockets may join a room of that name, too.

use std::sync::Arc;

use parking_lot::RwLock;
use telemetry::summary;

use crate::index::{Index, RoomList};
use crate::model::Selection;
use crate::slices::Budget;
use crate::socket::Socket;
use crate::sweep::Sweep;

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;

/// Rooms and sockets of one namespace on this node.
#[derive(Debug)]
pub(crate) struct Rooms {
    index: RwLock<Index>,
    /// Rooms that one socket may be in, its own included.
    rooms_per_socket: usize,
}

impl Rooms {
    /// An empty index. A socket may be in at most `rooms_per_socket` rooms, its own included.
    pub(crate) fn new(rooms_per_socket: usize) -> Self {
        Self { index: RwLock::default(), rooms_per_socket }
    }

    /// How many sockets and rooms there are, without the rooms of sockets' own ids.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.index.read().counts()
    }

    /// Whether any socket is in a room, that of its own id included.
    pub(crate) fn has(&self, room: &str) -> bool {
        let index = self.index.read();
        let (own, members) = index.members(room);
        own.is_some() || members.is_some()
    }

    /// Adds a socket to the namespace and to the rooms in its own list.
    pub(crate) fn add(&self, socket: &Arc<Socket>) {
        self.index.write().add(socket);
    }

    /// Removes a socket from the namespace and from all rooms.
    pub(crate) fn remove(&self, socket: &Socket) {
        self.index.write().remove(socket);
    }

    /// Visits the next sockets of a sweep, under the lock. True if these were the last, false if the budget is spent.
    pub(crate) fn visit(
        &self,
        sweep: &mut Sweep,
        selection: Selection<'_>,
        budget: &mut Budget,
        visit: impl FnMut(&Arc<Socket>),
    ) -> bool {
        sweep.run(&self.index.read(), selection, budget, visit)
    }

    /// Adds a socket to rooms, unless it has left the namespace.
    pub(crate) fn join(&self, socket: &Socket, rooms: &[String], budget: &mut Budget) {
        budget.take(1 + rooms.len());
        let joined = self.index.write().join(socket, rooms, self.rooms_per_socket);
        if !joined && summary::is_warning_due("a socket is in too many rooms", socket.namespace()) {
            let (namespace, socket, limit) = (socket.namespace(), socket.id(), self.rooms_per_socket);
            tracing::warn!(namespace, socket, limit, "a socket is in too many rooms to join another");
        }
    }

    /// Takes a socket out of rooms.
    pub(crate) fn leave(&self, socket: &Socket, rooms: &RoomList<'_>, budget: &mut Budget) {
        let joined = socket.rooms();
        budget.take(1 + joined.len());
        if joined.iter().any(|room| rooms.has(room)) {
            // Nobody else has to see a copy of the list now.
            drop(joined);
            self.index.write().leave(socket, rooms);
        }
    }
}

#[cfg(test)]
impl Rooms {
    /// Whether the lock is free.
    pub(crate) fn try_write(&self) -> bool {
        self.index.try_write().is_some()
    }
}
