//! The key-value store of the namespace.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::realtime::gateway::kv::{self, Assignment, Comparison, Expectation, Selection};
use crate::encode::to_json;
use crate::error::{Error, ErrorKind};
use crate::json;

/// `ns.kv()`: values by key, which outlive events, clients and the host's process. The store belongs to the namespace.
///
/// Calls are no commands: each takes effect at once, is durable when it returns, and stands although the handler fails
/// later or refuses the client. Commands that were called before take effect first. It cannot be used while handlers are
/// registered.
///
/// Values are JSON, of any type that [serde](crate::serde) can write and read; [`get_bytes`](Kv::get_bytes) and
/// [`set_bytes`](Kv::set_bytes) are for binary data. Keys have at most 1 KiB, values 1 MiB; an event may make 1,000
/// calls and exchange 8 MiB (settings of the host).
///
/// ```no_run
/// use guest_sdk::{Error, RealtimeNamespace};
///
/// let ns = RealtimeNamespace::new("/chat");
/// ns.socket().on("$connect", move || -> Result<(), Error> {
///     let visits = ns.kv().increment("visits", 1)?;
///     ns.socket().emit("visits", visits);
///     Ok(())
/// });
/// ns.socket().on("rename", move |name: String| ns.kv().set("name", name));
/// ns.socket().on("name", move || ns.kv().get::<String>("name"));
/// ```
///
/// # Errors
///
/// Every call can fail: [`PayloadTooLarge`](ErrorKind::PayloadTooLarge) (a key or a value),
/// [`RateLimited`](ErrorKind::RateLimited) (too much in this event), [`NotAllowed`](ErrorKind::NotAllowed),
/// [`Unavailable`](ErrorKind::Unavailable) (the store cannot be reached, or its disk failed); and what adds to the store,
/// [`QuotaExceeded`](ErrorKind::QuotaExceeded). Values that are not of the type that was asked for are
/// [`Other`](ErrorKind::Other).
#[derive(Debug, Clone, Copy)]
pub struct Kv(());

/// The first byte of a value that is not JSON. No JSON begins with it. As in the other languages' SDKs.
const BYTES: u8 = 0;

/// Entries of one page of a listing.
const PAGE: u32 = 100;

