//! Why a Redis cannot be used.

use redis::{ErrorKind, RedisError};
use redis_link::RedisAddress;

use crate::error::Error;

/// Why a Redis cannot keep stores. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers there.
    #[error("cannot reach Redis at {address}: {why}")]
    Unreachable {
        /// Where.
        address: RedisAddress,
        /// What the system says.
        why: String,
    },
    /// It answers, and does not do what it is asked.
    #[error("Redis at {address} refuses: {why}")]
    Refused {
        /// Where.
        address: RedisAddress,
        /// What it says.
        why: String,
    },
    /// It has not all that is needed.
    #[error("{address} is {version}, and this host needs 7.0 or later")]
    TooOld {
        /// Where.
        address: RedisAddress,
        /// What it is.
        version: String,
    },
    /// It is one of several that share the keys.
    #[error("{0} belongs to a Redis Cluster")]
    Cluster(RedisAddress),
    /// It is a copy of another.
    #[error("{0} is a replica, to which nobody can write")]
    Replica(RedisAddress),
    /// A version of the host whose format is another has written there.
    #[error("what {address} has below `{prefix}:kv` is not of format {known}, which this host has")]
    Format {
        /// Where.
        address: RedisAddress,
        /// The beginning of keys.
        prefix: String,
        /// This host's format.
        known: u64,
    },
}

impl ConnectError {
    pub(super) fn of(address: &RedisAddress, error: &RedisError) -> Self {
        let (address, why) = (address.clone(), text(error));
        if error.is_io_error() || error.is_timeout() {
            return Self::Unreachable { address, why };
        }
        match error.kind() {
            ErrorKind::RESP3NotSupported => Self::TooOld { address, version: "a Redis before 6.0".to_owned() },
            _ => Self::Refused { address, why },
        }
    }

    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "start Redis there, or name another one with --kv-url; with rediss, SSL_CERT_FILE names certificates to trust"
            }
            Self::Refused { .. } => "check the user and the password of --kv-url, and what this user may do",
            Self::TooOld { .. } => "use Redis 7.0 or later, or Valkey",
            Self::Cluster(_) => "name a Redis that is no part of a cluster",
            Self::Replica(_) => "name the one that it is a copy of",
            Self::Format { .. } => {
                "use the version of the host that wrote it, or begin other stores with another --kv-prefix"
            }
        }
    }
}

/// Most characters of what a server says that are told.
const LONGEST: usize = 200;

/// What is told of an error: one line, of a length that is bounded.
fn text(error: &RedisError) -> String {
    let text = match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    };
    let line = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    line.take(LONGEST).collect()
}

/// What a handler is told of an error.
pub(super) fn failed(error: &RedisError) -> Error {
    Error::Unavailable(format!("Redis: {}", text(error)))
}
