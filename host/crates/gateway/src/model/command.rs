//! What a handler asks of the gateway.

use socket_io::Payload;

/// One command. Its contents have been checked ([`CommandChecks`](super::CommandChecks)): payloads are JSON arrays,
/// names are not reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Sends an event to the socket itself.
    Emit {
        /// The event's name.
        event: String,
        /// Its arguments.
        payload: Payload,
        /// May be dropped if the client receives slowly.
        volatile: bool,
    },
    /// Adds the socket to rooms.
    Join(Vec<String>),
    /// Takes the socket out of a room.
    Leave(String),
    /// Takes the socket out of the namespace.
    Disconnect {
        /// Ends its whole session.
        close: bool,
    },
    /// Acknowledges the current event, whose client waits for that.
    Acknowledge(Payload),
    /// Replaces the socket's `data`, the text of a JSON object.
    SetData(String),
    /// Does something to every matching socket, of any node.
    Sockets {
        /// Which sockets.
        target: Target,
        /// What is done to each.
        operation: Operation,
    },
}

impl Command {
    /// Sends an event to every matching socket.
    pub fn broadcast(target: Target, event: impl Into<String>, payload: Payload) -> Self {
        Self::Sockets { target, operation: Operation::Emit { event: event.into(), payload } }
    }
}

/// What is done to each of several sockets. Between nodes it travels as it is here, never as an encoded packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Sends an event.
    Emit {
        /// The event's name.
        event: String,
        /// Its arguments.
        payload: Payload,
    },
    /// Adds the socket to rooms.
    Join(Vec<String>),
    /// Takes the socket out of rooms.
    Leave(Vec<String>),
    /// Takes the socket out of the namespace.
    Disconnect {
        /// Ends its whole session.
        close: bool,
    },
}

/// Which sockets of a namespace are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// In any of these rooms; empty: all sockets of the namespace.
    pub rooms: Vec<String>,
    /// But in none of these.
    pub except: Vec<String>,
    /// Not the socket that runs the handler.
    pub exclude_sender: bool,
    /// May be dropped for a client that receives slowly.
    pub volatile: bool,
    /// Only sockets of this node.
    pub local: bool,
}

/// A target, and who asks. Decides which sockets are selected, both among those in rooms and when packets are replayed.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Which sockets are meant.
    pub target: &'a Target,
    /// Id of the socket whose handler asked; none if no socket did.
    pub sender: Option<&'a str>,
}

impl Selection<'_> {
    /// Whether this is the socket that asks, and is not meant.
    pub fn is_sender(&self, id: &str) -> bool {
        self.target.exclude_sender && self.sender == Some(id)
    }

    /// Whether a socket is selected. `is_in` tells whether it is in a room, that of its own id included.
    pub fn includes(&self, id: &str, is_in: impl Fn(&String) -> bool) -> bool {
        let wanted = self.target.rooms.is_empty() || self.target.rooms.iter().any(&is_in);
        wanted && !self.is_sender(id) && !self.target.except.iter().any(is_in)
    }
}
