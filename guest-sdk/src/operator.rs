//! Broadcasts: selecting sockets, and acting on all of them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::args::Args;
use crate::bindings::realtime::gateway::types::{self, Operator, OperatorOptions, Payload};
use crate::bindings::realtime::gateway::{broadcast_operator, search};
use crate::encode::IntoArgs;
use crate::error::Error;
use crate::handshake::Handshake;
use crate::json;
use crate::outcome::Outcome;
use crate::rooms::Rooms;

/// A selection of sockets in the namespace, with the methods that act on all of them.
///
/// Several rooms are a union, and a socket in more than one of them is reached once. `except` wins over `to`. An
/// operator is immutable: each call returns a new one, so an operator can be kept and used again.
///
/// There is no `timeout(ms)` to chain, as in the reference server: [`emit_with_ack`](BroadcastOperator::emit_with_ack)
/// takes the timeout as an argument, so that no handler waits without one.
///
/// ```no_run
/// use guest_sdk::{RealtimeNamespace, json};
///
/// let ns = RealtimeNamespace::new("/shop");
/// ns.socket().on("offer", move || {
///     let members = ns.to("vip").to("premium").except("banned");
///     members.emit("offer", json!({ "discount": 20 }));
///     members.volatile().emit("hint", "only today");
/// });
/// ```
#[derive(Debug, Clone)]
#[must_use = "an operator does nothing until something is emitted"]
pub struct BroadcastOperator(Operator);

impl BroadcastOperator {
    /// All sockets of the namespace.
    pub(crate) fn all() -> Self {
        Self(Operator { rooms: Vec::new(), except: Vec::new(), options: OperatorOptions::empty() })
    }

    pub(crate) fn with(mut self, option: OperatorOptions) -> Self {
        self.0.options |= option;
        self
    }

    /// Adds the sockets in these rooms. An operator without rooms means all sockets of the namespace, so an empty list
    /// changes nothing.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().to("room1").to(["room2", "room3"]).emit("update", 1);
    /// ```
    pub fn to(&self, rooms: impl Rooms) -> Self {
        let mut next = self.clone();
        next.0.rooms.extend(rooms.into_rooms());
        next
    }

    /// Alias of [`to`](BroadcastOperator::to); `in` is a keyword of Rust.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.in_("room1").in_("room2").emit("update", 1);
    /// ```
    pub fn in_(&self, rooms: impl Rooms) -> Self {
        self.to(rooms)
    }

    /// Excludes the sockets in these rooms.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().to("room1").except("room2").emit("update", 1);
    /// ```
    pub fn except(&self, rooms: impl Rooms) -> Self {
        let mut next = self.clone();
        next.0.except.extend(rooms.into_rooms());
        next
    }

    /// Allows emitted events to be dropped for clients that are slow to receive.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.to("arena").volatile().emit("position", (3, 4));
    /// ```
    pub fn volatile(&self) -> Self {
        self.clone().with(OperatorOptions::VOLATILE)
    }

    /// Only sockets that are connected to this node.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.local().emit("restarting", 60);
    /// ```
    pub fn local(&self) -> Self {
        self.clone().with(OperatorOptions::LOCAL)
    }

