//! What nodes say to each other: the types of `ClusterMessage` (`socket.io-adapter` 2.5) with their data.

use bytes::Bytes;
use gateway::model::RemoteSocket;
use serde::Deserialize;
use serde_json::value::RawValue;
use socket_io::Payload;

use crate::bounds::WireError;
use crate::event::{first_argument, push_event, split_client_event, split_event};
use crate::msgpack::Binary;
use crate::object::{Object, push_texts};
use crate::options::{JsonOptions, Options, Text, present, strings};
use crate::packet::{JsonPacket, push_packet};
use crate::sockets::{JsonSocket, push_sockets};

/// What a node says to the others.
#[derive(Debug, Clone)]
pub enum Body {
    /// A node has come, and asks the others to say that they are there.
    InitialHeartbeat,
    /// A node is there.
    Heartbeat,
    /// An event for sockets; with the id of a request if they are to acknowledge it.
    Emit(Options<'static>, String, Payload, Option<String>),
    /// Adds sockets to rooms.
    Join(Options<'static>, Vec<String>),
    /// Takes sockets out of rooms.
    Leave(Options<'static>, Vec<String>),
    /// Takes sockets out of the namespace, and ends their sessions if the flag is set.
    Disconnect(Options<'static>, bool),
    /// Asks for sockets, with the id of the request.
    FetchSockets(Options<'static>, String),
    /// The answer: the request's id, and the sockets.
    Sockets(String, Vec<RemoteSocket>),
    /// An event for the servers' own code; with the id of a request if an answer is wanted.
    ServerSideEmit(String, Payload, Option<String>),
    /// The answer: the request's id, and at most one argument.
    ServerSideAnswer(String, Payload),
    /// How many clients a node has asked for acknowledgements, after the request's id.
    ClientCount(String, u64),
    /// What a client has answered, after the request's id. Only the first argument travels.
    Acknowledged(String, Payload),
    /// A node goes away.
    Close,
}

const FETCHED: u64 = 8;
/// Bytes reserved for an event beside its payload.
const ENVELOPE: usize = 128;

/// What becomes of binary data in a message of a type: sockets have none, but Node's `data` may.
pub(super) fn binary(kind: u64) -> Binary {
    if kind == FETCHED { Binary::Spelled } else { Binary::Attached }
}

impl Body {
    pub(super) fn kind(&self) -> u64 {
        match self {
            Self::InitialHeartbeat => 1,
            Self::Heartbeat => 2,
            Self::Emit(..) => 3,
            Self::Join(..) => 4,
            Self::Leave(..) => 5,
            Self::Disconnect(..) => 6,
            Self::FetchSockets(..) => 7,
            Self::Sockets(..) => FETCHED,
            Self::ServerSideEmit(..) => 9,
            Self::ServerSideAnswer(..) => 10,
            Self::ClientCount(..) => 11,
            Self::Acknowledged(..) => 12,
            Self::Close => 13,
        }
    }

    /// The member `data`, if the type has one.
    pub(super) fn data(&self) -> Option<Payload> {
        let mut data = Object::default();
        let mut attachments = Vec::new();
        match self {
            Self::InitialHeartbeat | Self::Heartbeat | Self::Close => return None,
            Self::Emit(options, event, payload, request) => {
                data.reserve(payload.json.len() + ENVELOPE);
                push_packet(data.member("packet"), event, &payload.json, None);
                if let Some(request) = request {
                    data.text("requestId", request);
                }
                data.raw("opts", &options.json(true));
                attachments.clone_from(&payload.attachments);
            }
            Self::Join(options, rooms) | Self::Leave(options, rooms) => {
                data.raw("opts", &options.json(true));
                push_texts(data.member("rooms"), rooms.iter().map(String::as_str));
            }
            Self::Disconnect(options, close) => {
                data.raw("opts", &options.json(true));
                data.raw("close", if *close { "true" } else { "false" });
            }
            Self::FetchSockets(options, request) => {
                data.raw("opts", &options.json(true));
                data.text("requestId", request);
            }
            Self::Sockets(request, sockets) => {
                data.text("requestId", request);
                push_sockets(data.member("sockets"), sockets);
            }
            Self::ServerSideEmit(event, payload, request) => {
                if let Some(request) = request {
                    data.text("requestId", request);
                }
                push_event(data.member("packet"), event, &payload.json);
                attachments.clone_from(&payload.attachments);
            }
            Self::ClientCount(request, count) => {
                data.text("requestId", request);
                data.number("clientCount", *count);
            }
            Self::ServerSideAnswer(request, payload) | Self::Acknowledged(request, payload) => {
                data.text("requestId", request);
                if let Some(argument) = first_argument(payload) {
                    data.raw("packet", argument);
                }
                attachments.clone_from(&payload.attachments);
            }
        }
        Some(Payload { json: data.end(), attachments })
    }

    /// Reads the member `data` of a type.
    pub(super) fn decode(kind: u64, data: Option<Payload>) -> Result<Self, WireError> {
        match kind {
            1 => return Ok(Self::InitialHeartbeat),
            2 => return Ok(Self::Heartbeat),
            13 => return Ok(Self::Close),
            3..=12 => {}
            _ => return Err(WireError::UnknownType),
        }
        let Payload { json, attachments } = data.ok_or(WireError::Member("data"))?;
        let data: Data<'_> = serde_json::from_str(&json).map_err(|_| WireError::Member("data"))?;
        let request = data.request_id.map(|Text(request)| request);
        let required = || request.clone().ok_or(WireError::Member("requestId"));
        let options = Options::from(data.opts.unwrap_or_default());
        let rooms = strings(data.rooms.unwrap_or_default());
        let packet = data.packet.map(RawValue::get);
        Ok(match kind {
            3 => {
                let packet = packet.and_then(|packet| serde_json::from_str::<JsonPacket<'_>>(packet).ok());
                let packet = packet.filter(JsonPacket::is_event).ok_or(WireError::Member("packet"))?;
                let (name, json) = split_client_event(packet.data.map_or("", RawValue::get))?;
                Self::Emit(options, name, Payload { json, attachments }, request)
            }
            4 => Self::Join(options, rooms),
            5 => Self::Leave(options, rooms),
            6 => Self::Disconnect(options, data.close == Some(true)),
            7 => Self::FetchSockets(options, required()?),
            FETCHED => {
                let sockets = data.sockets.map_or("[]", RawValue::get);
                let sockets: Vec<JsonSocket<'_>> =
                    serde_json::from_str(sockets).map_err(|_| WireError::Member("sockets"))?;
                Self::Sockets(required()?, sockets.into_iter().map(RemoteSocket::from).collect())
            }
            9 => {
                let (name, json) = split_event(packet.unwrap_or_default())?;
                Self::ServerSideEmit(name, Payload { json, attachments }, request)
            }
            10 => Self::ServerSideAnswer(required()?, argument(packet, attachments)),
            11 => Self::ClientCount(required()?, data.client_count.ok_or(WireError::Member("clientCount"))?),
            _ => Self::Acknowledged(required()?, argument(packet, attachments)),
        })
    }
}

/// An answer's only argument as a payload.
fn argument(json: Option<&str>, attachments: Vec<Bytes>) -> Payload {
    Payload { json: format!("[{}]", json.unwrap_or_default()), attachments }
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    packet: Option<&'a RawValue>,
    #[serde(rename = "requestId")]
    request_id: Option<Text>,
    opts: Option<JsonOptions>,
    rooms: Option<Vec<Text>>,
    close: Option<bool>,
    #[serde(borrow)]
    sockets: Option<&'a RawValue>,
    #[serde(rename = "clientCount")]
    client_count: Option<u64>,
}
