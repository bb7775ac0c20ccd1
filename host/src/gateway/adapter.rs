//! What carries broadcasts: the trait that the gateway calls, and what passes through it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::acks::{Collector, Waiter};
use super::handler::{RemoteSocket, Target};
use super::socket::Socket;
use crate::engine_io::Encoded;

/// The sockets that a broadcast reaches.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    pub target: &'a Target,
    /// Id of the socket whose handler asked; none where no socket did.
    pub sender: Option<&'a str>,
}

impl Selection<'_> {
    /// Whether the sender's own socket is left out.
    pub fn excludes(&self, id: &str) -> bool {
        self.target.exclude_sender && self.sender == Some(id)
    }
}

/// Asks sockets for acknowledgements.
#[derive(Debug)]
pub struct AckRequest {
    pub(super) id: u64,
    pub(super) answers: Collector,
}

impl AckRequest {
    /// Sends the packet to one socket and expects its answer. False where the socket has left.
    pub fn ask(&self, socket: &Socket, packet: Encoded) -> bool {
        let asked = socket.expect_ack(self.id, Waiter::Many(self.answers.clone()));
        if asked {
            socket.send(packet, false);
        }
        asked
    }
}

/// Sockets that were found, once all nodes have told.
pub type Found = Pin<Box<dyn Future<Output = Vec<RemoteSocket>> + Send>>;

/// Keeps which sockets of one namespace are in which rooms, and reaches them.
///
/// A socket's id is a room that only it is in, and always; other sockets may join a room of that name.
pub trait Adapter: Send + Sync + std::fmt::Debug + 'static {
    /// A socket has joined the namespace, with the rooms that it has.
    fn add(&self, socket: &Arc<Socket>);

    /// A socket has left the namespace, and all rooms with it.
    fn remove(&self, socket: &Socket);

    /// Adds a socket to rooms, unless it has left the namespace.
    fn join(&self, socket: &Socket, rooms: &[String]);

    /// Takes a socket out of a room.
    fn leave(&self, socket: &Socket, room: &str);

    /// Sends one packet to every selected socket, once each.
    fn broadcast(&self, selection: Selection<'_>, packet: Encoded);

    /// The same, asking each socket for an acknowledgement; returns how many were asked.
    fn broadcast_with_ack(&self, selection: Selection<'_>, packet: Encoded, request: AckRequest) -> usize;

    /// The selected sockets.
    fn fetch_sockets(&self, selection: Selection<'_>) -> Found;

    /// Adds the selected sockets to rooms.
    fn sockets_join(&self, selection: Selection<'_>, rooms: &[String]);

    /// Takes the selected sockets out of rooms.
    fn sockets_leave(&self, selection: Selection<'_>, rooms: &[String]);

    /// Disconnects the selected sockets; `close` ends their sessions.
    fn disconnect_sockets(&self, selection: Selection<'_>, close: bool);
}
