//! Ending a connection in the middle of an answer.

use std::sync::Arc;

use tokio::sync::Notify;

/// The right to end the connection that a request came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Cuts the connection, for an answer that will never be complete. An error of a body does the same, but only after
    /// the client has read what came before it.
    pub(crate) fn cut(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn is_cut(&self) {
        self.0.notified().await;
    }
}
