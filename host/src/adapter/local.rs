//! The adapter of a single node: rooms in memory.
//!
//! One lock a namespace: broadcasts share it, joins and leaves take it alone. Reaching a socket is a push to its
//! session's queue; nothing is encoded, written or waited for under the lock.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use parking_lot::RwLock;

use crate::engine_io::Encoded;
use crate::gateway::DisconnectReason;
use crate::gateway::adapter::{AckRequest, Adapter, Found, Selection};
use crate::gateway::socket::Socket;

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;

/// Rooms and sockets of one namespace on this node.
#[derive(Debug)]
pub struct LocalAdapter {
    index: RwLock<Index>,
    /// Rooms that one socket may be in, its own included.
    rooms_per_socket: usize,
}

#[derive(Debug, Default)]
struct Index {
    /// By id, which is also the name of the room that each is always in.
    sockets: IndexMap<Box<str>, Arc<Socket>>,
    /// Sockets that joined a room, by serial. No room is empty.
    rooms: HashMap<Arc<str>, IndexMap<u64, Arc<Socket>>>,
}

impl LocalAdapter {
    /// No sockets. A socket that is in `rooms_per_socket` rooms joins no more.
    pub fn new(rooms_per_socket: usize) -> Self {
        Self { index: RwLock::default(), rooms_per_socket }
    }

    /// How many sockets and rooms there are, without the rooms of sockets' own ids.
    pub fn counts(&self) -> (usize, usize) {
        let index = self.index.read();
        (index.sockets.len(), index.rooms.len())
    }

    /// The selected sockets, collected so that the lock is free to change their rooms.
    fn selected(&self, selection: Selection<'_>) -> Vec<Arc<Socket>> {
        let mut sockets = Vec::new();
        self.index.read().each(selection, |socket| sockets.push(socket.clone()));
        sockets
    }

    fn join_all<'s>(&self, sockets: impl Iterator<Item = &'s Socket>, rooms: &[String]) {
        let limit = self.rooms_per_socket;
        let mut index = self.index.write();
        let full: Vec<_> = sockets.filter(|socket| !index.join(socket, rooms, limit)).collect();
        // Others need not wait for the log.
        drop(index);
        if let Some(socket) = full.first() {
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
            if !selection.excludes(socket.id()) && !left_out.iter().any(|room| room.has(socket)) {
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

    /// Rooms by their names, so that these are not looked up for every socket.
    fn looked_up(&self, rooms: &[String]) -> Vec<Room<'_>> {
        let room =
            |name: &String| Room { own: self.sockets.get(name.as_str()), members: self.rooms.get(name.as_str()) };
        rooms.iter().map(room).filter(|room| room.own.is_some() || room.members.is_some()).collect()
    }

    fn is_in(&self, socket: &Socket, room: &str) -> bool {
        socket.id() == room || self.rooms.get(room).is_some_and(|members| members.contains_key(&socket.serial()))
    }

    /// False where the socket is in so many rooms that it joins no more of them.
    fn join(&mut self, socket: &Socket, rooms: &[String], limit: usize) -> bool {
        // Not there: it has left the namespace.
        let Some(socket) = self.sockets.get(socket.id()).cloned() else { return true };
        for room in rooms {
            if self.is_in(&socket, room) {
                continue;
            }
            let name = match self.rooms.get_key_value(room.as_str()) {
                Some((name, _)) => name.clone(),
                None => Arc::from(room.as_str()),
            };
            let joined = socket.update_rooms(|rooms| {
                let room_left = rooms.len() + 1 < limit;
                if room_left {
                    rooms.push(name.clone());
                }
                room_left
            });
            if !joined {
                return false;
            }
            self.rooms.entry(name).or_default().insert(socket.serial(), socket.clone());
        }
        true
    }

    fn leave(&mut self, socket: &Socket, room: &str) {
        if self.take_out(socket, room) {
            socket.update_rooms(|rooms| rooms.retain(|name| **name != *room));
        }
    }

    /// Takes a socket out of a room's members; false where it was not there.
    fn take_out(&mut self, socket: &Socket, room: &str) -> bool {
        let Some(members) = self.rooms.get_mut(room) else { return false };
        let removed = members.swap_remove(&socket.serial()).is_some();
        if members.is_empty() {
            self.rooms.remove(room);
        }
        removed
    }
}

/// A room: of a socket's own id, of those that joined it, or both.
struct Room<'a> {
    own: Option<&'a Arc<Socket>>,
    members: Option<&'a IndexMap<u64, Arc<Socket>>>,
}

impl Room<'_> {
    fn has(&self, socket: &Socket) -> bool {
        self.own.is_some_and(|own| own.serial() == socket.serial())
            || self.members.is_some_and(|members| members.contains_key(&socket.serial()))
    }
}

impl Adapter for LocalAdapter {
    fn add(&self, socket: &Arc<Socket>) {
        let mut index = self.index.write();
        index.sockets.insert(socket.id().into(), socket.clone());
        for room in socket.rooms().iter() {
            index.rooms.entry(room.clone()).or_default().insert(socket.serial(), socket.clone());
        }
    }

    fn remove(&self, socket: &Socket) {
        let mut index = self.index.write();
        index.sockets.swap_remove(socket.id());
        // The socket's own list stays as it is: its `$disconnect` shows it.
        for room in socket.rooms().iter() {
            index.take_out(socket, room);
        }
    }

    fn join(&self, socket: &Socket, rooms: &[String]) {
        self.join_all(std::iter::once(socket), rooms);
    }

    fn leave(&self, socket: &Socket, room: &str) {
        self.index.write().leave(socket, room);
    }

    fn broadcast(&self, selection: Selection<'_>, packet: Encoded) {
        let volatile = selection.target.volatile;
        self.index.read().each(selection, |socket| socket.send(packet.clone(), volatile));
    }

    fn broadcast_with_ack(&self, selection: Selection<'_>, packet: Encoded, request: AckRequest) -> usize {
        self.selected(selection).iter().filter(|socket| request.ask(socket, packet.clone())).count()
    }

    fn fetch_sockets(&self, selection: Selection<'_>) -> Found {
        let sockets = self.selected(selection);
        Box::pin(async move { sockets.iter().map(|socket| socket.describe()).collect() })
    }

    fn sockets_join(&self, selection: Selection<'_>, rooms: &[String]) {
        let sockets = self.selected(selection);
        self.join_all(sockets.iter().map(|socket| &**socket), rooms);
    }

    fn sockets_leave(&self, selection: Selection<'_>, rooms: &[String]) {
        let sockets = self.selected(selection);
        let mut index = self.index.write();
        for socket in &sockets {
            for room in rooms {
                index.leave(socket, room);
            }
        }
    }

    fn disconnect_sockets(&self, selection: Selection<'_>, close: bool) {
        for socket in self.selected(selection) {
            socket.leave_namespace(DisconnectReason::ServerNamespace, close);
        }
    }
}
