//! What runs handlers: the trait that the gateway calls for every event, and what passes through it.
//!
//! The gateway knows nothing of WebAssembly; `guest` implements [`EventHandler`] for components, and another process
//! reached over HTTP could be a second implementation.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use super::context::EventContext;
use super::socket::Rooms;
use crate::engine_io::handler::ClientRequest;
use crate::socket_io::Payload;
use crate::telemetry::metrics;

/// A future that a session's task can own.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Option<Payload>, HandlerError>> + Send>>;

/// Runs the handlers of one namespace.
pub trait EventHandler: Send + Sync + 'static {
    /// What the handler says of itself; read once, when it is mounted.
    fn description(&self) -> &Description;

    /// Handles one event. The payload that is returned is the acknowledgement.
    ///
    /// Commands go to [`EventContext::apply`], in the order they were called, whenever the handler waits and when it
    /// returns. A handler that fails must not apply what it had not applied by then.
    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture;
}

/// The namespace and the events that a handler registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The namespace's path; none where the operator decides.
    pub namespace: Option<String>,
    /// Names of the events that have a handler.
    pub events: HashSet<String>,
    /// Whether events that `events` does not name are handled too.
    pub any_event: bool,
}

impl Description {
    /// Whether the handler is run for an event of this name.
    pub fn handles(&self, event: &str) -> bool {
        self.events.contains(event) || (self.any_event && !event.starts_with('$'))
    }
}

/// One event of one socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `$connect`, `$disconnect`, or the name that the client sent.
    pub name: String,
    pub payload: Payload,
    /// Whether the client waits for an acknowledgement.
    pub wants_ack: bool,
}

/// Why a handler did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The handler refuses the connection (`$connect` only).
    #[error("connection rejected: {message}")]
    Rejected {
        message: String,
        /// JSON text.
        data: Option<String>,
    },
    /// The client's arguments are not what the handler takes.
    #[error("invalid arguments: {0}")]
    InvalidArguments(String),
    /// The handler reported a failure.
    #[error("handler failed: {0}")]
    Failed(String),
    /// The handler did not return: a trap, with its backtrace.
    #[error("handler trapped: {0}")]
    Trapped(String),
    /// The handler ran longer than it may.
    #[error("handler ran longer than {}", humantime::format_duration(*.0))]
    TimedOut(std::time::Duration),
    /// The handler asked for more memory or table elements than it may have.
    #[error("handler ran out of memory: {0}")]
    OutOfMemory(String),
    /// The host could not run the handler at all.
    #[error("handler could not be started: {0}")]
    NotStarted(String),
}

impl HandlerError {
    /// Logs and counts it. Without a socket, `event` is a plain HTTP request.
    pub fn report(&self, namespace: &str, socket: Option<&str>, event: &str) {
        let counter = match self {
            Self::Rejected { .. } => return tracing::info!(namespace, socket, event, "{self}"),
            Self::InvalidArguments(_) => {
                metrics().invalid_arguments.increment();
                return tracing::warn!(namespace, socket, event, "{self}");
            }
            Self::Failed(_) => &metrics().handlers_failed,
            Self::Trapped(_) => &metrics().handlers_trapped,
            Self::TimedOut(_) => &metrics().handlers_timed_out,
            Self::OutOfMemory(_) => &metrics().handlers_out_of_memory,
            Self::NotStarted(_) => &metrics().handlers_not_started,
        };
        counter.increment();
        tracing::error!(namespace, socket, event, "{self}");
    }
}

/// What a handler asks of the gateway. Contents are checked before: payloads are JSON arrays, names are not reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Sends an event to the socket itself.
    Emit { event: String, payload: Payload, volatile: bool },
    /// Sends an event to every matching socket.
    Broadcast { target: Target, event: String, payload: Payload },
    /// Adds the socket to rooms.
    Join(Vec<String>),
    /// Takes the socket out of a room.
    Leave(String),
    /// Takes the socket out of the namespace, or ends its session.
    Disconnect { close: bool },
    /// Replaces the socket's `data`, the text of a JSON object.
    SetData(String),
    /// Adds the matching sockets to rooms.
    SocketsJoin { target: Target, rooms: Vec<String> },
    /// Takes the matching sockets out of rooms.
    SocketsLeave { target: Target, rooms: Vec<String> },
    /// Disconnects the matching sockets.
    DisconnectSockets { target: Target, close: bool },
}

/// Which sockets a broadcast reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// In any of these rooms; empty: all sockets of the namespace.
    pub rooms: Vec<String>,
    /// But in none of these.
    pub except: Vec<String>,
    /// Not the socket that runs the handler.
    pub exclude_sender: bool,
    /// May be dropped where a client is slow to receive.
    pub volatile: bool,
    /// Only sockets of this node.
    pub local: bool,
}

/// A call that the gateway did not carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("the socket is not connected")]
    NotConnected,
    #[error("no acknowledgement in time")]
    TimedOut,
    #[error("{0}")]
    NotAllowed(String),
}

/// What clients answered to a broadcast.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// In order of arrival.
    pub received: Vec<Payload>,
    /// How many did not answer in time.
    pub missing: u32,
}

/// A socket as other handlers see it.
#[derive(Debug, Clone)]
pub struct RemoteSocket {
    pub id: String,
    /// Without the one of its own id.
    pub rooms: Rooms,
    pub handshake: Arc<Handshake>,
    /// JSON text of the socket's `data` object.
    pub data: Arc<str>,
}

/// What was known of the connection when the client joined the namespace.
#[derive(Debug)]
pub struct Handshake {
    /// The session's first request, which all its sockets share.
    pub request: Arc<ClientRequest>,
    /// JSON text of an object.
    pub auth: String,
    /// When the client joined.
    pub issued: SystemTime,
}
