//! The format in the gateway's terms: what is published or appended where, and what it means.

use std::collections::HashMap;
use std::time::Duration;

use gateway::cluster::{Message as Said, Scope};
use gateway::model::Operation;

use super::{Body, Channels, Entry, Message};
use crate::bounds::WireError;
use crate::bus::{Asker, BOUNDS, Dialect, Ears, Heard, Incoming, Lane, Reply};
use crate::link::{Command, Subscription};
use crate::options::Options;

/// About so many entries are kept, as with Node.js: what a node can be behind after Redis was away.
const LENGTH: usize = 10_000;

/// A node that speaks the format.
#[derive(Debug)]
pub(crate) struct Streams {
    uid: String,
    /// The stream's key.
    stream: String,
    namespaces: HashMap<String, Channels>,
}

impl Streams {
    pub(crate) fn new<'a>(prefix: &str, uid: &str, namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        let channels = |namespace: &str| (namespace.to_owned(), Channels::new(prefix, namespace));
        let namespaces = namespaces.into_iter().map(channels).collect();
        Self { uid: uid.to_owned(), stream: prefix.to_owned(), namespaces }
    }

    fn channels(&self, namespace: &str) -> Result<&Channels, WireError> {
        self.namespaces.get(namespace).ok_or(WireError::Member("namespace"))
    }

    fn publish(&self, channel: String, namespace: &str, body: Body) -> Result<Command, WireError> {
        let message = Message { uid: self.uid.clone(), namespace: namespace.to_owned(), body };
        Ok(Command::Publish { channel, message: message.encode(&BOUNDS)? })
    }

    fn meaning(&self, uid: String, body: Body, ears: &dyn Ears) -> Option<Incoming> {
        let asker = |request| Asker { node: uid.clone(), request };
        let operation = |options: Options<'static>, operation| {
            let is_here = options.may_reach(|room| ears.has_room(room));
            is_here.then_some(Incoming::Operation(options, operation, None))
        };
        match body {
            Body::Emit(options, event, payload, None) => operation(options, Operation::Emit { event, payload }),
            Body::Emit(options, event, payload, Some(request)) => {
                Some(Incoming::Question(asker(request), options, event, payload))
            }
            Body::Join(options, rooms) => operation(options, Operation::Join(rooms)),
            Body::Leave(options, rooms) => operation(options, Operation::Leave(rooms)),
            Body::Disconnect(options, close) => operation(options, Operation::Disconnect { close }),
            Body::FetchSockets(options, request) => Some(Incoming::Fetch(asker(request), options)),
            Body::Sockets(request, sockets) => Some(Incoming::Reply(request, Reply::Sockets(sockets))),
            Body::ClientCount(request, count) => Some(Incoming::Reply(request, Reply::Asked(count))),
            Body::Acknowledged(request, payload) => Some(Incoming::Reply(request, Reply::Answered(payload))),
            // Handlers have no event for other servers' code yet. Nodes are counted by their subscriptions, as version
            // 0.3 of the package does; it sends no heartbeats.
            Body::ServerSideEmit(..)
            | Body::ServerSideAnswer(..)
            | Body::InitialHeartbeat
            | Body::Heartbeat
            | Body::Close => None,
        }
    }
}

impl Dialect for Streams {
    fn subscriptions(&self, namespace: &str) -> Vec<(Subscription, Lane)> {
        let Ok(channels) = self.channels(namespace) else { return Vec::new() };
        vec![
            (Subscription::Channel(channels.requests.clone()), Lane::Requests),
            (Subscription::Channel(channels.responses(&self.uid)), Lane::Responses),
        ]
    }

    fn stream(&self) -> Option<&str> {
        Some(&self.stream)
    }

    fn census(&self, namespace: &str) -> String {
        self.channels(namespace).map(|channels| channels.requests.clone()).unwrap_or_default()
    }

    fn operation(&self, Said { scope, operation }: Said<'_>) -> Result<Command, WireError> {
        let Scope { namespace, sender, target } = scope;
        let options = Options::of(target, sender).into_owned();
        let body = match operation.clone() {
            Operation::Emit { event, payload } => Body::Emit(options, event, payload, None),
            Operation::Join(rooms) => Body::Join(options, rooms),
            Operation::Leave(rooms) => Body::Leave(options, rooms),
            Operation::Disconnect { close } => Body::Disconnect(options, close),
        };
        let entry = Entry::encode(&self.uid, namespace, &body, &BOUNDS)?;
        let fields = entry.fields().into_iter().map(|(name, value)| (name, value.into_owned())).collect();
        Ok(Command::Append { stream: self.stream.clone(), length: LENGTH, fields })
    }

    fn fetch(&self, Scope { namespace, sender, target }: Scope<'_>, request: &str) -> Result<Command, WireError> {
        let body = Body::FetchSockets(Options::of(target, sender).into_owned(), request.to_owned());
        self.publish(self.channels(namespace)?.requests.clone(), namespace, body)
    }

