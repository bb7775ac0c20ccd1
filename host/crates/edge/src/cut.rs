//! Ending a connection in the middle of an answer.

use std::sync::Arc;

use tokio::sync::Notify;

/// The right to end the connection that a request came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<Notify>);

impl Cut {
    /// Ends the connection as it is, for an answer that will never be whole. A body's error does the same, but only when
    /// the client has read what came before it.
    pub(crate) fn cut(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn is_cut(&self) {
        self.0.notified().await;
    }
}
