//! Requests and responses, which pass by the stream: msgpack on the channels of a namespace.

use bytes::Bytes;
use socket_io::Payload;

use super::body::{Body, binary};
use crate::bounds::{Bounds, WireError};
use crate::msgpack::{Head, Reader, read_json};
use crate::object::Object;
use crate::transcode::to_msgpack;

/// The names of a namespace's channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channels {
    /// Requests.
    pub requests: String,
    /// The beginning of the channels of responses.
    prefix: String,
}

impl Channels {
    /// The channels of a namespace.
    pub fn new(prefix: &str, namespace: &str) -> Self {
        let prefix = format!("{prefix}#{namespace}#");
        Self { requests: prefix.clone(), prefix }
    }

    /// The channel of responses to a node.
    pub fn responses(&self, uid: &str) -> String {
        format!("{}{uid}#", self.prefix)
    }
}

/// A request or a response.
#[derive(Debug, Clone)]
pub struct Message {
    /// The node that has sent it.
    pub uid: String,
    /// The namespace.
    pub namespace: String,
    /// What it says.
    pub body: Body,
}

impl Message {
    /// Reads a message.
    ///
    /// # Errors
    ///
    /// It is malformed, of an unknown type, or a bound is exceeded.
    pub fn decode(message: &Bytes, bounds: &Bounds) -> Result<Self, WireError> {
        if message.len() > bounds.bytes {
            return Err(WireError::TooLarge);
        }
        let mut reader = Reader::new(message);
        let Head::Map(members) = reader.head()? else { return Err(WireError::Member("message")) };
        let (mut uid, mut namespace, mut kind, mut data) = (None, None, None, None);
        for _ in 0..members {
            let (key, value) = reader.member()?;
            let head = Reader::new(value).head()?;
            match (key.as_deref(), head) {
                (Some("uid"), head) => uid = head.text(),
                (Some("nsp"), head) => namespace = head.text(),
                (Some("type"), Head::Unsigned(number)) => kind = Some(number),
                (Some("data"), Head::Map(_)) => data = Some(value),
                _ => {}
            }
        }
        if !reader.is_empty() {
            return Err(WireError::Msgpack);
        }
        let kind = kind.ok_or(WireError::UnknownType)?;
        let data = data.map(|data| read_json(message, data, binary(kind), bounds)).transpose()?;
        Ok(Self {
            uid: uid.ok_or(WireError::Member("uid"))?.into_owned(),
            namespace: namespace.ok_or(WireError::Member("namespace"))?.into_owned(),
            body: Body::decode(kind, data)?,
        })
    }

    /// A message that is to be sent.
    ///
    /// # Errors
    ///
    /// A bound is exceeded, or the payload is not valid.
    pub fn encode(&self, bounds: &Bounds) -> Result<Vec<u8>, WireError> {
        let mut json = Object::default();
        let mut attachments = Vec::new();
        json.number("type", self.body.kind());
        if let Some(data) = self.body.data() {
            json.raw("data", &data.json);
            attachments = data.attachments;
        }
        json.text("uid", &self.uid);
        json.text("nsp", &self.namespace);
        to_msgpack(&Payload { json: json.end(), attachments }, bounds)
    }
}
