//! Where Redis is.

use std::fmt;

use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

/// The address of Redis, with the user and the password. Neither is shown.
#[derive(Clone)]
pub struct Address {
    url: String,
    /// In a box, because errors have the address, too.
    info: Box<ConnectionInfo>,
}

/// A URL that names no Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a URL of Redis")]
pub struct AddressError;

impl Address {
    /// Reads `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS. The error does not repeat the text,
    /// which may have a password.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn parse(url: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = url.split_once("://").ok_or(AddressError)?;
        // The crate also knows sockets of Unix, and settings that only its users can mean.
        if !["redis", "rediss"].contains(&scheme) || rest.contains(['?', '#']) {
            return Err(AddressError);
        }
        let info = url.into_connection_info().map_err(|_| AddressError)?;
        // Messages of channels come beside replies, on one connection.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(Self { url: url.to_owned(), info: Box::new(info.set_redis_settings(settings)) })
    }

    pub(super) fn info(&self) -> ConnectionInfo {
        (*self.info).clone()
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

impl Eq for Address {}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.info.addr().fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let address = Address::parse("redis://me:secret@redis.example:7000/2").unwrap();
        assert_eq!(address.to_string(), "redis.example:7000");
        assert_eq!(format!("{address:?}"), "Address(redis.example:7000)");
        assert_eq!(Address::parse("redis://127.0.0.1").unwrap().to_string(), "127.0.0.1:6379");
        for bad in [
            "",
            "127.0.0.1:6379",
            "http://127.0.0.1",
            "redis://",
            "redis://a:b",
            "redis://h/x",
            "redis+unix:///r",
            "redis://h?a=b",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
