//! Limits on handlers, in addition to those of the gateway and the runtime.

use std::time::Duration;

/// What one handler may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerLimits {
    /// Wall time of one event or plain HTTP request, waiting included. Beyond: the call is dropped, and only it fails.
    pub time: Duration,
    /// Events that one instance handles, one after the other. With 1, every event gets a fresh instance.
    pub reuse: u32,
    /// Bytes of the body of one plain HTTP request. Beyond: status 413.
    pub request_body: usize,
    /// Plain HTTP requests that wait for an instance. Beyond: status 503.
    pub waiting_requests: usize,
}

impl Default for HandlerLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(10), reuse: 1, request_body: 1_000_000, waiting_requests: 1_000 }
    }
}
