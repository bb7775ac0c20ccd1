//! The trait that the gateway calls for every event.
//!
//! The gateway knows nothing of WebAssembly; `guest` implements [`EventHandler`] for components, and a worker reached
//! over HTTP can be a second implementation.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use jiff::Timestamp;
use socket_io::Payload;

use crate::context::EventContext;
use crate::model::{Description, Event, HandlerError};

/// A future that a session's task can own.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Option<Payload>, HandlerError>> + Send>>;
/// The future of a run that no client caused.
pub type RunFuture = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

/// Runs the handlers of one namespace.
pub trait EventHandler: Send + Sync + 'static {
    /// The handler's description, which never changes.
    fn description(&self) -> &Description;

    /// Handles one event. The payload that is returned is the acknowledgement.
    ///
    /// Commands go to [`EventContext::apply`], in the order they were called, whenever the handler waits and when it
    /// returns. A handler that fails must not apply the commands that it had not applied by then.
    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture;

    /// The handler of plain HTTP requests, if there is one.
    fn requests(self: Arc<Self>) -> Option<Arc<dyn RequestHandler>> {
        None
    }

    /// Does the work of a schedule of the description, which was to begin at `due`. Commands are as in
    /// [`EventHandler::handle`].
    fn run(self: Arc<Self>, schedule: Arc<str>, due: Timestamp, context: EventContext) -> RunFuture {
        let _ = (due, context);
        Box::pin(async move { Err(HandlerError::NotStarted(format!("there is no schedule `{schedule}`"))) })
    }
}

/// Body of a request. Its error means that the client is gone.
pub type RequestBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;
/// Body of an answer. An error while it is sent ends the connection.
pub type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;
/// An answer. It is dropped if the client goes away.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Response<ResponseBody>> + Send>>;
/// Cuts a request's connection, for an answer that will never be complete and whose client does not read.
pub type CutConnection = Box<dyn FnOnce() + Send>;

/// Answers plain HTTP requests: those that are neither Socket.IO nor a file.
pub trait RequestHandler: Send + Sync + 'static {
    /// Answers one request. Dropping the future, or the answer's body before its end, stops the work for it.
    fn answer(
        self: Arc<Self>,
        request: Request<RequestBody>,
        context: EventContext,
        cut: CutConnection,
    ) -> ResponseFuture;
}
