//! Bounds on what clients and handlers may use of the gateway.

use std::time::Duration;

use engine_io::SessionLimits;

/// What one client, and one event of a handler, may use.
///
/// The limits on packets and on a socket's rooms are the same for clients and for handlers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Bounds on sessions; `payload` bounds one Socket.IO packet, attachments included.
    pub session: SessionLimits,
    /// Attachments of one packet. Beyond: the session is closed (`parse error`); an error to the handler.
    pub attachments: usize,
    /// Time from the opening of a session to the first CONNECT. Beyond: the session is closed.
    pub connect_timeout: Duration,
    /// Bytes of the `auth` that a client joins a namespace with. Beyond: CONNECT_ERROR.
    pub auth: usize,
    /// Events of one socket that wait for its handler. Beyond: the session is not read.
    pub waiting_events: usize,
    /// Bytes of one session that wait for handlers. Beyond: the session is not read. Also the total bytes of the
    /// answers to one broadcast; answers beyond that count as missing.
    pub unhandled_bytes: usize,
    /// Namespaces that one session may join. Beyond: CONNECT_ERROR.
    pub namespaces_per_session: usize,
    /// Rooms that one socket is in at once, and rooms that one operator names. Beyond: an error to the handler.
    pub rooms_per_socket: usize,
    /// Commands of one event. Beyond: an error to the handler.
    pub commands: usize,
    /// Bytes of the commands of one event. Beyond: an error to the handler.
    pub command_bytes: usize,
    /// Time that the commands of `$connect` may take once it has returned; those of other events take effect within the
    /// handler's time. Beyond: the rest takes no effect.
    pub commands_time: Duration,
    /// Bytes of a socket's `data`. Beyond: an error to the handler, and the old value stays.
    pub socket_data: usize,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            session: SessionLimits::default(),
            attachments: 10,
            connect_timeout: Duration::from_secs(45),
            auth: 64 << 10,
            waiting_events: 64,
            unhandled_bytes: 4 << 20,
            namespaces_per_session: 32,
            rooms_per_socket: 1_000,
            commands: 10_000,
            command_bytes: 8 << 20,
            commands_time: Duration::from_secs(10),
            socket_data: 64 << 10,
        }
    }
}

/// Limits on the state that is kept for clients that were cut off, for each namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryLimits {
    /// How long a client may be gone.
    pub duration: Duration,
    /// Sent packets that are kept; none: as many as fit `bytes`. Beyond: the oldest are dropped.
    pub packets: Option<usize>,
    /// Bytes of these packets, and as many again for the state of lost sockets. Beyond: the oldest are dropped. Packets for
    /// one socket alone may take a sixteenth; beyond, its own oldest are dropped.
    pub bytes: usize,
}

impl Default for RecoveryLimits {
    /// `duration` is the reference server's.
    fn default() -> Self {
        Self { duration: Duration::from_secs(120), packets: None, bytes: 16 << 20 }
    }
}
