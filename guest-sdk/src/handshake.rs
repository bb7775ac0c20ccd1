//! The handshake: the data of a connection when its client joined the namespace.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::realtime::gateway::types::HandshakeDetails;
use crate::error::{Error, ErrorKind};
use crate::json;

/// The data of the connection when the client joined the namespace: headers, query, `auth` and others.
///
/// ```no_run
/// use guest_sdk::{Error, RealtimeNamespace};
///
/// let ns = RealtimeNamespace::new("/chat");
/// ns.socket().on("$connect", move || {
///     let handshake = ns.socket().handshake();
///     let agent = handshake.headers.get("User-Agent").unwrap_or("unknown");
///     let token = handshake.query.get("token");
///     println!("{agent} at {} since {}, token {token:?}", handshake.address, handshake.time);
/// });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Handshake {
    /// Headers of the first request. Names are lower-case; the values of a repeated header are joined with `, `.
    pub headers: Fields,
    /// The decoded query of the first request.
    pub query: Fields,
    /// The client's IP address.
    pub address: String,
    /// When the client joined, in RFC 3339, UTC.
    pub time: String,
    /// The same in milliseconds since 1970.
    pub issued: u64,
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// Path and query of the first request.
    pub url: String,
    /// Whether the first request came from another origin.
    pub xdomain: bool,
    auth: String,
}

impl Handshake {
    /// The client's `auth`; an empty object if it sent none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidArguments`]: `auth` is not a `T`. The text says why.
    ///
    /// ```no_run
    /// use guest_sdk::serde::Deserialize;
    /// use guest_sdk::{Error, RealtimeNamespace};
    ///
    /// #[derive(Deserialize)]
    /// #[serde(crate = "guest_sdk::serde")]
    /// struct Auth {
    ///     username: Option<String>,
    /// }
    ///
    /// let ns = RealtimeNamespace::new("/chat");
    /// ns.socket().on("$connect", move || -> Result<(), Error> {
    ///     let auth: Auth = ns.socket().handshake().auth()?;
    ///     ns.socket().data().set("username", auth.username);
    ///     Ok(())
    /// });
    /// ```
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::from_str(&self.auth)
            .map_err(|error| Error::new(ErrorKind::InvalidArguments, format!("handshake.auth: {error}")))
    }

    /// The client's `auth` as a JSON value. Indexing it with a missing field gives `null`.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// let auth = ns.socket().handshake().auth_value();
    /// let username = auth["username"].as_str().unwrap_or("Anonymous");
    /// ```
    pub fn auth_value(&self) -> Value {
        json::from_str(&self.auth).unwrap_or_default()
    }
}

impl From<HandshakeDetails> for Handshake {
    fn from(details: HandshakeDetails) -> Self {
        let HandshakeDetails { headers, query, auth, address, time, issued, secure, url, xdomain } = details;
        let headers = Fields { pairs: headers, ignore_case: true };
        let query = Fields { pairs: query, ignore_case: false };
        Self { headers, query, address, time, issued, secure, url, xdomain, auth }
    }
}

/// Names and their values, in the order of the request: headers, or a query.
///
/// ```no_run
/// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
/// let language = ns.socket().handshake().headers.get("accept-language").unwrap_or("en").to_owned();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    ignore_case: bool,
}

impl Fields {
    /// The value of a name; the first one if a query repeats the name. Case matters in a query, not in headers.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// let handshake = ns.socket().handshake();
    /// let agent: Option<&str> = handshake.headers.get("User-Agent");
    /// let token: Option<&str> = handshake.query.get("token");
    /// ```
    pub fn get(&self, name: &str) -> Option<&str> {
        let same = |other: &str| if self.ignore_case { other.eq_ignore_ascii_case(name) } else { other == name };
        self.iter().find(|(other, _)| same(other)).map(|(_, value)| value)
    }

    /// All names and values.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// for (name, value) in ns.socket().handshake().headers.iter() {
    ///     println!("{name}: {value}");
    /// }
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn handshake(auth: &str) -> Handshake {
        Handshake::from(HandshakeDetails {
            headers: vec![("user-agent".into(), "test".into())],
            query: vec![("a".into(), "1".into()), ("A".into(), "2".into()), ("a".into(), "3".into())],
            auth: auth.into(),
            address: "127.0.0.1".into(),
            time: "2024-01-01T00:00:00Z".into(),
            issued: 1_704_067_200_000,
            secure: false,
            url: "/socket.io/?a=1".into(),
            xdomain: false,
        })
    }

    #[test]
    fn names_of_headers_ignore_case_those_of_queries_do_not() {
        let handshake = handshake("{}");
        assert_eq!(handshake.headers.get("User-Agent"), Some("test"));
        assert_eq!(handshake.headers.get("cookie"), None);
        assert_eq!(handshake.query.get("a"), Some("1"));
        assert_eq!(handshake.query.get("A"), Some("2"));
        assert_eq!(handshake.query.iter().count(), 3);
    }

    #[test]
    fn auth_is_typed_or_not() {
        assert_eq!(handshake(r#"{"n":1}"#).auth_value(), json!({ "n": 1 }));
        assert_eq!(handshake("[1,2]").auth::<Vec<u8>>().unwrap(), [1, 2]);
        let error = handshake("{}").auth::<String>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArguments);
        assert_eq!(error.to_string(), "handshake.auth: expected a string, found an object");
    }
}
