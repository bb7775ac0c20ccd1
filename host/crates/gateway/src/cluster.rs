//! The other nodes that serve the same clients.
//!
//! Rooms are local and synchronous; the cluster is remote, asynchronous and may fail. The gateway delivers to its own
//! sockets first and then publishes; nothing here is called under a lock. What comes from other nodes goes in through
//! [`Gateway::receive`](crate::Gateway::receive) and its neighbours.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use socket_io::Payload;
use tokio::sync::mpsc;

use crate::model::{Operation, RemoteSocket, Target};

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;

/// A future of the cluster's.
pub type ClusterFuture<T> = Pin<Box<dyn Future<Output = Result<T, ClusterError>> + Send>>;

/// Reaches the sockets of the other nodes.
///
/// A call that returns no future has nothing to wait for: with one node nothing is allocated and nothing is waited for.
pub trait Cluster: Send + Sync + Debug + 'static {
    /// Has the other nodes carry out an operation. When this returns, the message has its place among those that this node
    /// publishes; the future ends when the cluster has taken it.
    fn publish(&self, message: Message<'_>) -> Option<ClusterFuture<()>>;

    /// Has the other nodes send an event and ask its recipients for acknowledgements, for as long as `wait`. The channel
    /// closes when nothing more will come.
    fn ask(&self, message: Message<'_>, wait: Duration) -> Option<mpsc::Receiver<RemoteAnswer>>;

    /// The matching sockets of the other nodes.
    fn fetch_sockets(&self, scope: Scope<'_>) -> Option<ClusterFuture<FoundSockets>>;

    /// The names of the other nodes that are there at present.
    fn nodes(&self) -> Option<ClusterFuture<Vec<String>>>;
}

/// Which sockets of a namespace are meant, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The namespace's path.
    pub namespace: &'a str,
    /// Id of the socket whose handler asks; none where no socket does.
    pub sender: Option<&'a str>,
    /// Which sockets.
    pub target: &'a Target,
}

/// An operation for other nodes: an event travels as its name and payload, never as an encoded packet.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Which sockets are meant.
    pub scope: Scope<'a>,
    /// What is done to each.
    pub operation: &'a Operation,
}

/// What comes back of an event that asks for acknowledgements.
#[derive(Debug)]
pub enum RemoteAnswer {
    /// A node has asked so many sockets.
    Asked(usize),
    /// A socket has answered.
    Answer(Payload),
    /// So many nodes did not say how many sockets they asked.
    NodesMissing(u32),
}

/// Sockets of other nodes.
#[derive(Debug, Default)]
pub struct FoundSockets {
    /// Those of the nodes that answered.
    pub sockets: Vec<RemoteSocket>,
    /// Nodes that did not answer in time.
    pub missing_nodes: u32,
}

/// The cluster did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// What connects the nodes is not there. The text says what was tried.
    #[error("cannot reach the other nodes: {0}")]
    Unreachable(String),
    /// What waits to be published takes all the room that there is for it; the message was dropped.
    #[error("too much waits for the other nodes")]
    Full,
}

/// A cluster of this node alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneNode;

impl Cluster for OneNode {
    fn publish(&self, _: Message<'_>) -> Option<ClusterFuture<()>> {
        None
    }

    fn ask(&self, _: Message<'_>, _: Duration) -> Option<mpsc::Receiver<RemoteAnswer>> {
        None
    }

    fn fetch_sockets(&self, _: Scope<'_>) -> Option<ClusterFuture<FoundSockets>> {
        None
    }

    fn nodes(&self) -> Option<ClusterFuture<Vec<String>>> {
        None
    }
}
