//! Lets `host kv` use the store of a running host, which has its file alone.

use std::path::Path;
use std::sync::Arc;

use store::{Backend, Limits, LocalServer};
use tokio::task::JoinHandle;

use crate::config::Data;

/// A store that is served to `host kv`.
pub(super) struct Local(JoinHandle<()>);

impl Local {
    /// None if there is nothing to serve, or the system refuses; handlers do not need it.
    pub(super) fn serve(data: &Data, backend: Arc<dyn Backend>, limits: Arc<Limits>) -> Option<Self> {
        let Data::Folder(folder) = data else { return None };
        let server = LocalServer::bind(folder).inspect_err(|error| warn(folder, error)).ok()?;
        Some(Self(tokio::spawn(server.serve(backend, limits))))
    }

    /// Takes no more calls, and removes the socket.
    pub(super) async fn stop(self) {
        self.0.abort();
        // It was cancelled, as it was told to.
        let _ = self.0.await;
    }
}

fn warn(folder: &Path, error: &std::io::Error) {
    tracing::warn!(
        folder = %folder.display(),
        "`host kv` can use the store only while this host is stopped, because no socket can be made there: {error}"
    );
}
