//! Checked values that the rest of the host works with: what to serve, and bounds on what clients and guests may use.
//!
//! A leaf: it imports nothing of the host. `cli` makes these from flags and environment variables.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What `host run` serves, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunConfig {
    /// At least one.
    pub components: Vec<Mount>,
    /// Port 0: a free one.
    pub listen: SocketAddr,
    /// Path of the Socket.IO endpoint; begins and ends with `/`.
    pub path: String,
    pub grants: HandlerGrants,
    pub cors_origins: CorsOrigins,
    /// A folder whose files are served for requests that are neither Socket.IO nor a guest's.
    pub static_dir: Option<PathBuf>,
    /// Where compiled components are kept; none: nowhere. It may not exist yet.
    pub cache_dir: Option<PathBuf>,
    pub client: ClientLimits,
    /// None: a client that was cut off starts anew.
    pub recovery: Option<RecoveryLimits>,
    pub handler: HandlerLimits,
}

/// What `host inspect` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectConfig {
    pub file: PathBuf,
    /// As in [`RunConfig`].
    pub cache_dir: Option<PathBuf>,
    pub handler: HandlerLimits,
}

/// A component to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Begins with `/`; none: the component says it, else `/`.
    pub namespace: Option<String>,
    pub file: PathBuf,
}

/// Origins whose web pages may use long-polling, beside the server's own; browsers do not ask for WebSockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    Any,
    /// Lower-case, as browsers send them: `https://example.org`.
    Only(Vec<String>),
}

/// What handlers have of the world outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerGrants {
    /// Environment variables, each name once.
    pub env: Vec<(String, String)>,
    pub network: AllowedHosts,
}

/// Hosts that handlers may send HTTP requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedHosts {
    Any,
    Only(Vec<AllowedHost>),
}

/// A host by the name that requests call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// Lower-case: `example.org`, `127.0.0.1`, `[::1]`.
    pub name: String,
    /// None: all.
    pub port: Option<u16>,
}

impl AllowedHosts {
    /// Whether a host, in lower case, may be asked at a port.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Only(hosts) => {
                hosts.iter().any(|allowed| allowed.name == host && allowed.port.is_none_or(|allowed| allowed == port))
            }
        }
    }
}

impl Default for AllowedHosts {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

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

/// What is kept for clients that were cut off, for each namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryLimits {
    /// How long a client may be gone.
    pub duration: Duration,
    /// Packets that were sent.
    pub packets: usize,
    /// Bytes of these packets; and as many of the sockets that were lost.
    pub bytes: usize,
}

impl Default for RecoveryLimits {
    /// `duration` is the reference server's.
    fn default() -> Self {
        Self { duration: Duration::from_secs(120), packets: 10_000, bytes: 16 << 20 }
    }
}

/// What one handler may use, and all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerLimits {
    /// Wall time of one event or plain HTTP request, waiting included.
    pub time: Duration,
    /// Bytes of linear memory of one instance.
    pub memory: usize,
    /// Table elements of one instance.
    pub table_elements: usize,
    /// Instances at once; further events wait.
    pub instances: usize,
    /// Events that one instance handles, one after the other. 1: every event has a fresh one.
    pub reuse: u32,
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
    /// Bytes of the body of one plain HTTP request.
    pub request_body: usize,
    /// Plain HTTP requests that wait for an instance.
    pub waiting_requests: usize,
}

impl Default for HandlerLimits {
    /// `instances` and `total_memory` suit a small machine; `cli` sets them from the one it runs on.
    fn default() -> Self {
        let ClientLimits { payload, attachments, rooms_per_socket, .. } = ClientLimits::default();
        Self {
            time: Duration::from_secs(10),
            memory: 128 << 20,
            table_elements: 100_000,
            instances: 128,
            reuse: 1,
            total_memory: 1 << 30,
            commands: 10_000,
            command_bytes: 8 << 20,
            payload,
            attachments,
            socket_data: 64 << 10,
            rooms_per_socket,
            request_body: 1_000_000,
            waiting_requests: 1_000,
        }
    }
}
