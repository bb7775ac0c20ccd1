//! The other nodes that serve the same clients.
//!
//! Rooms are local and synchronous; the cluster is remote, asynchronous and may fail. The gateway delivers to its own
//! sockets first and then publishes; nothing here is called under a lock. Messages of other nodes come in through
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

/// The future of a call to the cluster.
pub type ClusterFuture<T> = Pin<Box<dyn Future<Output = Result<T, ClusterError>> + Send>>;

/// Reaches the sockets of the other nodes.
///
/// A call that returns `None` has nothing to wait for: with one node nothing is allocated and nothing is awaited.
pub trait Cluster: Send + Sync + Debug + 'static {
    /// Has the other nodes carry out an operation. When this returns, the message has its place in the order of this
    /// node's messages; the future completes when the cluster has taken it.
    fn publish(&self, message: Message<'_>) -> Option<ClusterFuture<()>>;

    /// Has the other nodes send an event and wait for its recipients' acknowledgements, no longer than `wait`. As with
    /// [`Cluster::publish`], the message has its place in the order when this returns. The channel closes when nothing
    /// more will come; the implementation bounds the bytes that wait in it.
    fn ask(&self, message: Message<'_>, wait: Duration) -> Option<mpsc::UnboundedReceiver<RemoteAnswer>>;

    /// The matching sockets of the other nodes.
    fn fetch_sockets(&self, scope: Scope<'_>) -> Option<ClusterFuture<FoundSockets>>;
}

/// Which sockets of a namespace are meant, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The namespace's path.
    pub namespace: &'a str,
    /// Id of the socket whose handler asks; none if no socket does.
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

/// What comes back from an event that asks for acknowledgements.
#[derive(Debug)]
pub enum RemoteAnswer {
    /// This many other nodes are to say how many sockets they ask. Those that have not by the end are missing.
    Nodes(u32),
    /// One of them has asked this many sockets.
    Asked(usize),
    /// A socket has answered.
    Answer(Payload),
}

/// Sockets of other nodes.
#[derive(Debug, Default)]
pub struct FoundSockets {
    /// Those of the nodes that answered.
    pub sockets: Vec<RemoteSocket>,
    /// Nodes that did not answer in time.
    pub missing_nodes: u32,
}

/// Why a call to the cluster failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The bus between the nodes is not reachable. The text says what was tried.
    #[error("cannot reach the other nodes: {0}")]
    Unreachable(String),
    /// The queue of messages to publish is full; this message was dropped.
    #[error("the queue of messages to other nodes is full")]
    Full,
}

/// A cluster of this node alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct OneNode;

impl Cluster for OneNode {
    fn publish(&self, _: Message<'_>) -> Option<ClusterFuture<()>> {
        None
    }

    fn ask(&self, _: Message<'_>, _: Duration) -> Option<mpsc::UnboundedReceiver<RemoteAnswer>> {
        None
    }

    fn fetch_sockets(&self, _: Scope<'_>) -> Option<ClusterFuture<FoundSockets>> {
        None
    }
}
