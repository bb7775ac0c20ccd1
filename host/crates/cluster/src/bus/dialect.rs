//! What every format can say and hear, in the gateway's terms.

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use gateway::cluster::{Message, Scope};
use gateway::model::{Operation, RemoteSocket};
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::link::{Command, Subscription};
use crate::options::Options;

/// Bounds on one message, sent or received. A handler's event is smaller (8 MiB by default).
pub(crate) const BOUNDS: Bounds = Bounds { bytes: 16 << 20, ..Bounds::DEFAULT };

/// How nodes speak.
pub(crate) trait Dialect: Debug + Send + Sync + 'static {
    /// What to subscribe to for a namespace.
    fn subscriptions(&self, namespace: &str) -> Vec<(Subscription, Lane)>;

    /// The stream that carries operations; none if they are published.
    fn stream(&self) -> Option<&str> {
        None
    }

    /// A channel to which every node of this format subscribes, and no other connection.
    fn census(&self, namespace: &str) -> String;

    /// An operation for other nodes.
    fn operation(&self, message: Message<'_>) -> Result<Command, WireError>;

    /// A request for sockets.
    fn fetch(&self, scope: Scope<'_>, request: &str) -> Result<Command, WireError>;

    /// An event whose recipients are to acknowledge it.
    fn question(&self, message: Message<'_>, wait: Duration, request: &str) -> Result<Command, WireError>;

    /// A reply to another node's request. None if the format has no such reply.
    fn reply(&self, namespace: &str, asker: &Asker, reply: Reply) -> Result<Option<Command>, WireError>;

    /// What another node has said. None if it is this node's own, or of no interest here; it is then decoded as little as
    /// possible.
    fn read(&self, namespace: &str, heard: &Heard, ears: &dyn Ears) -> Result<Option<Incoming>, WireError>;
}

/// What was heard, as it came.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A message on a channel.
    Message { lane: Lane, channel: String, message: Bytes },
    /// An entry of the stream.
    Entry(Vec<(Bytes, Bytes)>),
}

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Broadcasts,
    Requests,
    Responses,
}

/// What decides whether a message is of interest.
pub(crate) trait Ears {
    /// Whether a socket of the namespace is in a room here.
    fn has_room(&self, room: &str) -> bool;

    /// Whether this node waits for replies to a request.
    fn awaits(&self, request: &str) -> bool;

    /// Whether it waits for any.
    fn awaits_any(&self) -> bool;
}

/// What another node has said.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Something to do to sockets. Who asks may want to know when it is done.
    Operation(Options<'static>, Operation, Option<Asker>),
    /// An event whose recipients are to acknowledge it.
    Question(Asker, Options<'static>, String, Payload),
    /// The matching sockets are wanted.
    Fetch(Asker, Options<'static>),
    /// The ids of those in any of the rooms are wanted.
    SocketIds(Asker, Vec<String>),
    /// The names of all rooms are wanted.
    Rooms(Asker),
    /// A reply to a request of this node.
    Reply(String, Reply),
}

/// Who waits for a reply.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// The node.
    pub(crate) node: String,
    /// Its request.
    pub(crate) request: String,
}

/// A reply to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Sockets of one node.
    Sockets(Vec<RemoteSocket>),
    /// Ids of sockets.
    SocketIds(Vec<String>),
    /// Names of rooms.
    Rooms(Vec<String>),
    /// An operation was carried out.
    Done,
    /// How many sockets a node has asked.
    Asked(u64),
    /// What one of them has answered.
    Answered(Payload),
}
