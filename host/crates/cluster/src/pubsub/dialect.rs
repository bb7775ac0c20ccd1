//! The format in the gateway's terms: what is published where, and what a message means.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use gateway::cluster::{Message, Scope};
use gateway::model::Operation;

use super::{Answer, Ask, Broadcast, Channels, Request, Response};
use crate::bounds::WireError;
use crate::bus::{Asker, BOUNDS, Dialect, Ears, Heard, Incoming, Lane, Reply};
use crate::link::{Command, Subscription};
use crate::msgpack::Writer;
use crate::options::Options;

/// A node that speaks the format.
#[derive(Debug)]
pub(crate) struct Pubsub {
    uid: String,
    namespaces: HashMap<String, Channels>,
    /// What this node's broadcasts begin with.
    own: Vec<u8>,
}

impl Pubsub {
    pub(crate) fn new<'a>(prefix: &str, uid: &str, namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        let channels = |namespace: &str| (namespace.to_owned(), Channels::new(prefix, namespace, uid));
        let mut own = Writer::with_capacity(uid.len() + 2);
        own.array(3);
        own.text(uid);
        let namespaces = namespaces.into_iter().map(channels).collect();
        Self { uid: uid.to_owned(), namespaces, own: own.into_vec() }
    }

    fn channels(&self, namespace: &str) -> Result<&Channels, WireError> {
        self.namespaces.get(namespace).ok_or(WireError::Member("namespace"))
    }

    fn request(&self, namespace: &str, id: Option<&str>, ask: Ask) -> Result<Command, WireError> {
        let channel = self.channels(namespace)?.requests.clone();
        let request = Request { uid: Some(self.uid.clone()), id: id.map(ToOwned::to_owned), ask };
        Ok(Command::Publish { channel, message: request.encode(namespace, &BOUNDS)? })
    }

    fn read_broadcast(&self, namespace: &str, message: &Bytes, ears: &dyn Ears) -> Result<Option<Incoming>, WireError> {
        let broadcast = Broadcast::look(message, &BOUNDS)?;
        let is_other = broadcast.uid != self.uid && broadcast.namespace == namespace;
        if !is_other || !broadcast.options.may_reach(|room| ears.has_room(room)) {
            return Ok(None);
        }
        let (event, payload) = broadcast.event(&BOUNDS)?;
        Ok(Some(Incoming::Operation(broadcast.options.into_owned(), Operation::Emit { event, payload }, None)))
    }

    fn read_request(&self, namespace: &str, message: &Bytes, ears: &dyn Ears) -> Result<Option<Incoming>, WireError> {
        let Request { uid, id, ask } = Request::decode(message, namespace, &BOUNDS)?;
        // This node has carried out its own operations already.
        if uid.as_ref() == Some(&self.uid) {
            return Ok(None);
        }
        let asker = id.map(|request| Asker { node: uid.unwrap_or_default(), request });
        let required = || asker.clone().ok_or(WireError::Member("requestId"));
        let operation = |options: Options<'static>, operation| {
            // Only old senders want an answer, of the one node that has the socket.
            let is_here = options.may_reach(|room| ears.has_room(room));
            is_here.then(|| Incoming::Operation(options, operation, asker.clone()))
        };
        Ok(match ask {
            Ask::SocketIds(rooms) => Some(Incoming::SocketIds(required()?, rooms)),
            Ask::Rooms => Some(Incoming::Rooms(required()?)),
            Ask::Join(options, rooms) => operation(options, Operation::Join(rooms)),
            Ask::Leave(options, rooms) => operation(options, Operation::Leave(rooms)),
            Ask::Disconnect(options, close) => operation(options, Operation::Disconnect { close }),
            Ask::Sockets(options) => Some(Incoming::Fetch(required()?, options)),
            // Handlers have no such event yet; other servers without a listener do not answer, either.
            Ask::ServerSideEmit(..) => None,
            Ask::Emit(options, event, payload) => Some(Incoming::Question(required()?, options, event, payload)),
        })
    }
}