    fn question(&self, message: Said<'_>, wait: Duration, request: &str) -> Result<Command, WireError> {
        let Scope { namespace, sender, target } = message.scope;
        let Operation::Emit { event, payload } = message.operation.clone() else {
            return Err(WireError::Member("event"));
        };
        let options = Options { timeout: u64::try_from(wait.as_millis()).ok(), ..Options::of(target, sender) };
        let body = Body::Emit(options.into_owned(), event, payload, Some(request.to_owned()));
        self.publish(self.channels(namespace)?.requests.clone(), namespace, body)
    }

    fn reply(&self, namespace: &str, asker: &Asker, reply: Reply) -> Result<Option<Command>, WireError> {
        let request = asker.request.clone();
        let body = match reply {
            Reply::Sockets(sockets) => Body::Sockets(request, sockets),
            Reply::Asked(count) => Body::ClientCount(request, count),
            Reply::Answered(payload) => Body::Acknowledged(request, payload),
            Reply::SocketIds(_) | Reply::Rooms(_) | Reply::Done => return Ok(None),
        };
        self.publish(self.channels(namespace)?.responses(&asker.node), namespace, body).map(Some)
    }

    fn read(&self, namespace: &str, heard: &Heard, ears: &dyn Ears) -> Result<Option<Incoming>, WireError> {
        match heard {
            Heard::Entry(fields) => {
                let entry = Entry::from_fields(fields.iter().map(|(name, value)| (&**name, &**value)), &BOUNDS)?;
                if entry.uid == self.uid || entry.namespace != namespace {
                    return Ok(None);
                }
                if !entry.options(&BOUNDS)?.may_reach(|room| ears.has_room(room)) {
                    return Ok(None);
                }
                Ok(self.meaning(entry.uid.clone().into_owned(), entry.body(&BOUNDS)?, ears))
            }
            Heard::Message { lane: Lane::Responses, .. } if !ears.awaits_any() => Ok(None),
            Heard::Message { message, .. } => {
                let Message { uid, namespace: of, body } = Message::decode(message, &BOUNDS)?;
                if uid == self.uid || of != namespace { Ok(None) } else { Ok(self.meaning(uid, body, ears)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway::model::Target;
    use serde_json::Value;
    use socket_io::Payload;

    use super::*;
    use crate::bus::testing::Hears;
    use crate::captured;

    const EARS: Hears = Hears { rooms: true, replies: true };

    #[test]
    fn what_the_real_package_says_is_understood() {
        let node = Streams::new("socket.io", "other", ["/chat"]);
        for said in captured::published("streams") {
            let lane = if said.channel == node.census("/chat") { Lane::Requests } else { Lane::Responses };
            let heard = Heard::Message { lane, channel: said.channel, message: said.message.into() };
            match node.read("/chat", &heard, &EARS).unwrap() {
                Some(Incoming::Question(..) | Incoming::Fetch(..)) => assert_eq!(lane, Lane::Requests),
                Some(Incoming::Reply(..)) => assert_eq!(lane, Lane::Responses),
                // What is for the servers' own code.
                other => assert!(other.is_none(), "{other:?}"),
            }
        }
        for entry in captured::all()["streams"]["stream"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned().into();
            let fields = entry["message"].as_object().unwrap();
            let heard = Heard::Entry(fields.iter().map(|(name, value)| (name.clone().into(), text(value))).collect());
            assert!(matches!(node.read("/chat", &heard, &EARS), Ok(Some(Incoming::Operation(..)))), "{heard:?}");
            assert!(node.read("/other", &heard, &EARS).unwrap().is_none());
            let own = fields["uid"].as_str().unwrap();
            let own = Streams::new("socket.io", own, ["/chat"]);
            assert!(own.read("/chat", &heard, &EARS).unwrap().is_none());
        }
    }

    #[test]
    fn operations_are_entries() {
        let node = Streams::new("p", "me", ["/chat"]);
        let target = Target { exclude_sender: true, ..Target::default() };
        let scope = Scope { namespace: "/chat", sender: Some("id"), target: &target };
        let payload = Payload { json: "[1]".to_owned(), attachments: Vec::new() };
        let operation = Operation::Emit { event: "a".to_owned(), payload };
        let Ok(Command::Append { stream, fields, .. }) = node.operation(Said { scope, operation: &operation }) else {
            panic!("it is appended")
        };
        let data = r#"{"packet":{"type":2,"data":["a",1]},"opts":{"rooms":[],"except":["id"],"flags":{}}}"#;
        let expected = [("uid", "me"), ("nsp", "/chat"), ("type", "3"), ("data", data)];
        assert_eq!(stream, "p");
        assert_eq!(fields, expected.map(|(name, value)| (name, value.to_owned())));
    }
}
