//! A socket as others see it: handlers of other sockets, other nodes, and its client's next connection.

use std::sync::Arc;
use std::time::SystemTime;

use engine_io::handler::ClientRequest;

/// Names of rooms. The room of a socket's own id is not listed: the socket is always in it.
pub type RoomNames = Arc<Vec<Arc<str>>>;

/// A socket as other handlers see it.
#[derive(Debug, Clone)]
pub struct RemoteSocket {
    /// The socket's id.
    pub id: String,
    /// Without the room of its own id.
    pub rooms: RoomNames,
    /// The details of the connection when the client joined.
    pub handshake: Arc<Handshake>,
    /// JSON text of the socket's `data` object.
    pub data: Arc<str>,
}

/// The details of the connection when the client joined the namespace.
#[derive(Debug)]
pub struct Handshake {
    /// The session's first request, which all its sockets share.
    pub request: Arc<ClientRequest>,
    /// JSON text of an object.
    pub auth: String,
    /// When the client joined.
    pub issued: SystemTime,
}

/// The state of a socket whose client was cut off, kept for its return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSocket {
    /// The socket's id.
    pub id: Box<str>,
    /// Without the room of its own id.
    pub rooms: RoomNames,
    /// JSON text of its `data`; `None` means `{}`.
    pub data: Option<Arc<str>>,
    /// The newest offset when it first connected: earlier packets were not for it.
    pub since: u64,
}