impl Dialect for Pubsub {
    fn subscriptions(&self, namespace: &str) -> Vec<(Subscription, Lane)> {
        let Ok(channels) = self.channels(namespace) else { return Vec::new() };
        let channel = |name: &str| Subscription::Channel(name.to_owned());
        vec![
            (Subscription::Pattern(channels.pattern.clone()), Lane::Broadcasts),
            (channel(&channels.requests), Lane::Requests),
            (channel(&channels.responses), Lane::Responses),
            (channel(&channels.own_responses), Lane::Responses),
        ]
    }

    fn census(&self, namespace: &str) -> String {
        self.channels(namespace).map(|channels| channels.requests.clone()).unwrap_or_default()
    }

    fn operation(&self, Message { scope, operation }: Message<'_>) -> Result<Command, WireError> {
        let Scope { namespace, sender, target } = scope;
        let options = Options::of(target, sender);
        let ask = match operation {
            Operation::Emit { event, payload } => {
                let channel = self.channels(namespace)?.broadcast(&options.rooms);
                let message = Broadcast::encode(&self.uid, namespace, &options, event, payload, &BOUNDS)?;
                return Ok(Command::Publish { channel, message });
            }
            Operation::Join(rooms) => Ask::Join(options.into_owned(), rooms.clone()),
            Operation::Leave(rooms) => Ask::Leave(options.into_owned(), rooms.clone()),
            Operation::Disconnect { close } => Ask::Disconnect(options.into_owned(), *close),
        };
        self.request(namespace, None, ask)
    }

    fn fetch(&self, Scope { namespace, sender, target }: Scope<'_>, request: &str) -> Result<Command, WireError> {
        self.request(namespace, Some(request), Ask::Sockets(Options::of(target, sender).into_owned()))
    }

    fn question(&self, message: Message<'_>, wait: Duration, request: &str) -> Result<Command, WireError> {
        let Scope { namespace, sender, target } = message.scope;
        let Operation::Emit { event, payload } = message.operation else { return Err(WireError::Member("event")) };
        let options = Options { timeout: u64::try_from(wait.as_millis()).ok(), ..Options::of(target, sender) };
        self.request(namespace, Some(request), Ask::Emit(options.into_owned(), event.clone(), payload.clone()))
    }

    fn reply(&self, namespace: &str, asker: &Asker, reply: Reply) -> Result<Option<Command>, WireError> {
        let answer = match reply {
            Reply::Sockets(sockets) => Answer::Sockets(sockets),
            Reply::SocketIds(ids) => Answer::SocketIds(ids),
            Reply::Rooms(rooms) => Answer::Rooms(rooms),
            Reply::Done => Answer::Done,
            Reply::Asked(count) => Answer::ClientCount(count),
            Reply::Answered(payload) => Answer::Acknowledged(payload),
        };
        let message = Response { request: asker.request.clone(), answer }.encode(&BOUNDS)?;
        Ok(Some(Command::Publish { channel: self.channels(namespace)?.responses.clone(), message }))
    }

    fn read(&self, namespace: &str, heard: &Heard, ears: &dyn Ears) -> Result<Option<Incoming>, WireError> {
        let Heard::Message { lane, channel, message } = heard else { return Ok(None) };
        match lane {
            Lane::Broadcasts => {
                let channels = self.channels(namespace)?;
                if message.starts_with(&self.own) || !channels.may_reach(channel, |room| ears.has_room(room)) {
                    return Ok(None);
                }
                self.read_broadcast(namespace, message, ears)
            }
            Lane::Requests => self.read_request(namespace, message, ears),
            Lane::Responses if !ears.awaits_any() => Ok(None),
            Lane::Responses => {
                let response = Response::decode(message, |request| ears.awaits(request), &BOUNDS)?;
                Ok(response
                    .and_then(|Response { request, answer }| Some(Incoming::Reply(request, heard_answer(answer)?))))
            }
        }
    }
}

