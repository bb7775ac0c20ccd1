//! A handler's view of the gateway during one event.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use socket_io::Payload;
use telemetry::summary;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::acks::Waiter;
use crate::cluster::{ClusterFuture, Scope};
use crate::model::{Answers, CallError, Command, Handshake, RemoteSocket, RoomNames, Target};
use crate::namespace::Namespace;
use crate::questions::{self, Reach};
use crate::socket::Socket;
use crate::{commands, encode};

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;

/// Commands of a `$connect` handler, which take effect when it has accepted the client.
pub(crate) type Held = Arc<Mutex<Vec<Command>>>;

/// The current event's socket and namespace, as a handler sees them.
#[derive(Debug)]
pub struct EventContext {
    namespace: Arc<Namespace>,
    current: Option<CurrentSocket>,
}

#[derive(Debug)]
struct CurrentSocket {
    socket: Arc<Socket>,
    /// The socket's rooms when the event began.
    rooms: RoomNames,
    /// Set in `$connect` only.
    held: Option<Held>,
}

impl EventContext {
    /// The context of an event of a socket.
    pub(crate) fn of(namespace: &Arc<Namespace>, socket: &Arc<Socket>, held: Option<Held>) -> Self {
        let current = CurrentSocket { socket: socket.clone(), rooms: socket.rooms(), held };
        Self { namespace: namespace.clone(), current: Some(current) }
    }

    /// The context of a call that has no socket, such as a plain HTTP request.
    pub fn without_socket(namespace: Arc<Namespace>) -> Self {
        Self { namespace, current: None }
    }

    /// The namespace's path.
    pub fn namespace(&self) -> &str {
        self.namespace.path()
    }

    /// The current socket's id; none if the call has no socket.
    pub fn socket_id(&self) -> Option<&str> {
        Some(self.current.as_ref()?.socket.id())
    }

    /// The socket's rooms when the event began, its own id first.
    pub fn rooms(&self) -> Vec<String> {
        let Some(current) = &self.current else { return Vec::new() };
        let own = std::iter::once(current.socket.id().to_owned());
        own.chain(current.rooms.iter().map(ToString::to_string)).collect()
    }

    /// The handshake with which the client joined; none if the call has no socket.
    pub fn handshake(&self) -> Option<Arc<Handshake>> {
        Some(self.current.as_ref()?.socket.handshake().clone())
    }

    /// JSON text of the socket's `data`.
    pub fn data(&self) -> Arc<str> {
        self.current.as_ref().map_or_else(|| "{}".into(), |current| current.socket.data())
    }

    /// Whether the client is connected now.
    pub fn connected(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.socket.connected())
    }

    /// Whether the client resumed an earlier connection.
    pub fn recovered(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.socket.recovered())
    }

    /// Carries out commands, in order. In `$connect` they are held until the handler has returned.
    ///
    /// When this returns, they have taken effect on this node. The returned future completes when the messages to other
    /// nodes are on their way; await it before reporting the event's outcome.
    pub fn apply(&self, commands: Vec<Command>) -> Publishing {
        match &self.current {
            Some(CurrentSocket { held: Some(held), .. }) => {
                held.lock().extend(commands);
                Publishing::done()
            }
            current => {
                let socket = current.as_ref().map(|current| &current.socket);
                Publishing::of(commands::apply(&self.namespace, socket, commands))
            }
        }
    }

    /// Sends an event to the socket and waits for its acknowledgement.
    ///
    /// # Errors
    ///
    /// In `$connect`; if the socket is not connected or leaves meanwhile; if no answer comes in time.
    pub async fn emit_with_ack(&self, event: &str, payload: &Payload, wait: Duration) -> Result<Payload, CallError> {
        self.may_ask()?;
        let socket = &self.current.as_ref().ok_or(CallError::NotConnected)?.socket;
        let id = self.namespace.next_ack_id();
        let (sender, answer) = oneshot::channel();
        if !socket.expect_ack(id, Waiter::One(sender)) {
            return Err(CallError::NotConnected);
        }
        let question = encode::question(self.namespace.path(), id, event, payload);
        socket.send(question.charged_to(self.namespace.memory()), false);
        match timeout(wait, answer).await {
            Ok(Ok(payload)) => Ok(payload),
            Ok(Err(_)) => Err(CallError::NotConnected),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Sends an event to the matching sockets and waits for their acknowledgements. Their total size is bounded by
    /// [`GatewayLimits::unhandled_bytes`](crate::model::GatewayLimits::unhandled_bytes); answers beyond that count as
    /// missing.
    ///
    /// # Errors
    ///
    /// In `$connect`.
    pub async fn broadcast_with_ack(
        &self,
        target: &Target,
        event: &str,
        payload: &Payload,
        wait: Duration,
    ) -> Result<Answers, CallError> {
        self.may_ask()?;
        Ok(questions::ask(&self.namespace, self.scope(target), event, payload, wait, Reach::of(target)).await)
    }

    /// The matching sockets.
    ///
    /// # Errors
    ///
    /// If other nodes did not answer, or could not be asked.
    pub async fn fetch_sockets(&self, target: &Target) -> Result<Vec<RemoteSocket>, CallError> {
        questions::fetch(&self.namespace, self.scope(target), Reach::of(target)).await
    }

    fn scope<'a>(&'a self, target: &'a Target) -> Scope<'a> {
        Scope { namespace: self.namespace.path(), sender: self.socket_id(), target }
    }

    /// In `$connect` nothing may be sent before the handler has accepted the client.
    fn may_ask(&self) -> Result<(), CallError> {
        match &self.current {
            Some(CurrentSocket { held: Some(_), .. }) => Err(CallError::NotAllowed(
                "$connect cannot wait for acknowledgements: nothing is sent before it returns; ask in a later event"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// Messages to other nodes that the cluster has not taken yet. A failure is only logged, because the commands have
/// already taken effect on this node.
#[must_use = "await it before reporting the event's outcome"]
pub struct Publishing(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Publishing {
    /// Nothing to wait for.
    pub fn done() -> Self {
        Self(None)
    }

    /// Whether there is nothing to wait for.
    pub fn is_done(&self) -> bool {
        self.0.is_none()
    }

    fn of(futures: Vec<ClusterFuture<()>>) -> Self {
        if futures.is_empty() {
            return Self::done();
        }
        Self(Some(Box::pin(async {
            for future in futures {
                if let Err(error) = future.await {
                    const CAUSE: &str = "other nodes did not get a command";
                    if summary::is_warning_due(CAUSE, "") {
                        tracing::warn!(%error, "{CAUSE}");
                    }
                }
            }
        })))
    }
}

impl Future for Publishing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().map_or(Poll::Ready(()), |future| future.as_mut().poll(cx))
    }
}
