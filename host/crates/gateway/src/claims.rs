//! Who runs what is due, where several nodes serve one namespace.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

use crate::cluster::OneNode;

/// The future of a claim.
pub type ClaimFuture = Pin<Box<dyn Future<Output = Result<Claim, ClaimError>> + Send>>;
/// The future of giving a claim back.
pub type OverFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One run of a schedule, which has the same name and time on every node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The namespace's path.
    pub namespace: Arc<str>,
    /// The schedule's name.
    pub schedule: Arc<str>,
    /// When it is due.
    pub due: Timestamp,
}

/// Decides which node does a run.
///
/// A call that returns `None` has nothing to wait for: with one node nothing is allocated and nothing is awaited.
pub trait Claims: Send + Sync + Debug + 'static {
    /// Claims a run for this node. `None`: it is this node's.
    fn claim(&self, run: &Run) -> Option<ClaimFuture>;

    /// A run that this node had claimed is over. Where this is lost, because the node died or the others cannot be reached,
    /// the claim must end by itself when the run's time is up.
    fn over(&self, run: &Run) -> Option<OverFuture>;
}

/// Whose a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// This node's.
    Ours,
    /// Another node's, which has claimed it before.
    Others,
    /// Nobody's: the schedule's last run still goes, on another node.
    StillGoing,
}

/// Nobody can say whose a run is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ClaimError(pub String);

impl Claims for OneNode {
    fn claim(&self, _: &Run) -> Option<ClaimFuture> {
        None
    }

    fn over(&self, _: &Run) -> Option<OverFuture> {
        None
    }
}