/// The answers to what this node asks.
fn heard_answer(answer: Answer) -> Option<Reply> {
    match answer {
        Answer::Sockets(sockets) => Some(Reply::Sockets(sockets)),
        Answer::ClientCount(count) => Some(Reply::Asked(count)),
        Answer::Acknowledged(payload) => Some(Reply::Answered(payload)),
        Answer::SocketIds(_) | Answer::Rooms(_) | Answer::Done | Answer::ServerSideEmit(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gateway::model::Target;
    use socket_io::Payload;

    use super::*;
    use crate::bus::testing::Hears;
    use crate::captured;

    /// What the real packages have said on the channels that a node subscribes to.
    fn heard(node: &Pubsub) -> Vec<Heard> {
        let lanes = node.subscriptions("/chat");
        let lane = |channel: &str| {
            let fits = |subscription: &Subscription| match subscription {
                Subscription::Channel(name) => name == channel,
                Subscription::Pattern(pattern) => channel.starts_with(pattern.trim_end_matches('*')),
            };
            lanes.iter().find(|(subscription, _)| fits(subscription)).map(|(_, lane)| *lane)
        };
        let heard = |said: captured::Published| {
            let lane = lane(&said.channel)?;
            Some(Heard::Message { lane, channel: said.channel, message: said.message.into() })
        };
        captured::published("pubsub").into_iter().filter_map(heard).collect()
    }

    fn kinds(node: &Pubsub, ears: &dyn Ears) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for heard in heard(node) {
            let incoming = node.read("/chat", &heard, ears).unwrap_or_else(|error| panic!("{error}: {heard:?}"));
            let kind = match incoming {
                None => "none",
                Some(Incoming::Operation(..)) => "operation",
                Some(Incoming::Question(..)) => "question",
                Some(Incoming::Fetch(..)) => "fetch",
                Some(Incoming::Rooms(_)) => "rooms",
                Some(Incoming::SocketIds(..)) => "ids",
                Some(Incoming::Reply(..)) => "reply",
            };
            *kinds.entry(kind).or_default() += 1;
        }
        kinds
    }

    #[test]
    fn what_the_real_package_says_is_understood() {
        let node = Pubsub::new("socket.io", "other", ["/chat"]);
        let all = kinds(&node, &Hears { rooms: true, replies: true });
        for kind in ["operation", "question", "fetch", "rooms", "reply"] {
            assert!(all.contains_key(kind), "{kind}: {all:?}");
        }
        let few = kinds(&node, &Hears { rooms: false, replies: false });
        assert!(few["operation"] < all["operation"], "nobody is in their rooms");
        assert!(!few.contains_key("reply"), "nobody waits for them");
        assert_eq!(few["question"], all["question"], "who asks gets an answer");
    }

    #[test]
    fn own_messages_are_passed_over() {
        let node = Pubsub::new("socket.io", "me", ["/chat"]);
        let target = Target { rooms: vec!["r1".to_owned()], ..Target::default() };
        let scope = Scope { namespace: "/chat", sender: None, target: &target };
        let payload = Payload { json: "[1]".to_owned(), attachments: Vec::new() };
        let emit = Operation::Emit { event: "a".to_owned(), payload };
        let join = Operation::Join(vec!["r2".to_owned()]);
        let ears = Hears { rooms: true, replies: true };
        for (operation, channel) in [(&emit, "socket.io#/chat#r1#"), (&join, "socket.io-request#/chat#")] {
            let Ok(Command::Publish { channel: published, message }) = node.operation(Message { scope, operation })
            else {
                panic!("it is published")
            };
            assert_eq!(published, channel);
            let lane = if operation == &emit { Lane::Broadcasts } else { Lane::Requests };
            let heard = Heard::Message { lane, channel: published, message: message.into() };
            assert!(node.read("/chat", &heard, &ears).unwrap().is_none(), "its own");
            let other = Pubsub::new("socket.io", "you", ["/chat"]);
            let Some(Incoming::Operation(options, heard, None)) = other.read("/chat", &heard, &ears).unwrap() else {
                panic!("it is for others")
            };
            assert_eq!((&options.into_target().rooms, &heard), (&target.rooms, operation));
        }
    }
}
