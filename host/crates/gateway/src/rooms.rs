//! The sockets and rooms of one namespace on this node, and delivery to them.
//!
//! Synchronous: a delivery is a push to a session's outbox. Each namespace has one read-write lock: broadcasts share
//! it, joins and leaves take it exclusively. Nothing is encoded, written or awaited under the lock. It is taken before
//! a socket's lock, never after.
//!
//! Every socket is always in the room named by its own id; other sockets may join a room of that name, too.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use engine_io::Encoded;
use indexmap::IndexMap;
use parking_lot::RwLock;
use telemetry::summary;

use crate::acks::{Collector, Waiter};
use crate::model::Selection;
use crate::socket::Socket;

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

#[derive(Debug, Default)]
struct Index {
    /// By id, which is also the name of the socket's own room.
    sockets: IndexMap<Box<str>, Arc<Socket>>,
    /// Sockets that joined a room, by serial. No room is empty.
    rooms: HashMap<Arc<str>, IndexMap<u64, Arc<Socket>>>,
}

/// An event that several sockets are to acknowledge: the ack id, and where the answers go.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: u64,
    pub(crate) answers: Collector,
}

impl Rooms {
    /// An empty index. A socket may be in at most `rooms_per_socket` rooms, its own included.
    pub(crate) fn new(rooms_per_socket: usize) -> Self {
        Self { index: RwLock::default(), rooms_per_socket }
    }

    /// How many sockets and rooms there are, without the rooms of sockets' own ids.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let index = self.index.read();
        (index.sockets.len(), index.rooms.len())
    }

    /// Adds a socket to the namespace and to the rooms in its own list.
    pub(crate) fn add(&self, socket: &Arc<Socket>) {
        let mut index = self.index.write();
        index.sockets.insert(socket.id().into(), socket.clone());
        for room in socket.rooms().iter() {
            index.rooms.entry(room.clone()).or_default().insert(socket.serial(), socket.clone());
        }
    }

    /// Removes a socket from the namespace and from all rooms.
    pub(crate) fn remove(&self, socket: &Socket) {
        let mut index = self.index.write();
        index.sockets.swap_remove(socket.id());
        // The socket keeps its own list, which its `$disconnect` handler sees.
        for room in socket.rooms().iter() {
            index.take_out(socket, room);
        }
    }

    /// Adds a socket to rooms, unless it has left the namespace.
    pub(crate) fn join(&self, socket: &Socket, rooms: &[String]) {
        self.join_all(std::iter::once(socket), rooms);
    }

    /// Takes a socket out of a room.
    pub(crate) fn leave(&self, socket: &Socket, room: &str) {
        self.index.write().leave(socket, room);
    }

    /// Sends one packet to every selected socket, once each.
    pub(crate) fn broadcast(&self, selection: Selection<'_>, packet: &Encoded) {
        let volatile = selection.target.volatile;
        self.index.read().each(selection, |socket| socket.send(packet.clone(), volatile));
    }

    /// Sends one packet to every selected socket and expects their acknowledgements; returns how many were asked.
    pub(crate) fn ask(&self, selection: Selection<'_>, packet: &Encoded, question: &Question) -> usize {
        let ask = |socket: &&Arc<Socket>| {
            let asked = socket.expect_ack(question.id, Waiter::Many(question.answers.clone()));
            if asked {
                socket.send(packet.clone(), false);
            }
            asked
        };
        self.selected(selection).iter().filter(ask).count()
    }

    /// Adds the selected sockets to rooms.
    pub(crate) fn join_selected(&self, selection: Selection<'_>, rooms: &[String]) {
        let sockets = self.selected(selection);
        self.join_all(sockets.iter().map(|socket| &**socket), rooms);
    }

    /// Takes the selected sockets out of rooms.
    pub(crate) fn leave_selected(&self, selection: Selection<'_>, rooms: &[String]) {
        let sockets = self.selected(selection);
        let mut index = self.index.write();
        for socket in &sockets {
            for room in rooms {
                index.leave(socket, room);
            }
        }
    }

    /// The selected sockets, collected so that the lock is free when the caller changes their rooms.
    pub(crate) fn selected(&self, selection: Selection<'_>) -> Vec<Arc<Socket>> {
        let mut sockets = Vec::new();
        self.index.read().each(selection, |socket| sockets.push(socket.clone()));
        sockets
    }

    fn join_all<'s>(&self, sockets: impl Iterator<Item = &'s Socket>, rooms: &[String]) {
        let limit = self.rooms_per_socket;
        let mut index = self.index.write();
        let full: Vec<_> = sockets.filter(|socket| !index.join(socket, rooms, limit)).collect();
        // Free the lock before logging.
        drop(index);
        if let Some(socket) = full.first()
            && summary::is_warning_due("sockets are in too many rooms", socket.namespace())
        {
            let (socket, count) = (socket.id(), full.len());
            tracing::warn!(socket, count, limit, "sockets are in too many rooms to join another");
        }
    }
}

