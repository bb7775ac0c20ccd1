//! Bounds on the sessions of an endpoint.

use std::time::Duration;

/// What the clients of an endpoint may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionLimits {
    /// Bytes of one message, and of the body of one polling request. Beyond: the session is closed (`parse error`), a
    /// POST is answered 413.
    pub payload: usize,
    /// Time between two pings.
    pub ping_interval: Duration,
    /// Time that a client has to answer a ping. Beyond: the session is closed (`ping timeout`).
    pub ping_timeout: Duration,
    /// Time from the opening of a second transport to the end of the upgrade. Beyond: the new transport is closed.
    pub upgrade_timeout: Duration,
    /// Bytes of one session's outbox. Beyond: volatile packets are dropped, then the session is closed.
    pub unsent_bytes: usize,
    /// Sessions at once. Beyond: further ones are refused.
    pub sessions: usize,
    /// Sessions at once from one address; none: as many as `sessions`.
    pub sessions_per_address: Option<usize>,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            payload: 1_000_000,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            unsent_bytes: 4 << 20,
            sessions: 100_000,
            sessions_per_address: None,
        }
    }
}
