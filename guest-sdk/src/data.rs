//! The object that the gateway keeps for each connection.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::realtime::gateway::{socket, types};
use crate::encode::to_json;
use crate::error::Error;
use crate::json::{self, Member};
use crate::outcome::Outcome;

/// `socket.data`: a JSON object that the gateway keeps as long as the connection lives, for state of one socket such as
/// a user's name. At most 64 KiB (a setting of the host).
///
/// Each event runs in a fresh instance: what is to outlive the connection belongs in the [key-value store](crate::Kv).
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

    /// The value of a key. `None` if the key is missing, if the value is `null`, or if it is not a `T`; the last is
    /// logged.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// let username: String = ns.socket().data().get("username").unwrap_or_default();
    /// ```
    pub fn get<T: DeserializeOwned>(self, key: &str) -> Option<T> {
        find(&socket::data(), key)
    }

    /// Stores a value under a key. Later reads return it, in this event too.
    ///
    /// # Errors
    ///
    /// [`PayloadTooLarge`](crate::ErrorKind::PayloadTooLarge): the object would be too large; the old value stays.
    /// [`InvalidPayload`](crate::ErrorKind::InvalidPayload): the value cannot be written as JSON.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().data().set("username", "Ada");
    /// ```
    pub fn set(self, key: &str, value: impl Serialize) -> Outcome {
        store("data.set", to_json(&value).and_then(|value| update(&socket::data(), key, Some(&value))))
    }

    /// Removes a key.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().data().remove("username");
    /// ```
    pub fn remove(self, key: &str) -> Outcome {
        store("data.remove", update(&socket::data(), key, None))
    }

    /// The whole object.
    ///
    /// # Errors
    ///
    /// The object is not a `T`. The text says why.
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
        Ok(json::from_str(&socket::data())?)
    }

    /// Replaces the whole object. The value is one that serializes to an object: a struct or a map.
    ///
    /// # Errors
    ///
    /// As [`set`](Data::set), and [`InvalidPayload`](crate::ErrorKind::InvalidPayload) if the value is not an object.
    ///
    /// ```no_run
    /// use guest_sdk::json;
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().data().replace(json!({ "name": "Ada", "score": 0 }));
    /// ```
    pub fn replace(self, value: impl Serialize) -> Outcome {
        store("data.replace", to_json(&value))
    }
}

fn store(call: &str, json: Result<String, types::Error>) -> Outcome {
    Outcome::of_call(format_args!("{call}"), json.and_then(|json| socket::set_data(&json)))
}

fn find<T: DeserializeOwned>(object: &str, key: &str) -> Option<T> {
    let members = json::members(object).unwrap_or_default();
    let member = members.iter().find(|member| member.key == key)?;
    json::from_str::<Option<T>>(member.value).unwrap_or_else(|problem| {
        eprintln!("socket.data, `{key}`: {problem}");
        None
    })
}

/// The text of an object with a new value for a key, or without the key. The text of all other values is kept.
fn update(object: &str, key: &str, value: Option<&str>) -> Result<String, types::Error> {
    let mut members = json::members(object).unwrap_or_default();
    members.retain(|member| member.key != key);
    members.extend(value.map(|value| Member { key: key.into(), value }));

    let mut result = String::from("{");
    for Member { key, value } in members {
        if result.len() > 1 {
            result.push(',');
        }
        result.push_str(&to_json(&key)?);
        result.push(':');
        result.push_str(value);
    }
    result.push('}');
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_decode_or_are_none() {
        let object = r#"{"n":1,"none":null}"#;
        assert_eq!(find::<u8>(object, "n"), Some(1));
        assert_eq!(find::<u8>(object, "none"), None);
        assert_eq!(find::<u8>(object, "other"), None);
        assert_eq!(find::<bool>(object, "n"), None);
    }

    #[test]
    fn updates_leave_other_values_as_they_are() {
        assert_eq!(update("{}", "a", Some("1")).unwrap(), r#"{"a":1}"#);
        assert_eq!(update(r#"{"a":1e2, "b\n": [ ]}"#, "c", Some("3")).unwrap(), r#"{"a":1e2,"b\n":[ ],"c":3}"#);
        assert_eq!(update(r#"{"a":1,"b":2}"#, "a", Some("3")).unwrap(), r#"{"b":2,"a":3}"#);
        assert_eq!(update(r#"{"a":1}"#, "a", None).unwrap(), "{}");
    }
}