impl Index {
    /// Visits every selected socket once.
    fn each(&self, selection: Selection<'_>, mut visit: impl FnMut(&Arc<Socket>)) {
        let target = selection.target;
        let left_out = self.looked_up(&target.except);
        let mut visit = |socket: &Arc<Socket>| {
            if selection.admits(socket.id(), &left_out, |room| room.has(socket)) {
                visit(socket);
            }
        };
        match target.rooms.as_slice() {
            [] => self.sockets.values().for_each(visit),
            [room] => self.members(room).for_each(visit),
            rooms => {
                let mut seen = HashSet::new();
                let members = rooms.iter().flat_map(|room| self.members(room));
                members.filter(|socket| seen.insert(socket.serial())).for_each(&mut visit);
            }
        }
    }

    fn members(&self, room: &str) -> impl Iterator<Item = &Arc<Socket>> {
        self.sockets.get(room).into_iter().chain(self.rooms.get(room).into_iter().flat_map(IndexMap::values))
    }

    /// Looks up rooms once, so that they are not looked up for every socket.
    fn looked_up(&self, rooms: &[String]) -> Vec<Members<'_>> {
        let room =
            |name: &String| Members { own: self.sockets.get(name.as_str()), members: self.rooms.get(name.as_str()) };
        rooms.iter().map(room).filter(|room| room.own.is_some() || room.members.is_some()).collect()
    }

    fn is_in(&self, socket: &Socket, room: &str) -> bool {
        socket.id() == room || self.rooms.get(room).is_some_and(|members| members.contains_key(&socket.serial()))
    }

    /// False if the socket could not join them all because it is in `limit` rooms.
    fn join(&mut self, socket: &Socket, rooms: &[String], limit: usize) -> bool {
        // It has left the namespace.
        let Some(socket) = self.sockets.get(socket.id()).cloned() else { return true };
        for room in rooms {
            if self.is_in(&socket, room) {
                continue;
            }
            let name = match self.rooms.get_key_value(room.as_str()) {
                Some((name, _)) => name.clone(),
                None => Arc::from(room.as_str()),
            };
            // The room of its own id counts, too.
            if !socket.join_room(&name, limit.saturating_sub(1)) {
                return false;
            }
            self.rooms.entry(name).or_default().insert(socket.serial(), socket.clone());
        }
        true
    }

    fn leave(&mut self, socket: &Socket, room: &str) {
        if self.take_out(socket, room) {
            socket.leave_room(room);
        }
    }

    /// Takes a socket out of a room's members; false if it was not one.
    fn take_out(&mut self, socket: &Socket, room: &str) -> bool {
        let Some(members) = self.rooms.get_mut(room) else { return false };
        let removed = members.swap_remove(&socket.serial()).is_some();
        if members.is_empty() {
            self.rooms.remove(room);
        }
        removed
    }
}

/// The members of a room: the socket whose id is its name, those that joined it, or both.
struct Members<'a> {
    own: Option<&'a Arc<Socket>>,
    members: Option<&'a IndexMap<u64, Arc<Socket>>>,
}

impl Members<'_> {
    fn has(&self, socket: &Socket) -> bool {
        self.own.is_some_and(|own| own.serial() == socket.serial())
            || self.members.is_some_and(|members| members.contains_key(&socket.serial()))
    }
}
