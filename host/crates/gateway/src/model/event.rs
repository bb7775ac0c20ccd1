//! What the gateway gives a handler.

use socket_io::Payload;

/// One event of one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// [`CONNECT`](super::CONNECT), [`DISCONNECT`](super::DISCONNECT), or the name that the client sent.
    pub name: String,
    /// `[]` for [`CONNECT`](super::CONNECT), `["REASON"]` for [`DISCONNECT`](super::DISCONNECT), else what the client
    /// sent after the name.
    pub payload: Payload,
    /// Whether the client waits for an acknowledgement.
    pub wants_ack: bool,
}

/// What clients answered to a broadcast.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// In order of arrival.
    pub received: Vec<Payload>,
    /// Sockets that were asked and did not answer in time.
    pub missing: u32,
    /// Nodes of the cluster that did not answer in time, with an unknown number of sockets each.
    pub missing_nodes: u32,
}
