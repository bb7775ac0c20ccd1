//! Conversions between the records of `wit/` and the gateway's types.

use std::time::SystemTime;

use bytes::Bytes;
use gateway::model::{Answers, CallError, CheckError, Event, Handshake, ListedSocket, RemoteSocket, Target};
use socket_io::Payload;

use crate::bindings::{search, types};

impl From<Payload> for types::Payload {
    fn from(payload: Payload) -> Self {
        Self { json: payload.json, attachments: payload.attachments.into_iter().map(Vec::from).collect() }
    }
}

impl From<types::Payload> for Payload {
    fn from(payload: types::Payload) -> Self {
        Self { json: payload.json, attachments: payload.attachments.into_iter().map(Bytes::from).collect() }
    }
}

impl From<Event> for types::Event {
    fn from(event: Event) -> Self {
        Self { name: event.name, payload: event.payload.into(), wants_ack: event.wants_ack }
    }
}

impl From<types::Operator> for Target {
    fn from(operator: types::Operator) -> Self {
        let has = |option| operator.options.contains(option);
        Self {
            exclude_sender: has(types::OperatorOptions::EXCLUDE_SENDER),
            volatile: has(types::OperatorOptions::VOLATILE),
            local: has(types::OperatorOptions::LOCAL),
            rooms: operator.rooms,
            except: operator.except,
        }
    }
}

impl From<&Handshake> for types::HandshakeDetails {
    fn from(handshake: &Handshake) -> Self {
        let Handshake { request, auth, issued } = handshake;
        let since_1970 = issued.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_millis());
        Self {
            headers: owned(request.headers.iter()),
            query: owned(request.query.iter()),
            auth: auth.clone(),
            address: request.address.to_string(),
            time: humantime::format_rfc3339_millis(*issued).to_string(),
            issued: u64::try_from(since_1970).unwrap_or(u64::MAX),
            // The host speaks plain HTTP.
            secure: false,
            url: request.url.to_string(),
            xdomain: request.headers.iter().any(|(name, _)| name == "origin"),
        }
    }
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The handshake of a call without a socket.
pub(super) fn no_handshake() -> types::HandshakeDetails {
    types::HandshakeDetails {
        headers: Vec::new(),
        query: Vec::new(),
        auth: "{}".to_owned(),
        address: String::new(),
        time: String::new(),
        issued: 0,
        secure: false,
        url: String::new(),
        xdomain: false,
    }
}

impl From<RemoteSocket> for types::RemoteSocket {
    fn from(socket: RemoteSocket) -> Self {
        let own = std::iter::once(socket.id.clone());
        let rooms = own.chain(socket.rooms.iter().map(ToString::to_string)).collect();
        let handshake = (&*socket.handshake).into();
        Self { id: socket.id, rooms, handshake, data: socket.data.as_ref().to_owned() }
    }
}

impl From<ListedSocket> for search::ListedSocket {
    fn from(socket: ListedSocket) -> Self {
        let own = std::iter::once(socket.id.clone());
        let rooms = own.chain(socket.rooms.iter().map(ToString::to_string)).collect();
        Self { id: socket.id, rooms }
    }
}

impl From<Answers> for types::Answers {
    fn from(answers: Answers) -> Self {
        let Answers { received, missing, missing_nodes } = answers;
        // A missing node has an unknown number of sockets. It is counted as one, the least.
        let missing = missing.saturating_add(missing_nodes);
        Self { received: received.into_iter().map(Into::into).collect(), missing }
    }
}

impl From<CallError> for types::Error {
    fn from(error: CallError) -> Self {
        match error {
            CallError::NotConnected => Self::NotConnected,
            CallError::TimedOut => Self::Timeout,
            CallError::NotAllowed(why) => Self::NotAllowed(why),
            CallError::NodesMissing { .. } | CallError::Unreachable(_) => Self::Other(error.to_string()),
        }
    }
}

impl From<CheckError> for types::Error {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::InvalidPayload(why) => Self::InvalidPayload(why),
            CheckError::ReservedEvent(event) => Self::ReservedEvent(event),
            CheckError::PayloadTooLarge(limit) => Self::PayloadTooLarge(limit as u64),
            CheckError::RateLimited(limit) => Self::RateLimited(limit),
            CheckError::NotAllowed(why) => Self::NotAllowed(why),
        }
    }
}
