//! The state of a socket, kept for its client's return: base64 of msgpack, below a key of its own.

use serde::Deserialize;
use serde_json::value::RawValue;
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::msgpack::{Binary, read_json};
use crate::object::{Object, push_texts};
use crate::options::{Text, strings};
use crate::transcode::{to_base64, unbase64};

/// The state of a socket. A client can return to a Node server with it, and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The socket's id.
    pub sid: String,
    /// The private id with which the client returns.
    pub pid: String,
    /// The names of its rooms; that of its own id may be among them, and is for Node servers.
    pub rooms: Vec<String>,
    /// JSON text of its `data`.
    pub data: String,
    /// The newest offset when it joined: earlier events were not for it. Node servers do not know it.
    pub since: Option<String>,
}

/// The key of a state.
pub fn session_key(pid: &str) -> String {
    format!("sio:session:{pid}")
}

impl Session {
    /// Reads a state. Binary data in `data` becomes what Node's JSON makes of it.
    ///
    /// # Errors
    ///
    /// It is malformed, or a bound is exceeded.
    pub fn decode(base64: &str, bounds: &Bounds) -> Result<Self, WireError> {
        let bytes = unbase64(base64, bounds)?;
        let Payload { json, .. } = read_json(&bytes, &bytes, Binary::Spelled, bounds)?;
        let session: JsonSession<'_> = serde_json::from_str(&json).map_err(|_| WireError::Member("session"))?;
        let JsonSession { sid: Text(sid), pid: Text(pid), rooms, data, since } = session;
        let data = data.map_or("{}", RawValue::get).to_owned();
        Ok(Self { sid, pid, rooms: strings(rooms), data, since: since.map(|Text(since)| since) })
    }

    /// The text to keep.
    ///
    /// # Errors
    ///
    /// `data` is not JSON, or a bound is exceeded.
    pub fn encode(&self, bounds: &Bounds) -> Result<String, WireError> {
        let mut json = Object::default();
        json.text("sid", &self.sid);
        json.text("pid", &self.pid);
        push_texts(json.member("rooms"), self.rooms.iter().map(String::as_str));
        json.raw("data", &self.data);
        if let Some(since) = &self.since {
            json.text("since", since);
        }
        to_base64(&Payload { json: json.end(), attachments: Vec::new() }, bounds)
    }
}

#[derive(Deserialize)]
struct JsonSession<'a> {
    sid: Text,
    pid: Text,
    rooms: Vec<Text>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    since: Option<Text>,
}