impl Kv {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// The value of a key.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let topic: Option<String> = ns.kv().get("topic")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get<T: DeserializeOwned>(self, key: &str) -> Result<Option<T>, Error> {
        let entry = kv::get(key).map_err(|error| failed("kv.get", error))?;
        entry.map(|entry| decode("kv.get", key, &entry.value)).transpose()
    }

    /// The values of several keys, in their order, as they are at one moment.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let scores: Vec<Option<u32>> = ns.kv().get_many(["score:ada", "score:bob"])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_many<T: DeserializeOwned>(
        self,
        keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Vec<Option<T>>, Error> {
        let keys: Vec<String> = keys.into_iter().map(Into::into).collect();
        let entries = kv::get_many(&keys).map_err(|error| failed("kv.get_many", error))?;
        let pairs = entries.into_iter().zip(&keys);
        pairs.map(|(entry, key)| entry.map(|entry| decode("kv.get_many", key, &entry.value)).transpose()).collect()
    }

    /// The bytes of a key that [`set_bytes`](Kv::set_bytes) has set.
    pub fn get_bytes(self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let entry = kv::get(key).map_err(|error| failed("kv.get_bytes", error))?;
        let bytes = |value: Vec<u8>| match value.split_first() {
            Some((&BYTES, bytes)) => Ok(bytes.to_vec()),
            _ => Err(Error::msg(format_args!("kv.get_bytes: the value of `{key}` is JSON, use `get`"))),
        };
        entry.map(|entry| bytes(entry.value)).transpose()
    }

    /// Whether there is a value.
    pub fn has(self, key: &str) -> Result<bool, Error> {
        kv::has(key).map_err(|error| failed("kv.has", error))
    }

    /// Sets a value, which stays until it is replaced or deleted.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// ns.kv().set("topic", "elephants")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set(self, key: &str, value: impl Serialize) -> Result<(), Error> {
        put("kv.set", key, encode("kv.set", &value)?, None)
    }

    /// Sets a value that is gone after this time.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// ns.kv().set_for("typing:ada", true, Duration::from_secs(5))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_for(self, key: &str, value: impl Serialize, ttl: Duration) -> Result<(), Error> {
        put("kv.set_for", key, encode("kv.set_for", &value)?, Some(ttl))
    }

    /// Sets binary data, for [`get_bytes`](Kv::get_bytes).
    pub fn set_bytes(self, key: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut value = Vec::with_capacity(1 + bytes.len());
        value.push(BYTES);
        value.extend_from_slice(bytes);
        put("kv.set_bytes", key, value, None)
    }

    /// Sets all values or none.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// ns.kv().set_many([("score:ada", 3), ("score:bob", 2)])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_many<V: Serialize>(self, values: impl IntoIterator<Item = (impl Into<String>, V)>) -> Result<(), Error> {
        let mut assignments = Vec::new();
        for (key, value) in values {
            assignments.push(Assignment { key: key.into(), value: encode("kv.set_many", &value)?, ttl_ms: None });
        }
        kv::set_many(&assignments).map_err(|error| failed("kv.set_many", error))
    }

    /// Deletes a value. Whether it was there.
    pub fn delete(self, key: &str) -> Result<bool, Error> {
        kv::delete(key).map_err(|error| failed("kv.delete", error))
    }

    /// Deletes all values or none. How many were there.
    pub fn delete_many(self, keys: impl IntoIterator<Item = impl Into<String>>) -> Result<u64, Error> {
        let keys: Vec<String> = keys.into_iter().map(Into::into).collect();
        kv::delete_many(&keys).map_err(|error| failed("kv.delete_many", error))
    }

    /// Adds to a number, which is 0 if it is not there, and returns the sum. However many handlers do so at once, nothing
    /// is lost. Error: [`NotANumber`](ErrorKind::NotANumber) if the value, or the sum, is not an `i64`.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let online = ns.kv().increment("online", 1)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn increment(self, key: &str, delta: i64) -> Result<i64, Error> {
        kv::increment(key, delta, None).map_err(|error| failed("kv.increment", error))
    }

    /// As [`increment`](Kv::increment); if the number was not there, it is gone after this time. For limits on rates.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let key = format!("messages:{}", ns.socket().handshake().address);
    /// if ns.kv().increment_for(&key, 1, Duration::from_secs(60))? > 100 {
    ///     return Err(guest_sdk::Error::msg("too many messages"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn increment_for(self, key: &str, delta: i64, ttl: Duration) -> Result<i64, Error> {
        kv::increment(key, delta, milliseconds(Some(ttl))).map_err(|error| failed("kv.increment_for", error))
    }

    /// Sets a value if another is there; `None` is the absence of a value. Whether it was set.
    ///
    /// Values are compared as JSON text, so the other must have been written from the same type. To compute a value
    /// from the old one, [`update`](Kv::update) is simpler.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let first = ns.kv().compare_and_set("owner", None::<&str>, Some(ns.socket().id()))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn compare_and_set(
        self,
        key: &str,
        expected: Option<impl Serialize>,
        value: Option<impl Serialize>,
    ) -> Result<bool, Error> {
        let call = "kv.compare_and_set";
        let expected = match expected {
            Some(expected) => Expectation::Value(encode(call, &expected)?),
            None => Expectation::Absent,
        };
        let value = value.map(|value| encode(call, &value)).transpose()?;
        let done = kv::compare_and_set(key, &expected, value.as_deref(), None).map_err(|error| failed(call, error))?;
        Ok(matches!(done, Comparison::Done(_)))
    }

    /// Replaces a value by what the function makes of it, and returns the new one. If another handler changes the value
    /// meanwhile, the function is called again with the changed one. The new value has no time to live.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let names: Vec<String> = ns.kv().update("names", |names: Option<Vec<String>>| {
    ///     let mut names = names.unwrap_or_default();
    ///     names.push("Ada".to_owned());
    ///     names
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update<T: Serialize + DeserializeOwned>(
        self,
        key: &str,
        mut function: impl FnMut(Option<T>) -> T,
    ) -> Result<T, Error> {
        let call = "kv.update";
        let mut entry = kv::get(key).map_err(|error| failed(call, error))?;
        loop {
            let (old, expected) = match entry {
                Some(entry) => (Some(decode(call, key, &entry.value)?), Expectation::Version(entry.version)),
                None => (None, Expectation::Absent),
            };
            let new = function(old);
            let value = encode(call, &new)?;
            match kv::compare_and_set(key, &expected, Some(&value), None).map_err(|error| failed(call, error))? {
                Comparison::Done(_) => return Ok(new),
                Comparison::Different(other) => entry = other,
            }
        }
    }

    /// Keys and values whose keys begin with this, in the order of the keys' bytes, fetched as they are asked for.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// for entry in ns.kv().list::<u32>("score:") {
    ///     let (key, score) = entry?;
    ///     println!("{key} is {score}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list<T: DeserializeOwned>(self, prefix: &str) -> impl Iterator<Item = Result<(String, T), Error>> {
        let read = |entry: Result<(String, Vec<u8>), Error>| {
            let (key, value) = entry?;
            let value = decode("kv.list", &key, &value)?;
            Ok((key, value))
        };
        Listing::new("kv.list", prefix, false).map(read)
    }

    /// The keys that begin with this, in the order of their bytes.
    pub fn keys(self, prefix: &str) -> impl Iterator<Item = Result<String, Error>> {
        Listing::new("kv.keys", prefix, true).map(|entry| entry.map(|(key, _)| key))
    }

    /// Deletes all values whose keys begin with this; with `""`, all. How many there were.
    pub fn clear(self, prefix: &str) -> Result<u64, Error> {
        kv::clear(prefix).map_err(|error| failed("kv.clear", error))
    }
}

