//! Why a socket left its namespace.

use engine_io::CloseReason;

/// Why a socket left its namespace, in the reference server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespace,
    /// A handler disconnected the socket.
    ServerNamespace,
    /// The session ended.
    Session(CloseReason),
}

impl DisconnectReason {
    /// The text that a `$disconnect` handler gets.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespace => "client namespace disconnect",
            Self::ServerNamespace => "server namespace disconnect",
            Self::Session(reason) => reason.as_str(),
        }
    }

    /// Whether the client was cut off and may resume the socket, by the reference server's rules.
    pub fn is_recoverable(self) -> bool {
        matches!(self, Self::Session(reason) if reason != CloseReason::ParseError)
    }

    /// Whether events that the client sent before it left are still handled: not if the server made it leave.
    pub fn keeps_events(self) -> bool {
        match self {
            Self::ClientNamespace => true,
            Self::ServerNamespace => false,
            Self::Session(reason) => match reason {
                CloseReason::TransportClose
                | CloseReason::TransportError
                | CloseReason::PingTimeout
                | CloseReason::ParseError => true,
                CloseReason::ForcedClose | CloseReason::ForcedServerClose | CloseReason::ServerShuttingDown => false,
            },
        }
    }
}
