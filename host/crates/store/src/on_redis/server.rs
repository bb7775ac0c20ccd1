//! What is asked of a server before it is used.

use std::collections::HashMap;

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use redis_link::RedisAddress;

use super::refusal::ConnectError;

/// The oldest that has what is used here.
const OLDEST: (u32, u32) = (7, 0);

/// The format of the keys and of what is in them.
const FORMAT: u64 = 1;

/// What an operator should know of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerState {
    /// `Redis 7.0.15`
    pub version: String,
    /// Changes are written to its append-only file. If not, a crash loses all of them since its last snapshot.
    pub appends: bool,
    /// How it makes room when it is full, if that may remove entries: `allkeys-lru`, say.
    pub evicts: Option<String>,
}

/// Asks whether a server can keep stores.
pub(super) async fn check(
    connection: &mut MultiplexedConnection,
    address: &RedisAddress,
    prefix: &str,
) -> Result<ServerState, ConnectError> {
    let refused = |error| ConnectError::of(address, &error);
    let info: String = redis::cmd("INFO").query_async(connection).await.map_err(refused)?;
    let state = read(&info, address)?;
    let found = format(connection, prefix).await.map_err(refused)?;
    if found == Some(FORMAT) {
        return Ok(state);
    }
    Err(ConnectError::Format { address: address.clone(), prefix: prefix.to_owned(), known: FORMAT })
}

/// The format of what is there; of a server without stores, ours from now on.
async fn format(connection: &mut MultiplexedConnection, prefix: &str) -> RedisResult<Option<u64>> {
    let key = format!("{prefix}:kv:format");
    redis::cmd("SET").arg(&key).arg(FORMAT).arg("NX").exec_async(connection).await?;
    let found: Option<String> = redis::cmd("GET").arg(&key).query_async(connection).await?;
    Ok(found.and_then(|found| found.parse().ok()))
}

fn read(info: &str, address: &RedisAddress) -> Result<ServerState, ConnectError> {
    let fields: HashMap<&str, &str> = info.lines().filter_map(|line| line.trim_end().split_once(':')).collect();
    let field = |name| fields.get(name).copied().unwrap_or_default();
    // Valkey also tells which Redis it is compatible with.
    let (name, number) = match (fields.get("valkey_version"), fields.get("redis_version")) {
        (Some(number), _) => ("Valkey", *number),
        (None, number) => ("Redis", number.copied().unwrap_or("of an unknown version")),
    };
    let version = format!("{name} {number}");
    let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
    if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST {
        return Err(ConnectError::TooOld { address: address.clone(), version });
    }
    if field("redis_mode") == "cluster" || field("cluster_enabled") == "1" {
        return Err(ConnectError::Cluster(address.clone()));
    }
    if field("role") == "slave" {
        return Err(ConnectError::Replica(address.clone()));
    }
    let policy = field("maxmemory_policy");
    Ok(ServerState {
        version,
        appends: field("aof_enabled") == "1",
        evicts: policy.starts_with("allkeys-").then(|| policy.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(info: &str) -> Result<ServerState, String> {
        read(info, &"redis://example.org".parse().unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_is_known_by_what_it_says() {
        let info = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n# Replication\r\nrole:master\r\n\
                    maxmemory_policy:noeviction\r\naof_enabled:1\r\n";
        let expected = ServerState { version: "Redis 7.0.15".to_owned(), appends: true, evicts: None };
        assert_eq!(state(info), Ok(expected));
        let valkey = state("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.0\r\n").unwrap();
        assert_eq!((valkey.version.as_str(), valkey.appends), ("Valkey 8.1.0", false));
        let cache = state("redis_version:8.0.1\r\nmaxmemory_policy:allkeys-lru\r\n").unwrap();
        assert_eq!(cache.evicts.as_deref(), Some("allkeys-lru"));
    }

    #[test]
    fn one_that_cannot_keep_stores_is_refused() {
        for (info, says) in [
            ("redis_version:6.2.14\r\n", "is Redis 6.2.14"),
            ("", "is Redis of an unknown version"),
            ("redis_version:7.0.15\r\nredis_mode:cluster\r\n", "Redis Cluster"),
            ("redis_version:7.0.15\r\nrole:slave\r\n", "replica"),
        ] {
            let error = state(info).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
