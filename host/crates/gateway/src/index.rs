//! Who is in which room: the index behind the lock of [`Rooms`](crate::rooms::Rooms).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::slices::Budget;
use crate::socket::Socket;

/// Sockets by serial.
pub(crate) type Members = BTreeMap<u64, Arc<Socket>>;

/// Who is in which room. Sockets have serials in the order in which they were added, so that a
/// [`Sweep`](crate::sweep::Sweep) can go on after the last one that it visited.
#[derive(Debug, Default)]
pub(crate) struct Index {
    sockets: Members,
    /// By id, which is also the name of the socket's own room.
    ids: HashMap<Box<str>, Arc<Socket>>,
    /// Sockets that joined a room. No room is empty.
    rooms: HashMap<Arc<str>, Members>,
    /// The serial that was given last.
    newest: u64,
}

impl Index {
    /// How many sockets and rooms there are, without the rooms of sockets' own ids.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.sockets.len(), self.rooms.len())
    }

    /// Adds a socket, also to the rooms in its own list.
    pub(crate) fn add(&mut self, socket: &Arc<Socket>) {
        self.newest += 1;
        socket.set_serial(self.newest);
        self.sockets.insert(self.newest, socket.clone());
        self.ids.insert(socket.id().into(), socket.clone());
        for room in socket.rooms().iter() {
            self.rooms.entry(room.clone()).or_default().insert(self.newest, socket.clone());
        }
    }

    /// Removes a socket. It keeps its own list, which its `$disconnect` handler sees.
    pub(crate) fn remove(&mut self, socket: &Socket) {
        self.sockets.remove(&socket.serial());
        self.ids.remove(socket.id());
        for room in socket.rooms().iter() {
            self.take_out(socket, room);
        }
    }

    /// All rooms and their members.
    #[cfg(test)]
    pub(crate) fn rooms(&self) -> &HashMap<Arc<str>, Members> {
        &self.rooms
    }

    /// All sockets.
    pub(crate) fn sockets(&self) -> &Members {
        &self.sockets
    }

    /// The serial of the socket that was added last.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// The members of a room: the socket whose id is its name, and those that joined it.
    pub(crate) fn members(&self, room: &str) -> (Option<&Arc<Socket>>, Option<&Members>) {
        (self.ids.get(room), self.rooms.get(room))
    }

    fn is_in(&self, socket: &Socket, room: &str) -> bool {
        socket.id() == room || self.rooms.get(room).is_some_and(|members| members.contains_key(&socket.serial()))
    }

    /// Adds a socket to rooms. False if it could not join them all because it is in `limit` rooms.
    pub(crate) fn join(&mut self, socket: &Socket, rooms: &[String], limit: usize) -> bool {
        // It has left the namespace.
        let Some(socket) = self.ids.get(socket.id()).cloned() else { return true };
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

    /// Takes a socket out of rooms.
    pub(crate) fn leave(&mut self, socket: &Socket, rooms: &RoomList<'_>) {
        // One that has left the namespace keeps its list.
        socket.leave_rooms(|room| rooms.has(room) && self.take_out(socket, room));
    }

    /// Takes a socket out of a room's members; false if it was not one.
    fn take_out(&mut self, socket: &Socket, room: &str) -> bool {
        let Some(members) = self.rooms.get_mut(room) else { return false };
        let removed = members.remove(&socket.serial()).is_some();
        if members.is_empty() {
            self.rooms.remove(room);
        }
        removed
    }
}

/// Names of rooms that many sockets are to leave.
#[derive(Debug)]
pub(crate) enum RoomList<'a> {
    One(&'a str),
    Many(HashSet<&'a str>),
}

impl<'a> RoomList<'a> {
    pub(crate) fn new(rooms: &'a [String], budget: &mut Budget) -> Self {
        match rooms {
            [room] => Self::One(room),
            rooms => {
                budget.take(rooms.len());
                Self::Many(rooms.iter().map(String::as_str).collect())
            }
        }
    }

    pub(crate) fn has(&self, room: &str) -> bool {
        match self {
            Self::One(name) => *name == room,
            Self::Many(names) => names.contains(room),
        }
    }
}
