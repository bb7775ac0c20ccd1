//! Where a Redis is, and who we are there. The password is never shown.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisResult};

/// `redis://[user:password@]host[:port][/database]`; `rediss://` for TLS.
#[derive(Clone)]
pub struct RedisAddress {
    info: Arc<ConnectionInfo>,
    /// As it was written, which is what makes two of them equal.
    url: String,
    /// Without user and password.
    shown: String,
}

/// What an address looks like.
const USAGE: &str = "write redis://[user:password@]host[:port][/database], or rediss:// for TLS; in user and password, \
                     letters that are not plain are %-encoded";

impl FromStr for RedisAddress {
    /// What is to be written. It has nothing of the text, which may have a password.
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = url.split_once("://").ok_or(USAGE)?;
        // What the crate knows beside these: sockets of Unix, and settings that only its users can mean.
        if !["redis", "rediss"].contains(&scheme) || rest.contains(['?', '#']) {
            return Err(USAGE);
        }
        let info = url.into_connection_info().map_err(|_| USAGE)?;
        let shown = match info.addr() {
            _ if info.redis_settings().db() < 0 => return Err(USAGE),
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } if !host.is_empty() => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                format!("{scheme}://{host}:{port}/{}", info.redis_settings().db())
            }
            _ => return Err(USAGE),
        };
        // With the third version of the protocol the connection's end is seen at once.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Self { info: Arc::new(info.set_redis_settings(settings)), url: url.to_owned(), shown })
    }
}

impl RedisAddress {
    /// What makes connections. Certificates are checked against those that the system trusts.
    ///
    /// # Errors
    ///
    /// If the crate cannot use the address.
    pub fn client(&self) -> RedisResult<Client> {
        if matches!(self.info.addr(), ConnectionAddr::TcpTls { .. }) {
            // Another part of the host may have chosen one before.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        Client::open(ConnectionInfo::clone(&self.info))
    }

    /// The server alone: `host:port`.
    pub fn server(&self) -> String {
        self.info.addr().to_string()
    }
}

impl PartialEq for RedisAddress {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for RedisAddress {}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, shown) in [
            ("redis://example.org", "redis://example.org:6379/0"),
            ("redis://:secret@127.0.0.1:7000/3", "redis://127.0.0.1:7000/3"),
            ("rediss://user:sec%2Fret@example.org/1", "rediss://example.org:6379/1"),
            ("redis://user:secret@[::1]:7000", "redis://[::1]:7000/0"),
        ] {
            let address: RedisAddress = url.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), shown);
        }
        let address: RedisAddress = "rediss://us%20er:sec%2Fret@example.org/1".parse().unwrap();
        assert_eq!(address.info.redis_settings().username(), Some("us er"));
        assert_eq!(address.info.redis_settings().password(), Some("sec/ret"));
    }

    #[test]
    fn the_server_is_shown_alone() {
        let server = |url: &str| url.parse::<RedisAddress>().unwrap().server();
        assert_eq!(server("redis://me:secret@redis.example:7000/2"), "redis.example:7000");
        assert_eq!(server("redis://127.0.0.1"), "127.0.0.1:6379");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "example.org:6379",
            "http://example.org",
            "redis://",
            "redis://:secret@",
            "redis://a:b",
            "redis://example.org/one",
            "redis://example.org/-1",
            "redis://example.org:99999",
            "redis+unix:///run/redis.sock",
            "rediss://example.org/#insecure",
            "redis://example.org?protocol=resp2",
        ] {
            assert_eq!(url.parse::<RedisAddress>(), Err(USAGE), "{url}");
        }
    }
}