/// Goes through the pages.
struct Listing {
    call: &'static str,
    /// None when there is no further page.
    next: Option<Selection>,
    page: std::vec::IntoIter<(String, kv::Entry)>,
}

impl Listing {
    fn new(call: &'static str, prefix: &str, keys_only: bool) -> Self {
        let first = Selection { prefix: prefix.to_owned(), cursor: None, limit: PAGE, keys_only };
        Self { call, next: Some(first), page: Vec::new().into_iter() }
    }
}

impl Iterator for Listing {
    type Item = Result<(String, Vec<u8>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, entry)) = self.page.next() {
                return Some(Ok((key, entry.value)));
            }
            let mut selection = self.next.take()?;
            match kv::list_entries(&selection) {
                Ok(page) => {
                    self.page = page.entries.into_iter();
                    selection.cursor = page.cursor;
                    self.next = Some(selection).filter(|selection| selection.cursor.is_some());
                }
                Err(error) => return Some(Err(failed(self.call, error))),
            }
        }
    }
}

fn put(call: &str, key: &str, value: Vec<u8>, ttl: Option<Duration>) -> Result<(), Error> {
    kv::set(key, &value, milliseconds(ttl)).map_err(|error| failed(call, error))
}

/// A time that is too long stays too long, so that the host refuses it.
fn milliseconds(ttl: Option<Duration>) -> Option<u64> {
    ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
}

fn encode(call: &str, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let json = to_json(value).map_err(|error| Error::of_call(format_args!("{call}"), error))?;
    Ok(json.into_bytes())
}

fn decode<T: DeserializeOwned>(call: &str, key: &str, value: &[u8]) -> Result<T, Error> {
    if value.first() == Some(&BYTES) {
        return Err(Error::msg(format_args!("{call}: the value of `{key}` is binary, use `get_bytes`")));
    }
    let problem = |why: &dyn std::fmt::Display| Error::msg(format_args!("{call}: the value of `{key}`: {why}"));
    let text = std::str::from_utf8(value).map_err(|_| problem(&"it is neither JSON nor written by an SDK"))?;
    json::from_str(text).map_err(|why| problem(&why))
}

/// The error that the host answered a call with. The text begins with the call.
fn failed(call: &str, error: kv::Error) -> Error {
    let (kind, reason) = match error {
        kv::Error::KeyTooLong(limit) => {
            (ErrorKind::PayloadTooLarge { limit }, format!("a key has more than {limit} bytes"))
        }
        kv::Error::ValueTooLarge(limit) => {
            (ErrorKind::PayloadTooLarge { limit }, format!("the value has more than {limit} bytes"))
        }
        kv::Error::TooMuch(reason) | kv::Error::NotAllowed(reason) => (ErrorKind::NotAllowed, reason),
        kv::Error::RateLimited(reason) => (ErrorKind::RateLimited, reason),
        kv::Error::QuotaExceeded(limit) => {
            (ErrorKind::QuotaExceeded { limit }, format!("the store would have more than {limit} bytes"))
        }
        kv::Error::NotANumber => {
            (ErrorKind::NotANumber, "the value is not an integer of 64 bits, or would not be".to_owned())
        }
        kv::Error::InvalidTtl => (ErrorKind::NotAllowed, "a time to live is between 1 ms and 100 years".to_owned()),
        kv::Error::Unavailable(reason) => (ErrorKind::Unavailable, format!("the store is unavailable: {reason}")),
    };
    Error::new(kind, format!("{call}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_and_bytes_are_not() {
        assert_eq!(encode("set", &("a", 1)).unwrap(), br#"["a",1]"#);
        assert_eq!(decode::<(String, u8)>("get", "k", br#"["a",1]"#).unwrap(), ("a".to_owned(), 1));
        let bytes = decode::<u8>("kv.get", "k", &[BYTES, 1]).unwrap_err();
        assert_eq!(bytes.to_string(), "kv.get: the value of `k` is binary, use `get_bytes`");
        let other = decode::<u8>("kv.get", "k", br#""x""#).unwrap_err();
        assert!(other.to_string().starts_with("kv.get: the value of `k`: "), "{other}");
        assert!(decode::<u8>("kv.get", "k", &[0xFF]).is_err());
        assert!(decode::<u8>("kv.get", "k", b"").is_err());
    }

    #[test]
    fn errors_name_the_call_and_have_a_kind() {
        let error = failed("kv.set", kv::Error::QuotaExceeded(10));
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded { limit: 10 });
        assert_eq!(error.to_string(), "kv.set: the store would have more than 10 bytes");
    }
}
