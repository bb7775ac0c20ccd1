//! Connections to Redis, and why there is none.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, PushInfo, RedisError, Value, cmd};
use redis_link::RedisAddress;

/// Longest pause between two attempts to connect.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long Redis may take to let us in.
const CONNECT: Duration = Duration::from_secs(5);
/// How long Redis may take to answer. Then the connection is as good as gone.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// The oldest version that the formats were tried with.
const OLDEST: u32 = 7;

/// Why there is no connection to Redis.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody answers, or not as Redis does.
    #[error("cannot reach Redis at {}: {cause}", address.server())]
    Unreachable {
        /// Where.
        address: RedisAddress,
        /// What failed.
        cause: String,
    },
    /// The user or the password is wrong, or missing.
    #[error("Redis at {} refuses the user or the password", .0.server())]
    Refused(RedisAddress),
    /// A version that lacks something.
    #[error("Redis at {} is too old: {version}", address.server())]
    TooOld {
        /// Where.
        address: RedisAddress,
        /// What it says that it is.
        version: String,
    },
}

impl ConnectError {
    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "start Redis there, or give another address: redis://USER:PASSWORD@HOST:PORT",
            Self::Refused(_) => "give them in the address: redis://USER:PASSWORD@HOST:PORT, or redis://:PASSWORD@HOST",
            Self::TooOld { .. } => "use Redis 7.0 or newer, or Valkey",
        }
    }
}

/// Opens connections to one Redis.
#[derive(Debug)]
pub(crate) struct Connector {
    address: RedisAddress,
}

impl Connector {
    pub(crate) fn new(address: RedisAddress) -> Self {
        Self { address }
    }

    pub(crate) fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// A connection whose messages go to `push`, which must not wait.
    pub(crate) async fn open(
        &self,
        push: impl Fn(PushInfo) -> Result<(), redis::aio::SendError> + Send + Sync + 'static,
    ) -> Result<MultiplexedConnection, ConnectError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_push_sender(push);
        let failed = |error: RedisError| self.explain(&error);
        let client = self.address.client().map_err(failed)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.map_err(failed)?;
        let hello: HashMap<String, Value> = cmd("HELLO").query_async(&mut connection).await.map_err(failed)?;
        match hello.get("version") {
            Some(Value::BulkString(version)) => self.check_version(&String::from_utf8_lossy(version))?,
            Some(Value::SimpleString(version)) => self.check_version(version)?,
            _ => self.check_version("it does not say its version")?,
        }
        Ok(connection)
    }

    fn check_version(&self, version: &str) -> Result<(), ConnectError> {
        let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        if major.is_some_and(|major| major >= OLDEST) {
            return Ok(());
        }
        Err(ConnectError::TooOld { address: self.address.clone(), version: version.to_owned() })
    }

    /// What an error means. Its text is Redis's own, or the system's: neither repeats the password.
    fn explain(&self, error: &RedisError) -> ConnectError {
        let (address, cause) = (self.address.clone(), error.to_string());
        match error.kind() {
            ErrorKind::AuthenticationFailed => ConnectError::Refused(address),
            kind if kind == ErrorKind::RESP3NotSupported || cause.contains("unknown command") => {
                ConnectError::TooOld { address, version: "it does not know the command HELLO".to_owned() }
            }
            _ if ["NOAUTH", "WRONGPASS"].iter().any(|code| cause.contains(code)) => ConnectError::Refused(address),
            _ => ConnectError::Unreachable { address, cause },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_refused() {
        let connector = Connector::new("redis://:secret@h:1".parse().unwrap());
        for good in ["7.0.15", "8", "7.2.4"] {
            assert!(connector.check_version(good).is_ok(), "{good}");
        }
        for bad in ["6.2.14", "5.0.7", "", "x"] {
            let error = connector.check_version(bad).unwrap_err();
            assert_eq!(error.to_string(), format!("Redis at h:1 is too old: {bad}"));
        }
    }
}
