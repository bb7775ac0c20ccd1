//! What an operator says about the cluster.

use std::time::Duration;

use redis_link::RedisAddress;

/// How nodes speak. All nodes of a cluster use the same format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// That of `@socket.io/redis-streams-adapter`.
    Streams,
    /// That of `@socket.io/redis-adapter`.
    Pubsub,
}

impl Format {
    /// Its name in flags and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Pubsub => "pubsub",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Streams => Self::Pubsub,
            Self::Pubsub => Self::Streams,
        }
    }
}

/// What an operator says about the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where Redis is.
    pub redis: RedisAddress,
    /// How nodes speak.
    pub format: Format,
    /// What the names of channels and streams begin with.
    pub prefix: String,
    /// Bytes of messages that wait to be sent. Those beyond are dropped and counted.
    pub queue_bytes: usize,
    /// How long a message may wait while Redis is away.
    pub queue_time: Duration,
    /// Bytes of the answers to one broadcast, as [`gateway::model::GatewayLimits::unhandled_bytes`].
    pub answer_bytes: usize,
}

impl Settings {
    /// What the names of channels and streams begin with by default, as with Node.js.
    pub const PREFIX: &str = "socket.io";
    /// The default of [`Settings::queue_bytes`].
    pub const QUEUE_BYTES: usize = 32 << 20;
    /// The default of [`Settings::queue_time`].
    pub const QUEUE_TIME: Duration = Duration::from_secs(30);
}
