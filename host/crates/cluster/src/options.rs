//! Which sockets a message is for: `{"rooms":[…],"except":[…],"flags":{…}}`, which all formats share.

use std::borrow::Cow;

use gateway::model::Target;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::bounds::WireError;
use crate::event::text;
use crate::msgpack::{Head, Reader, Writer};
use crate::object::{Object, push_texts};

/// Which sockets a message is for. The sender's own socket, where it is left out, is one of `except`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options<'a> {
    /// In any of these rooms; empty: all sockets of the namespace.
    pub rooms: Vec<Cow<'a, str>>,
    /// But in none of these.
    pub except: Vec<Cow<'a, str>>,
    /// May be dropped for a client that receives slowly.
    pub volatile: bool,
    /// How long the sender waits for acknowledgements, in milliseconds.
    pub timeout: Option<u64>,
}

impl<'a> Options<'a> {
    /// The options of a target; `sender` is the socket whose handler asks.
    pub fn of(target: &'a Target, sender: Option<&'a str>) -> Self {
        let sender = sender.filter(|_| target.exclude_sender);
        let except = target.except.iter().map(String::as_str).chain(sender);
        Self {
            rooms: target.rooms.iter().map(|room| Cow::Borrowed(room.as_str())).collect(),
            except: except.map(Cow::Borrowed).collect(),
            volatile: target.volatile,
            timeout: None,
        }
    }

    /// The target that these options mean on the node that has received them.
    pub fn into_target(self) -> Target {
        let owned = |names: Vec<Cow<'_, str>>| names.into_iter().map(Cow::into_owned).collect();
        Target {
            rooms: owned(self.rooms),
            except: owned(self.except),
            exclude_sender: false,
            volatile: self.volatile,
            local: true,
        }
    }

    /// The same, with names of its own.
    pub fn into_owned(self) -> Options<'static> {
        let owned = |names: Vec<Cow<'_, str>>| names.into_iter().map(|name| Cow::Owned(name.into_owned())).collect();
        let Self { rooms, except, volatile, timeout } = self;
        Options { rooms: owned(rooms), except: owned(except), volatile, timeout }
    }

    /// Whether a node may have a socket that is meant. `has` tells whether a socket of the namespace is in a room, that
    /// of its own id included.
    pub fn may_reach(&self, has: impl Fn(&str) -> bool) -> bool {
        self.rooms.is_empty() || self.rooms.iter().any(|room| has(room))
    }

    /// With `flags`, which requests of the `pubsub` format do not have.
    pub(crate) fn json(&self, flags: bool) -> String {
        let mut out = Object::default();
        push_texts(out.member("rooms"), self.rooms.iter().map(|room| &**room));
        push_texts(out.member("except"), self.except.iter().map(|room| &**room));
        if flags {
            let mut flags = Object::default();
            if self.volatile {
                flags.raw("volatile", "true");
            }
            if let Some(timeout) = self.timeout {
                flags.number("timeout", timeout);
            }
            out.raw("flags", &flags.end());
        }
        out.end()
    }

    /// The same in msgpack, with `flags`.
    pub(crate) fn pack(&self, out: &mut Writer) {
        out.map(3);
        for (key, rooms) in [("rooms", &self.rooms), ("except", &self.except)] {
            out.text(key);
            out.array(u32::try_from(rooms.len()).unwrap_or(u32::MAX));
            rooms.iter().for_each(|room| out.text(room));
        }
        out.text("flags");
        out.map(u32::from(self.volatile) + u32::from(self.timeout.is_some()));
        if self.volatile {
            out.text("volatile");
            out.bool(true);
        }
        if let Some(timeout) = self.timeout {
            out.text("timeout");
            out.unsigned(timeout);
        }
    }

    /// Reads msgpack. What is missing is empty, because emitters in some languages leave it out.
    pub(crate) fn unpack(value: &'a [u8]) -> Result<Self, WireError> {
        let mut options = Self::default();
        let mut reader = Reader::new(value);
        let Head::Map(members) = reader.head()? else { return Ok(options) };
        for _ in 0..members {
            let (key, value) = reader.member()?;
            match key.as_deref() {
                Some("rooms") => options.rooms = names(value)?,
                Some("except") => options.except = names(value)?,
                Some("flags") => options.unpack_flags(value)?,
                _ => {}
            }
        }
        Ok(options)
    }

    fn unpack_flags(&mut self, value: &[u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(value);
        let Head::Map(members) = reader.head()? else { return Ok(()) };
        for _ in 0..members {
            let (key, value) = reader.member()?;
            match (key.as_deref(), Reader::new(value).head()?) {
                (Some("volatile"), Head::Bool(volatile)) => self.volatile = volatile,
                (Some("timeout"), Head::Unsigned(timeout)) => self.timeout = Some(timeout),
                (Some("timeout"), Head::Float(timeout)) => self.timeout = Some(timeout as u64),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Names of rooms in msgpack. JavaScript's rooms may be numbers.
fn names(value: &[u8]) -> Result<Vec<Cow<'_, str>>, WireError> {
    let mut reader = Reader::new(value);
    let Head::Array(count) = reader.head()? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for _ in 0..count {
        let head = reader.head()?;
        names.push(match head {
            Head::Unsigned(number) => Cow::Owned(number.to_string()),
            Head::Signed(number) => Cow::Owned(number.to_string()),
            _ => head.text().ok_or(WireError::Member("rooms"))?,
        });
    }
    Ok(names)
}

/// The same in JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct JsonOptions {
    rooms: Option<Vec<Text>>,
    except: Option<Vec<Text>>,
    flags: Option<JsonFlags>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JsonFlags {
    volatile: Option<bool>,
    timeout: Option<f64>,
}

impl From<JsonOptions> for Options<'static> {
    fn from(json: JsonOptions) -> Self {
        let names = |names: Option<Vec<Text>>| names.into_iter().flatten().map(|Text(name)| name.into()).collect();
        let flags = json.flags.unwrap_or_default();
        Self {
            rooms: names(json.rooms),
            except: names(json.except),
            volatile: flags.volatile == Some(true),
            // Whole milliseconds; a negative number is none.
            timeout: flags.timeout.map(|timeout| timeout as u64),
        }
    }
}

/// A string, or a number as it is spelled. Unlike serde's strings it may hold lone surrogates, which become U+FFFD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        text(json.get()).map(Text).ok_or_else(|| serde::de::Error::custom("neither a string nor a number"))
    }
}

/// A member that is there, also if it is null.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

pub(crate) fn strings(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|Text(text)| text).collect()
}
