//! What a handler sees of the gateway while it handles one event.

use std::sync::Arc;
use std::time::Duration;

use super::handler::{Answers, CallError, Command, Handshake, RemoteSocket, Target};
use crate::socket_io::Payload;

/// The current event's socket and namespace, as a handler sees them.
pub struct EventContext {}

impl EventContext {
    /// The namespace's path.
    pub fn namespace(&self) -> &str {
        todo!()
    }
    /// The current socket's id; none where no socket caused the call.
    pub fn socket_id(&self) -> Option<&str> {
        todo!()
    }
    /// The socket's rooms when the event began.
    pub fn rooms(&self) -> Vec<String> {
        todo!()
    }
    pub fn handshake(&self) -> Option<Arc<Handshake>> {
        todo!()
    }
    /// JSON text of the socket's `data`.
    pub fn data(&self) -> Arc<str> {
        todo!()
    }
    /// Whether the client is connected now.
    pub fn connected(&self) -> bool {
        todo!()
    }
    pub fn recovered(&self) -> bool {
        todo!()
    }
    /// Carries out commands, in order. In `$connect` they are held until the handler has returned.
    pub fn apply(&self, _commands: Vec<Command>) {
        todo!()
    }
    /// Sends an event to the socket and waits for its acknowledgement.
    pub async fn emit_with_ack(
        &self,
        _event: String,
        _payload: Payload,
        _timeout: Duration,
    ) -> Result<Payload, CallError> {
        todo!()
    }
    /// Sends an event to the matching sockets and waits for their acknowledgements.
    pub async fn broadcast_with_ack(
        &self,
        _target: Target,
        _event: String,
        _payload: Payload,
        _timeout: Duration,
    ) -> Result<Answers, CallError> {
        todo!()
    }
    /// The matching sockets.
    pub async fn fetch_sockets(&self, _target: Target) -> Result<Vec<RemoteSocket>, CallError> {
        todo!()
    }
}
