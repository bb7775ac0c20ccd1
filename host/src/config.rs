//! Checked values that the rest of the host works with: bounds on what clients and guests may use.
//!
//! A leaf: it imports nothing of the host. `cli` makes these from flags and environment variables.

use std::time::Duration;

/// What one client may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLimits {
    /// Bytes of one Socket.IO packet, attachments included, and of one polling request.
    pub payload: usize,
    /// Attachments of one packet.
    pub attachments: usize,
    /// From open to the first CONNECT.
    pub connect_timeout: Duration,
    pub ping_interval: Duration,
    pub ping_timeout: Duration,
    /// From the opening of the second transport to the end of the upgrade.
    pub upgrade_timeout: Duration,
    /// Events of one socket that wait for its handler.
    pub waiting_events: usize,
    /// Bytes of one session that the client has not received yet.
    pub unsent_bytes: usize,
    /// Bytes of one session that handlers have not got yet.
    pub unhandled_bytes: usize,
    pub sessions: usize,
    /// Sessions from one address; none: as many as `sessions`.
    pub sessions_per_address: Option<usize>,
    pub namespaces_per_session: usize,
    /// Rooms that one socket is in at once.
    pub rooms_per_socket: usize,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            payload: 1_000_000,
            attachments: 10,
            connect_timeout: Duration::from_secs(45),
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            waiting_events: 64,
            unsent_bytes: 4 << 20,
            unhandled_bytes: 4 << 20,
            sessions: 100_000,
            sessions_per_address: None,
            namespaces_per_session: 32,
            rooms_per_socket: 1_000,
        }
    }
}

/// What one handler may use, and all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerLimits {
    /// Wall time of one event, waiting included.
    pub time: Duration,
    /// Bytes of linear memory of one instance.
    pub memory: usize,
    /// Table elements of one instance.
    pub table_elements: usize,
    /// Instances at once; further events wait.
    pub instances: usize,
    /// Bytes of linear memory of all instances together.
    pub total_memory: usize,
    /// Commands of one event.
    pub commands: usize,
    /// Bytes of the commands of one event.
    pub command_bytes: usize,
    /// Bytes of one packet that a handler sends, attachments included.
    pub payload: usize,
    /// Attachments of one packet.
    pub attachments: usize,
    /// Bytes of a socket's `data`.
    pub socket_data: usize,
    /// Rooms that one socket is in at once.
    pub rooms_per_socket: usize,
}
