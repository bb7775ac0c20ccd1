//! When to ping a client, and when to give up on it (Engine.IO protocol 4, section "Heartbeat").
//!
//! Time is an argument; the transport's task calls [`Heartbeat::due`] at [`Heartbeat::deadline`].

use std::time::Duration;
use tokio::time::Instant;

/// The server's side of the heartbeat of one session.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    interval: Duration,
    timeout: Duration,
    wait: Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// The next ping is due at this time.
    Ping { ping_at: Instant },
    /// A pong must come before this time. Any other packet extends it, but only once for each ping, so that a client
    /// that never answers pings cannot stay by sending other packets.
    Pong { until: Instant, extended: bool },
}

/// What the transport has to do at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// The deadline has moved.
    Nothing,
    /// Send a ping.
    Ping,
    /// The client is gone.
    TimedOut,
}

impl Heartbeat {
    /// Starts when the session opens.
    pub(crate) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self { interval, timeout, wait: Wait::Ping { ping_at: now + interval } }
    }

    /// When [`Heartbeat::due`] is to be called next.
    pub(crate) fn deadline(&self) -> Instant {
        match self.wait {
            Wait::Ping { ping_at } => ping_at,
            Wait::Pong { until, .. } => until,
        }
    }

    /// Checks the deadline. While the transport is not read (`paused`), a missing pong proves nothing.
    pub(crate) fn due(&mut self, now: Instant, paused: bool) -> Due {
        if now < self.deadline() {
            return Due::Nothing;
        }
        match self.wait {
            Wait::Ping { .. } => {
                self.wait = Wait::Pong { until: now + self.timeout, extended: false };
                Due::Ping
            }
            Wait::Pong { .. } if paused => {
                self.read_again(now);
                Due::Nothing
            }
            Wait::Pong { .. } => Due::TimedOut,
        }
    }

    /// The transport is read again after a pause: a pong that came meanwhile may still be unread.
    pub(crate) fn read_again(&mut self, now: Instant) {
        if let Wait::Pong { until, .. } = &mut self.wait {
            *until = now + self.timeout;
        }
    }

    /// A packet other than a pong came in.
    pub(crate) fn packet(&mut self, now: Instant) {
        if let Wait::Pong { until, extended: extended @ false } = &mut self.wait {
            *until = now + self.timeout;
            *extended = true;
        }
    }

    /// A pong came in.
    pub(crate) fn pong(&mut self, now: Instant) {
        self.wait = Wait::Ping { ping_at: now + self.interval };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(25);
    const TIMEOUT: Duration = Duration::from_secs(20);
    const TICK: Duration = Duration::from_millis(1);

    fn started() -> (Heartbeat, Instant) {
        let now = Instant::now();
        (Heartbeat::new(INTERVAL, TIMEOUT, now), now)
    }

    #[test]
    fn pings_after_the_interval_and_gives_up_after_the_timeout() {
        let (mut h, t) = started();
        assert_eq!(h.due(t + INTERVAL - TICK, false), Due::Nothing);
        assert_eq!(h.due(t + INTERVAL, false), Due::Ping);
        assert_eq!(h.due(t + INTERVAL + TIMEOUT - TICK, false), Due::Nothing);
        assert_eq!(h.due(t + INTERVAL + TIMEOUT, false), Due::TimedOut);
    }

    #[test]
    fn a_pong_starts_the_next_interval() {
        let (mut h, t) = started();
        assert_eq!(h.due(t + INTERVAL, false), Due::Ping);
        let pong = t + INTERVAL + Duration::from_secs(3);
        h.pong(pong);
        assert_eq!(h.deadline(), pong + INTERVAL);
        assert_eq!(h.due(pong + INTERVAL, false), Due::Ping);
    }

    #[test]
    fn other_packets_extend_the_wait_once() {
        let (mut h, t) = started();
        assert_eq!(h.due(t + INTERVAL, false), Due::Ping);
        let packet = t + INTERVAL + Duration::from_secs(19);
        h.packet(packet);
        h.packet(packet + Duration::from_secs(19));
        assert_eq!(h.due(packet + TIMEOUT, false), Due::TimedOut);
    }

    #[test]
    fn a_paused_session_does_not_time_out() {
        let (mut h, t) = started();
        assert_eq!(h.due(t + INTERVAL, true), Due::Ping);
        let late = t + INTERVAL + 10 * TIMEOUT;
        assert_eq!(h.due(late, true), Due::Nothing);
        h.read_again(late + TICK);
        assert_eq!(h.due(late + TIMEOUT, false), Due::Nothing);
        assert_eq!(h.due(late + TICK + TIMEOUT, false), Due::TimedOut);
    }
}