    /// Sends an event to the selected sockets.
    ///
    /// # Errors
    ///
    /// [`ReservedEvent`](crate::ErrorKind::ReservedEvent), [`PayloadTooLarge`](crate::ErrorKind::PayloadTooLarge),
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`InvalidPayload`](crate::ErrorKind::InvalidPayload).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.to("general").emit("message", ("Ada", "hello"));
    /// ```
    pub fn emit(&self, event: &str, args: impl IntoArgs) -> Outcome {
        self.send(event, args.into_payload())
    }

    /// Sends an event to the selected sockets and waits for their acknowledgements until the timeout. Returns the
    /// answers that came in time, and how many are missing. Fractions of a millisecond are ignored.
    ///
    /// # Errors
    ///
    /// As [`emit`](BroadcastOperator::emit), and [`NotAllowed`](crate::ErrorKind::NotAllowed) in `$connect`.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let answers = ns.to("voters").emit_with_ack("vote", "Pizza?", Duration::from_secs(5))?;
    /// let yes = answers.values::<bool>()?.into_iter().filter(|yes| *yes).count();
    /// println!("{yes} yes, {} did not answer", answers.missing);
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack(&self, event: &str, args: impl IntoArgs, timeout: Duration) -> Result<Answers, Error> {
        self.ask(event, args.into_payload(), milliseconds(timeout))
    }

    /// The selected sockets.
    ///
    /// # Errors
    ///
    /// The host cannot tell, such as when another node does not answer.
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// for socket in ns.to("lobby").fetch_sockets()? {
    ///     println!("{} is in {:?}", socket.id, socket.rooms);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, Error> {
        match broadcast_operator::fetch_sockets(&self.0) {
            Ok(sockets) => Ok(sockets.into_iter().map(RemoteSocket::from).collect()),
            Err(error) => Err(Error::of_call(format_args!("fetch_sockets"), error)),
        }
    }

    /// How many sockets are selected. Costs much less than fetching them.
    ///
    /// # Errors
    ///
    /// As [`fetch_sockets`](BroadcastOperator::fetch_sockets).
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// println!("{} are in the lobby", ns.to("lobby").count_sockets()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn count_sockets(&self) -> Result<u64, Error> {
        search::count_sockets(&self.0).map_err(|error| Error::of_call(format_args!("count_sockets"), error))
    }

    /// Ids and rooms of the selected sockets, without handshake and data.
    ///
    /// # Errors
    ///
    /// As [`fetch_sockets`](BroadcastOperator::fetch_sockets).
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// for socket in ns.to("lobby").list_sockets()? {
    ///     println!("{} is in {:?}", socket.id, socket.rooms);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_sockets(&self) -> Result<Vec<ListedSocket>, Error> {
        match search::list_sockets(&self.0) {
            Ok(sockets) => Ok(sockets.into_iter().map(ListedSocket::from).collect()),
            Err(error) => Err(Error::of_call(format_args!("list_sockets"), error)),
        }
    }

    /// Adds the selected sockets to one or several rooms.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.to("lobby").sockets_join(["round1", "players"]);
    /// ```
    pub fn sockets_join(&self, rooms: impl Rooms) -> Outcome {
        let result = broadcast_operator::sockets_join(&self.0, &rooms.into_rooms());
        Outcome::of_call(format_args!("sockets_join"), result)
    }

    /// Removes the selected sockets from one or several rooms.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.to("round1").sockets_leave("lobby");
    /// ```
    pub fn sockets_leave(&self, rooms: impl Rooms) -> Outcome {
        let result = broadcast_operator::sockets_leave(&self.0, &rooms.into_rooms());
        Outcome::of_call(format_args!("sockets_leave"), result)
    }

    /// Disconnects the selected sockets from the namespace.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.to("banned").disconnect_sockets();
    /// ```
    pub fn disconnect_sockets(&self) -> Outcome {
        self.disconnect(false)
    }

    /// Ends the sessions of the selected sockets, with every namespace on them: the reference server's
    /// `disconnectSockets(true)`.
    ///
    /// # Errors
    ///
    /// [`RateLimited`](crate::ErrorKind::RateLimited).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.to("banned").disconnect_sessions();
    /// ```
    pub fn disconnect_sessions(&self) -> Outcome {
        self.disconnect(true)
    }

    fn send(&self, event: &str, payload: Result<Payload, types::Error>) -> Outcome {
        let result = payload.and_then(|payload| broadcast_operator::emit(&self.0, event, &payload));
        Outcome::of_call(format_args!("emit `{event}`"), result)
    }

    fn ask(&self, event: &str, payload: Result<Payload, types::Error>, timeout_ms: u32) -> Result<Answers, Error> {
        match payload.and_then(|payload| broadcast_operator::emit_with_ack(&self.0, event, &payload, timeout_ms)) {
            Ok(types::Answers { received, missing }) => {
                Ok(Answers { received: received.into_iter().map(Args::from).collect(), missing })
            }
            Err(error) => Err(Error::of_call(format_args!("emit_with_ack `{event}`"), error)),
        }
    }

    fn disconnect(&self, close: bool) -> Outcome {
        let result = broadcast_operator::disconnect_sockets(&self.0, close);
        Outcome::of_call(format_args!("disconnect_sockets"), result)
    }
}

