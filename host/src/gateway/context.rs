//! What a handler sees of the gateway while it handles one event.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::acks::{Collector, Waiter};
use super::adapter::{AckRequest, Selection};
use super::handler::{Answers, CallError, Command, Handshake, RemoteSocket, Target};
use super::namespace::Namespace;
use super::socket::{Rooms, Socket};
use super::{commands, encode};
use crate::socket_io::Payload;

#[cfg(test)]
#[path = "context_tests.rs"]
mod tests;

/// Commands of a `$connect` handler, which take effect when it has accepted the client.
pub(super) type Held = Arc<Mutex<Vec<Command>>>;

/// The current event's socket and namespace, as a handler sees them.
#[derive(Debug)]
pub struct EventContext {
    namespace: Arc<Namespace>,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    socket: Arc<Socket>,
    /// As they were when the event began.
    rooms: Rooms,
    /// In `$connect` only.
    held: Option<Held>,
}

impl EventContext {
    /// The context of an event of a socket.
    pub(super) fn of(socket: &Arc<Socket>, held: Option<Held>) -> Self {
        let current = Current { socket: socket.clone(), rooms: socket.rooms(), held };
        Self { namespace: socket.namespace().clone(), current: Some(current) }
    }

    /// The context of a call that no socket caused.
    pub fn without_socket(namespace: Arc<Namespace>) -> Self {
        Self { namespace, current: None }
    }

    /// The namespace's path.
    pub fn namespace(&self) -> &str {
        self.namespace.path()
    }

    /// The current socket's id; none where no socket caused the call.
    pub fn socket_id(&self) -> Option<&str> {
        Some(self.current.as_ref()?.socket.id())
    }

    /// The socket's rooms when the event began, its own id first.
    pub fn rooms(&self) -> Vec<String> {
        let Some(current) = &self.current else { return Vec::new() };
        let own = std::iter::once(current.socket.id().to_owned());
        own.chain(current.rooms.iter().map(ToString::to_string)).collect()
    }

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

    /// Whether the connection took up an earlier one.
    pub fn recovered(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.socket.recovered())
    }

    /// Carries out commands, in order. In `$connect` they are held until the handler has returned.
    pub fn apply(&self, commands: Vec<Command>) {
        match &self.current {
            Some(Current { held: Some(held), .. }) => held.lock().extend(commands),
            current => commands::apply(&self.namespace, current.as_ref().map(|current| &current.socket), commands),
        }
    }

    /// Sends an event to the socket and waits for its acknowledgement.
    ///
    /// # Errors
    ///
    /// In `$connect`; where the socket is not connected, or leaves meanwhile; where no answer comes in time.
    pub async fn emit_with_ack(&self, event: &str, payload: &Payload, wait: Duration) -> Result<Payload, CallError> {
        self.may_ask()?;
        let socket = &self.current.as_ref().ok_or(CallError::NotConnected)?.socket;
        let id = self.namespace.next_ack_id();
        let (sender, answer) = oneshot::channel();
        if !socket.expect_ack(id, Waiter::One(sender)) {
            return Err(CallError::NotConnected);
        }
        socket.send(encode::question(self.namespace.path(), id, event, payload), false);
        match timeout(wait, answer).await {
            Ok(Ok(payload)) => Ok(payload),
            Ok(Err(_)) => Err(CallError::NotConnected),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    /// Sends an event to the matching sockets and waits for their acknowledgements. Together they may have as many bytes
    /// as may wait unhandled in one session; those beyond count as missing.
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
        let id = self.namespace.next_ack_id();
        let (collector, mut answers) = Collector::new(self.namespace.answer_bytes());
        let packet = encode::question(self.namespace.path(), id, event, payload);
        let request = AckRequest { id, answers: collector };
        let asked = self.namespace.adapter().broadcast_with_ack(self.select(target), packet, request);
        let mut received = Vec::new();
        // Sockets that leave drop their senders, so that the channel ends early where all that is missing has left.
        let _ = timeout(wait, async {
            while received.len() < asked
                && let Some(answer) = answers.recv().await
            {
                received.push(answer);
            }
        })
        .await;
        let missing = u32::try_from(asked - received.len()).unwrap_or(u32::MAX);
        Ok(Answers { received, missing })
    }

    /// The matching sockets.
    ///
    /// # Errors
    ///
    /// None at present; an adapter that asks other nodes may fail.
    pub async fn fetch_sockets(&self, target: &Target) -> Result<Vec<RemoteSocket>, CallError> {
        Ok(self.namespace.adapter().fetch_sockets(self.select(target)).await)
    }

    fn select<'a>(&'a self, target: &'a Target) -> Selection<'a> {
        Selection { target, sender: self.socket_id() }
    }

    /// In `$connect` nothing may be sent before the handler has accepted the client.
    fn may_ask(&self) -> Result<(), CallError> {
        match &self.current {
            Some(Current { held: Some(_), .. }) => Err(CallError::NotAllowed(
                "$connect cannot wait for acknowledgements: nothing is sent before it returns; ask in a later event"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}
