//! A handler's view of the gateway during one event.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use socket_io::Payload;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::acks::Waiter;
use crate::cluster::Scope;
use crate::commands::{Applying, Caller, Origin};
use crate::encode;
use crate::model::{Answers, CallError, Command, Handshake, ListedSocket, RemoteSocket, RoomNames, Target};
use crate::namespace::Namespace;
use crate::questions::{self, Reach};
use crate::socket::Socket;

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
    caller: Caller,
    /// The socket's rooms when the event began.
    rooms: RoomNames,
    /// Set in `$connect` only.
    held: Option<Held>,
}

impl EventContext {
    /// The context of an event of a socket.
    /// `ack` is the id with which the client waits for the event's acknowledgement.
    pub(crate) fn of(namespace: &Arc<Namespace>, socket: &Arc<Socket>, ack: Option<u64>, held: Option<Held>) -> Self {
        let caller = Caller { socket: socket.clone(), ack };
        let current = CurrentSocket { caller, rooms: socket.rooms(), held };
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
        Some(self.current.as_ref()?.caller.socket.id())
    }

    /// Whether the client waits for an acknowledgement of the event.
    pub fn wants_ack(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.caller.ack.is_some())
    }

    /// The socket's rooms when the event began, its own id first.
    pub fn rooms(&self) -> Vec<String> {
        let Some(current) = &self.current else { return Vec::new() };
        let own = std::iter::once(current.caller.socket.id().to_owned());
        own.chain(current.rooms.iter().map(ToString::to_string)).collect()
    }

    /// The handshake with which the client joined; none if the call has no socket.
    pub fn handshake(&self) -> Option<Arc<Handshake>> {
        Some(self.current.as_ref()?.caller.socket.handshake().clone())
    }

    /// The address of the client that caused the event; none if the call has no socket.
    pub fn address(&self) -> Option<IpAddr> {
        Some(self.current.as_ref()?.caller.socket.handshake().request.address)
    }

    /// JSON text of the socket's `data`.
    pub fn data(&self) -> Arc<str> {
        self.current.as_ref().map_or_else(|| "{}".into(), |current| current.caller.socket.data())
    }

    /// Whether the client is connected now.
    pub fn connected(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.caller.socket.connected())
    }

    /// Whether the client resumed an earlier connection.
    pub fn recovered(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.caller.socket.recovered())
    }

    /// Carries out commands, in order. In `$connect` they are held until the handler has returned.
    ///
    /// When this returns, they have begun to take effect; what needs more than one slice goes on when the future is
    /// polled. Await it before reporting the event's outcome.
    pub fn apply(&self, commands: Vec<Command>) -> Applying {
        let mut applying = Applying::default();
        self.apply_after(&mut applying, commands);
        applying
    }

    /// The same for commands that take effect after earlier ones of the event.
    pub fn apply_after(&self, earlier: &mut Applying, commands: Vec<Command>) {
        match &self.current {
            Some(CurrentSocket { held: Some(held), .. }) => held.lock().extend(commands),
            current => {
                let caller = current.as_ref().map(|current| current.caller.clone());
                earlier.add(&self.namespace, Origin::Handler(caller), commands);
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
        let socket = &self.current.as_ref().ok_or(CallError::NotConnected)?.caller.socket;
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

    /// The matching sockets, at most `most` bytes ([`RemoteSocket::size`]). They are shared, not copied.
    ///
    /// # Errors
    ///
    /// If they are more bytes, or if other nodes did not answer or could not be asked.
    pub async fn fetch_sockets(&self, target: &Target, most: usize) -> Result<Vec<RemoteSocket>, CallError> {
        questions::fetch(&self.namespace, self.scope(target), Reach::of(target), most).await
    }

    /// Ids and rooms of the matching sockets, at most `most` bytes.
    ///
    /// # Errors
    ///
    /// As [`EventContext::fetch_sockets`].
    pub async fn list_sockets(&self, target: &Target, most: usize) -> Result<Vec<ListedSocket>, CallError> {
        questions::list(&self.namespace, self.scope(target), Reach::of(target), most).await
    }

    /// How many sockets match.
    ///
    /// # Errors
    ///
    /// If other nodes did not answer, or could not be asked.
    pub async fn count_sockets(&self, target: &Target) -> Result<usize, CallError> {
        questions::count(&self.namespace, self.scope(target), Reach::of(target)).await
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