/// A duration in the contract's unit. Anything longer than 49 days becomes 49 days.
pub(crate) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// The answers of clients to a broadcast that asked for acknowledgements.
///
/// ```no_run
/// use std::time::Duration;
/// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
/// let answers = ns.socket().broadcast().emit_with_ack("ready?", (), Duration::from_secs(2))?;
/// if answers.missing == 0 {
///     ns.emit("start", answers.received.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answers {
    /// The arguments of each acknowledgement, in the order in which they arrived.
    pub received: Vec<Args>,
    /// How many clients did not answer in time; 0 means that all did.
    pub missing: u32,
}

impl Answers {
    /// The first argument of each acknowledgement.
    ///
    /// # Errors
    ///
    /// [`InvalidArguments`](crate::ErrorKind::InvalidArguments): a first argument is not a `T`.
    ///
    /// ```no_run
    /// # fn f(answers: guest_sdk::Answers) -> Result<(), guest_sdk::Error> {
    /// let votes: Vec<bool> = answers.values()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn values<T: DeserializeOwned>(&self) -> Result<Vec<T>, Error> {
        self.received.iter().map(|args| args.get(0)).collect()
    }
}

/// Another socket, as it was when it was listed. To send to it, use its id as a room.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListedSocket {
    /// Its id.
    pub id: String,
    /// Its rooms, including its own id.
    pub rooms: BTreeSet<String>,
}

impl From<search::ListedSocket> for ListedSocket {
    fn from(socket: search::ListedSocket) -> Self {
        Self { id: socket.id, rooms: socket.rooms.into_iter().collect() }
    }
}

/// Another socket, as it was when it was fetched. To send to it, use its id as a room.
///
/// ```no_run
/// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
/// for socket in ns.fetch_sockets()? {
///     ns.to(socket.id).emit("hello", ());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteSocket {
    /// Its id.
    pub id: String,
    /// Its rooms, including its own id.
    pub rooms: BTreeSet<String>,
    /// The data of its connection when it joined the namespace.
    pub handshake: Handshake,
    data: String,
}

impl RemoteSocket {
    /// Its `data` object, as it was when the socket was fetched.
    ///
    /// # Errors
    ///
    /// The object is not a `T`. The text says why.
    ///
    /// ```no_run
    /// use guest_sdk::serde_json::Value;
    /// # fn f(socket: guest_sdk::RemoteSocket) -> Result<(), guest_sdk::Error> {
    /// let data: Value = socket.data()?;
    /// println!("{} is {}", socket.id, data["username"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(json::from_str(&self.data)?)
    }
}

impl From<types::RemoteSocket> for RemoteSocket {
    fn from(socket: types::RemoteSocket) -> Self {
        let types::RemoteSocket { id, rooms, handshake, data } = socket;
        Self { id, rooms: rooms.into_iter().collect(), handshake: handshake.into(), data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chaining_adds_up_and_changes_nothing_before() {
        let one = BroadcastOperator::all().to("a").except("x");
        let two = one.in_(["b", "c"]).except("y").volatile().local();
        assert_eq!((one.0.rooms, one.0.except, one.0.options.bits()), (vec!["a".into()], vec!["x".into()], 0));
        assert_eq!(two.0.rooms, ["a", "b", "c"]);
        assert_eq!(two.0.except, ["x", "y"]);
        assert_eq!(two.0.options, OperatorOptions::VOLATILE | OperatorOptions::LOCAL);
    }

    #[test]
    fn time_that_does_not_fit_is_as_long_as_possible() {
        assert_eq!(milliseconds(Duration::from_micros(1_999)), 1);
        assert_eq!(milliseconds(Duration::MAX), u32::MAX);
    }
}
