//! The object that the gateway keeps for each connection.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::bindings::realtime::gateway::{socket, types};
use crate::error::Error;
use crate::outcome::Outcome;

/// `socket.data`: a JSON object that the gateway keeps as long as the connection lives, for state of one socket such as
/// a user's name. At most 64 KiB (a setting of the host).
///
/// Handlers share nothing else: each event runs in a fresh instance.
///
/// ```no_run
/// use guest_sdk::RealtimeNamespace;
///
/// let ns = RealtimeNamespace::new("/chat");
/// ns.socket().on("$connect", move || ns.socket().data().set("visits", 1));
/// ns.socket().on("visit", move || -> u32 {
///     let data = ns.socket().data();
///     let visits = data.get("visits").unwrap_or(0) + 1;
///     data.set("visits", visits);
///     visits
/// });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Data(());

impl Data {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// The value of a key. None where there is none, where it is `null`, and where it is not a `T`, which is logged.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// let username: String = ns.socket().data().get("username").unwrap_or_default();
    /// ```
    pub fn get<T: DeserializeOwned>(self, key: &str) -> Option<T> {
        decode(key, object(&socket::data()).get(key)?)
    }

    /// Keeps a value under a key. The next read shows it, in this event too.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLarge`](crate::ErrorKind::PayloadTooLarge): the object would be; the old value stays.
    /// [`InvalidPayload`](crate::ErrorKind::InvalidPayload): the value is not JSON.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().data().set("username", "Ada");
    /// ```
    pub fn set(self, key: &str, value: impl Serialize) -> Outcome {
        self.update(key, serde_json::value::to_raw_value(&value).map(Some))
    }

    /// Removes a key.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().data().remove("username");
    /// ```
    pub fn remove(self, key: &str) -> Outcome {
        self.update(key, Ok(None))
    }

    /// The whole object.
    ///
    /// # Errors
    ///
    /// It is not a `T`. The text says why.
    ///
    /// ```no_run
    /// use guest_sdk::serde::Deserialize;
    ///
    /// #[derive(Deserialize)]
    /// #[serde(crate = "guest_sdk::serde", default)]
    /// struct Player {
    ///     name: String,
    ///     score: u32,
    /// }
    /// # impl Default for Player { fn default() -> Self { Player { name: String::new(), score: 0 } } }
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let player: Player = ns.socket().data().all()?;
    /// println!("{} has {}", player.name, player.score);
    /// # Ok(())
    /// # }
    /// ```
    pub fn all<T: DeserializeOwned>(self) -> Result<T, Error> {
        Ok(serde_json::from_str(&socket::data())?)
    }

    /// Replaces the whole object with what serializes to one: a struct, a map.
    ///
    /// # Errors
    ///
    /// As [`set`](Data::set); [`InvalidPayload`](crate::ErrorKind::InvalidPayload) also where the value is not an object.
    ///
    /// ```no_run
    /// use guest_sdk::json;
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().data().replace(json!({ "name": "Ada", "score": 0 }));
    /// ```
    pub fn replace(self, value: impl Serialize) -> Outcome {
        store("data.replace", serde_json::to_string(&value))
    }

    fn update(self, key: &str, value: serde_json::Result<Option<Box<RawValue>>>) -> Outcome {
        let json = value.and_then(|value| {
            let mut object = object(&socket::data());
            match value {
                Some(value) => object.insert(key.to_owned(), value),
                None => object.remove(key),
            };
            serde_json::to_string(&object)
        });
        store("data.set", json)
    }
}

/// The object's values stay text: those that are not asked for are passed on as they are.
fn object(json: &str) -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(json).unwrap_or_default()
}

fn decode<T: DeserializeOwned>(key: &str, value: &RawValue) -> Option<T> {
    serde_json::from_str::<Option<T>>(value.get()).unwrap_or_else(|error| {
        eprintln!("socket.data, `{key}`: {error}");
        None
    })
}

fn store(call: &str, json: serde_json::Result<String>) -> Outcome {
    let json = json.map_err(|error| types::Error::InvalidPayload(error.to_string()));
    Outcome::of_call(format_args!("{call}"), json.and_then(|json| socket::set_data(&json)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_decode_or_are_none() {
        let data = object(r#"{"n":1,"none":null,"big":1e999}"#);
        assert_eq!(decode::<u8>("n", &data["n"]), Some(1));
        assert_eq!(decode::<u8>("none", &data["none"]), None);
        assert_eq!(decode::<bool>("n", &data["n"]), None);
        assert_eq!(serde_json::to_string(&data).unwrap(), r#"{"big":1e999,"n":1,"none":null}"#);
    }
}
