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

impl RemoteSocket {
    /// Approximate bytes of all that it says, each text counted as if it were copied.
    pub fn size(&self) -> usize {
        let Handshake { request, auth, .. } = &*self.handshake;
        let pairs = request.headers.iter().chain(request.query.iter());
        let pairs = pairs.map(|(name, value)| 2 * NAME + name.len() + value.len()).sum::<usize>();
        SOCKET + pairs + self.id.len() + rooms_size(&self.rooms) + auth.len() + request.url.len() + self.data.len()
    }
}

/// A socket's id and rooms, for those who need no more.
#[derive(Debug, Clone)]
pub struct ListedSocket {
    /// The socket's id.
    pub id: String,
    /// Without the room of its own id.
    pub rooms: RoomNames,
}

impl ListedSocket {
    /// Approximate bytes of all that it says, each text counted as if it were copied.
    pub fn size(&self) -> usize {
        2 * (NAME + self.id.len()) + rooms_size(&self.rooms)
    }
}

/// Bytes charged for a name in a list, beside its text.
const NAME: usize = size_of::<String>();
/// Bytes charged for a socket, beside its texts.
const SOCKET: usize = 256;

fn rooms_size(rooms: &[Arc<str>]) -> usize {
    rooms.iter().map(|room| NAME + room.len()).sum()
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
