//! Responses to requests, JSON but for acknowledgements.

use bytes::Bytes;
use gateway::model::RemoteSocket;
use serde::Deserialize;
use serde_json::value::RawValue;
use socket_io::Payload;

use super::message::to_json;
use crate::bounds::{Bounds, WireError};
use crate::event::first_argument;
use crate::object::{Object, push_texts};
use crate::options::{Text, present, strings};
use crate::sockets::{JsonSocket, push_sockets};
use crate::transcode::to_msgpack;

/// What one node answers.
#[derive(Debug, Clone)]
pub struct Response {
    /// The id of the request.
    pub request: String,
    /// The answer.
    pub answer: Answer,
}

/// An answer to a request.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Ids of sockets.
    SocketIds(Vec<String>),
    /// Names of rooms.
    Rooms(Vec<String>),
    /// A request to one socket was carried out.
    Done,
    /// Sockets. An empty list of ids reads as this, too: they look alike.
    Sockets(Vec<RemoteSocket>),
    /// What a server's own code has answered, at most one argument.
    ServerSideEmit(Payload),
    /// How many clients were asked for acknowledgements.
    ClientCount(u64),
    /// What a client has answered. Only the first argument travels.
    Acknowledged(Payload),
}

const SERVER_SIDE_EMIT: u64 = 6;
const CLIENT_COUNT: u64 = 8;
const ACKNOWLEDGED: u64 = 9;

impl Response {
    /// Reads a response; none if it is to a request that `is_wanted` does not know, which all nodes see.
    ///
    /// # Errors
    ///
    /// It is malformed, of an unknown type, or a bound is exceeded.
    pub fn decode(
        message: &Bytes,
        is_wanted: impl Fn(&str) -> bool,
        bounds: &Bounds,
    ) -> Result<Option<Self>, WireError> {
        let Payload { json, attachments } = to_json(message, bounds)?;
        let response: JsonResponse<'_> = serde_json::from_str(&json).map_err(|_| WireError::Member("response"))?;
        let Text(request) = response.request_id;
        if !is_wanted(&request) {
            return Ok(None);
        }
        let argument = |value: Option<&RawValue>| {
            let json = format!("[{}]", value.map(RawValue::get).unwrap_or_default());
            Payload { json, attachments }
        };
        let answer = match response {
            JsonResponse { kind: Some(SERVER_SIDE_EMIT), data, .. } => Answer::ServerSideEmit(argument(data)),
            JsonResponse { kind: Some(ACKNOWLEDGED), packet, .. } => Answer::Acknowledged(argument(packet)),
            JsonResponse { kind: Some(CLIENT_COUNT), client_count, .. } => {
                Answer::ClientCount(client_count.ok_or(WireError::Member("clientCount"))?)
            }
            JsonResponse { kind: Some(_), .. } => return Err(WireError::UnknownType),
            JsonResponse { sockets: Some(sockets), .. } => sockets_answer(sockets.get())?,
            JsonResponse { rooms: Some(rooms), .. } => Answer::Rooms(strings(rooms)),
            _ => Answer::Done,
        };
        Ok(Some(Self { request, answer }))
    }

    /// A response that is to be sent.
    ///
    /// # Errors
    ///
    /// A bound is exceeded, or a payload is not valid.
    pub fn encode(&self, bounds: &Bounds) -> Result<Vec<u8>, WireError> {
        let mut json = Object::default();
        let kind = match &self.answer {
            Answer::ServerSideEmit(_) => Some(SERVER_SIDE_EMIT),
            Answer::ClientCount(_) => Some(CLIENT_COUNT),
            Answer::Acknowledged(_) => Some(ACKNOWLEDGED),
            _ => None,
        };
        if let Some(kind) = kind {
            json.number("type", kind);
        }
        json.text("requestId", &self.request);
        match &self.answer {
            Answer::SocketIds(ids) => push_texts(json.member("sockets"), ids.iter().map(String::as_str)),
            Answer::Rooms(rooms) => push_texts(json.member("rooms"), rooms.iter().map(String::as_str)),
            Answer::Done => {}
            Answer::Sockets(sockets) => push_sockets(json.member("sockets"), sockets),
            Answer::ServerSideEmit(payload) => {
                if let Some(argument) = first_argument(payload) {
                    json.raw("data", argument);
                }
            }
            Answer::ClientCount(count) => json.number("clientCount", *count),
            Answer::Acknowledged(payload) => {
                if let Some(argument) = first_argument(payload) {
                    json.raw("packet", argument);
                }
                let attachments = payload.attachments.clone();
                return to_msgpack(&Payload { json: json.end(), attachments }, bounds);
            }
        }
        let json = json.end();
        if json.len() > bounds.bytes { Err(WireError::TooLarge) } else { Ok(json.into_bytes()) }
    }
}

fn sockets_answer(json: &str) -> Result<Answer, WireError> {
    let malformed = |_| WireError::Member("sockets");
    if json.starts_with("[\"") {
        return Ok(Answer::SocketIds(strings(serde_json::from_str(json).map_err(malformed)?)));
    }
    let sockets: Vec<JsonSocket<'_>> = serde_json::from_str(json).map_err(malformed)?;
    Ok(Answer::Sockets(sockets.into_iter().map(RemoteSocket::from).collect()))
}

#[derive(Deserialize)]
struct JsonResponse<'a> {
    #[serde(rename = "type")]
    kind: Option<u64>,
    #[serde(rename = "requestId")]
    request_id: Text,
    #[serde(borrow)]
    sockets: Option<&'a RawValue>,
    rooms: Option<Vec<Text>>,
    #[serde(rename = "clientCount")]
    client_count: Option<u64>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    packet: Option<&'a RawValue>,
}
