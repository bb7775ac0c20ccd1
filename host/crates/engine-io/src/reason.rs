//! Why a session ended.

use std::fmt;

/// Why a session ended, in the reference server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The client closed the transport, or it vanished.
    TransportClose,
    /// The transport failed, or the client broke the transport's rules.
    TransportError,
    /// The client did not answer a ping in time.
    PingTimeout,
    /// The client sent something that is not a packet, or too much of it.
    ParseError,
    /// The server closed the session.
    ForcedClose,
    /// The server closed the session because its client joined no namespace, or broke the order of packets.
    ForcedServerClose,
    /// The host stops.
    ServerShuttingDown,
}

impl CloseReason {
    /// The text that a `$disconnect` handler gets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::ServerShuttingDown => "server shutting down",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
