//! What answers requests that are neither Socket.IO nor a file.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{Request, Response};
use tokio::sync::Notify;

use super::body::RequestBody;

/// A body of any kind. An error while it is sent ends the connection.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// An answer that is dropped where the client goes away.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers requests that are neither Socket.IO nor a file. Upgrades and CORS are not its business.
pub trait RequestHandler: Send + Sync + 'static {
    fn answer(self: Arc<Self>, request: Request<RequestBody>, connection: Connection) -> ResponseFuture;
}

/// The connection that a request came on.
#[derive(Debug, Clone, Default)]
pub struct Connection(Arc<Notify>);

impl Connection {
    /// Ends the connection as it is, for an answer that will never be whole. A body's error does the same, but only
    /// when the client has read what came before it.
    pub fn cut(&self) {
        self.0.notify_one();
    }

    pub(super) async fn is_cut(&self) {
        self.0.notified().await;
    }
}
