//! The traits that the layer above implements to serve sessions.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::time::Instant;

use crate::memory::ClientMemory;
use crate::pairs::Pairs;
use crate::reason::CloseReason;
use crate::session::Session;

/// Serves the sessions of an endpoint.
pub trait Service: Send + Sync + 'static {
    /// The handler of one session.
    type Handler: SessionHandler;

    /// The number to which sessions are charged.
    fn memory(&self) -> Arc<ClientMemory> {
        Arc::default()
    }

    /// Makes the handler of a session that was just opened.
    fn open(&self, session: Arc<Session>, request: ClientRequest, now: Instant) -> Self::Handler;
}

impl<S: Service> Service for Arc<S> {
    type Handler = S::Handler;

    fn open(&self, session: Arc<Session>, request: ClientRequest, now: Instant) -> S::Handler {
        (**self).open(session, request, now)
    }

    fn memory(&self) -> Arc<ClientMemory> {
        (**self).memory()
    }
}

/// Serves one session. Its methods are called by the session's task alone, one at a time.
pub trait SessionHandler: Send + Unpin + 'static {
    /// Takes a message of the client.
    ///
    /// # Errors
    ///
    /// The session is closed for the reason that is returned.
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason>;

    /// Whether [`SessionHandler::message`] takes more now. While it does not, the transport is not read.
    fn wants_input(&self) -> bool;

    /// Continues the work that messages caused. Ready when there is none left.
    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// The session ended. [`SessionHandler::poll_work`] is still called until no work is left.
    fn close(&mut self, reason: CloseReason);

    /// Bytes that it keeps for the client, which it does not charge itself.
    fn held(&self) -> usize {
        0
    }

    /// When the session is to be closed unless its client joins a namespace before; none once it has.
    fn expires(&self) -> Option<Instant>;
}

/// A message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message<'a> {
    /// A text, without its packet type.
    Text(&'a str),
    /// Bytes.
    Binary(Bytes),
}

/// The first request of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRequest {
    /// Names in lower case, in order of arrival; the values of a repeated header are joined with `, `.
    pub headers: Pairs,
    /// Decoded.
    pub query: Pairs,
    /// The client's address.
    pub address: std::net::IpAddr,
    /// Path and query.
    pub url: Box<str>,
}

impl ClientRequest {
    /// Bytes of memory that it takes.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.headers.size() + self.query.size() + self.url.len()
    }
}
