//! Requests: what one node asks all of, JSON but for events that ask for acknowledgements.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use socket_io::Payload;

use super::message::to_json;
use crate::bounds::{Bounds, WireError};
use crate::event::{push_event, split_client_event, split_event};
use crate::object::{Object, push_texts};
use crate::options::{JsonOptions, Options, Text, strings};
use crate::packet::{JsonPacket, push_packet};
use crate::transcode::to_msgpack;

/// What one node asks all of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The node that asks; emitters may leave it out.
    pub uid: Option<String>,
    /// Names the request in its responses; none if it wants no response.
    pub id: Option<String>,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked of all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The ids of the sockets in rooms (old senders only).
    SocketIds(Vec<String>),
    /// The names of all rooms.
    Rooms,
    /// Adds sockets to rooms.
    Join(Options<'static>, Vec<String>),
    /// Takes sockets out of rooms.
    Leave(Options<'static>, Vec<String>),
    /// Takes sockets out of the namespace, and ends their sessions if the flag is set.
    Disconnect(Options<'static>, bool),
    /// The sockets themselves.
    Sockets(Options<'static>),
    /// An event for the servers' own code.
    ServerSideEmit(String, Payload),
    /// An event for sockets, which are to acknowledge it.
    Emit(Options<'static>, String, Payload),
}

impl Request {
    /// Reads a request. One to a single socket, as old senders have it, is one to the room of its id; it has an id and
    /// wants [`Answer::Done`](super::Answer::Done) if the socket is there.
    ///
    /// # Errors
    ///
    /// It is malformed, of an unknown type, for another namespace, or a bound is exceeded.
    pub fn decode(message: &Bytes, namespace: &str, bounds: &Bounds) -> Result<Self, WireError> {
        let Payload { json, attachments } = to_json(message, bounds)?;
        let request: JsonRequest<'_> = serde_json::from_str(&json).map_err(|_| WireError::Member("request"))?;
        let (sid, room) = (request.sid, request.room);
        let one = |text: Option<Text>| text.map(|Text(text)| text).ok_or(WireError::Member("opts"));
        let options = request.opts.map(Options::from);
        // Old senders name one socket and one room.
        let (options, rooms) = match (request.kind, options) {
            (2..=4, None) => {
                let options = Options { rooms: vec![one(sid)?.into()], ..Options::default() };
                (options, if request.kind == 4 { Vec::new() } else { vec![one(room)?] })
            }
            (_, options) => (options.unwrap_or_default(), strings(request.rooms.unwrap_or_default())),
        };
        let ask = match request.kind {
            0 => Ask::SocketIds(rooms),
            1 => Ask::Rooms,
            2 => Ask::Join(options, rooms),
            3 => Ask::Leave(options, rooms),
            4 => Ask::Disconnect(options, request.close == Some(true)),
            5 => Ask::Sockets(options),
            6 => {
                let (name, json) = split_event(request.data.map_or("", RawValue::get))?;
                Ask::ServerSideEmit(name, Payload { json, attachments })
            }
            7 => {
                let packet = request.packet.ok_or(WireError::Member("packet"))?;
                if !packet.is_event() || !packet.is_for(namespace) {
                    return Err(WireError::Member("packet"));
                }
                let (name, json) = split_client_event(packet.data.map_or("", RawValue::get))?;
                Ask::Emit(options, name, Payload { json, attachments })
            }
            _ => return Err(WireError::UnknownType),
        };
        let [uid, id] = [request.uid, request.request_id].map(|text| text.map(|Text(text)| text));
        Ok(Self { uid, id, ask })
    }

    /// A request that is to be sent.
    ///
    /// # Errors
    ///
    /// A bound is exceeded, a payload is not valid, or a server-side event has attachments, which JSON cannot hold.
    pub fn encode(&self, namespace: &str, bounds: &Bounds) -> Result<Vec<u8>, WireError> {
        let mut json = Object::default();
        if let Some(uid) = &self.uid {
            json.text("uid", uid);
        }
        if let Some(id) = &self.id {
            json.text("requestId", id);
        }
        json.number("type", self.ask.kind());
        match &self.ask {
            Ask::SocketIds(rooms) => push_texts(json.member("rooms"), rooms.iter().map(String::as_str)),
            Ask::Rooms => {}
            Ask::Join(options, rooms) | Ask::Leave(options, rooms) => {
                json.raw("opts", &options.json(false));
                push_texts(json.member("rooms"), rooms.iter().map(String::as_str));
            }
            Ask::Disconnect(options, close) => {
                json.raw("opts", &options.json(false));
                json.raw("close", if *close { "true" } else { "false" });
            }
            Ask::Sockets(options) => json.raw("opts", &options.json(false)),
            Ask::ServerSideEmit(event, payload) => {
                if !payload.attachments.is_empty() {
                    return Err(WireError::TooManyAttachments);
                }
                push_event(json.member("data"), event, &payload.json);
            }
            Ask::Emit(options, event, payload) => {
                push_packet(json.member("packet"), event, &payload.json, Some(namespace));
                json.raw("opts", &options.json(true));
                let attachments = payload.attachments.clone();
                return to_msgpack(&Payload { json: json.end(), attachments }, bounds);
            }
        }
        let json = json.end();
        if json.len() > bounds.bytes { Err(WireError::TooLarge) } else { Ok(json.into_bytes()) }
    }
}

impl Ask {
    fn kind(&self) -> u64 {
        match self {
            Self::SocketIds(_) => 0,
            Self::Rooms => 1,
            Self::Join(..) => 2,
            Self::Leave(..) => 3,
            Self::Disconnect(..) => 4,
            Self::Sockets(_) => 5,
            Self::ServerSideEmit(..) => 6,
            Self::Emit(..) => 7,
        }
    }
}

#[derive(Deserialize)]
struct JsonRequest<'a> {
    #[serde(rename = "type")]
    kind: u64,
    uid: Option<Text>,
    #[serde(rename = "requestId")]
    request_id: Option<Text>,
    opts: Option<JsonOptions>,
    rooms: Option<Vec<Text>>,
    close: Option<bool>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    packet: Option<JsonPacket<'a>>,
    sid: Option<Text>,
    room: Option<Text>,
}
