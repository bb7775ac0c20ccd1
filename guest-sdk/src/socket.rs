//! The socket of the current event.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::args::Args;
use crate::bindings::realtime::gateway::socket;
use crate::bindings::realtime::gateway::types::{self, OperatorOptions, Payload};
use crate::data::Data;
use crate::encode::IntoArgs;
use crate::error::Error;
use crate::handler::{FromArgs, Handler, Reply};
use crate::handshake::Handshake;
use crate::operator::{BroadcastOperator, milliseconds};
use crate::outcome::Outcome;
use crate::registry;
use crate::rooms::Rooms;

/// The socket of the current event. Handlers are registered on it; inside a handler it has the socket's data and
/// commands.
///
/// It is a handle, and `Copy`. During registration there is no socket yet: only `on`, `once` and `on_any` are useful
/// then.
///
/// `emit`, `join`, `leave`, `disconnect` and broadcasts are commands. They take effect in the order of the calls, at
/// the latest when the handler waits or returns. When a handler panics or runs out of time or memory, the commands that
/// were not sent yet are lost. In `$connect` all commands are held until the handler returns, and dropped if it refuses
/// the connection.
///
/// ```no_run
/// use guest_sdk::RealtimeNamespace;
///
/// let ns = RealtimeNamespace::new("/chat");
/// ns.socket()
///     .on("$connect", move || ns.socket().join("general"))
///     .on("message", move |text: String| {
///         ns.socket().to("general").emit("message", (ns.socket().id(), text));
///     })
///     .on("$disconnect", move |reason: String| println!("{} is gone: {reason}", ns.socket().id()));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Socket {
    volatile: bool,
}

impl Socket {
    pub(crate) const fn new() -> Self {
        Self { volatile: false }
    }

    /// Registers a handler for an event that clients emit, or for `$connect` (a client joins the namespace) or
    /// `$disconnect` (the client is gone; the argument is the reason, such as `transport close`).
    ///
    /// The handler is a function or a closure of up to eight parameters, each of them [`FromArg`](crate::FromArg). Its
    /// return value, a [`Reply`], is the acknowledgement. A `$connect` handler can refuse the connection with a
    /// [`ConnectError`](crate::ConnectError).
    ///
    /// Several handlers of one event run in the order of registration, until one fails. The first reply with arguments
    /// is the acknowledgement. Handlers must be registered in the function that [`export!`](crate::export) names: a
    /// later registration is logged and has no effect.
    ///
    /// ```no_run
    /// use guest_sdk::serde::{Deserialize, Serialize};
    /// use guest_sdk::{Error, RealtimeNamespace};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(crate = "guest_sdk::serde")]
    /// struct Move {
    ///     x: i32,
    ///     y: i32,
    /// }
    ///
    /// let ns = RealtimeNamespace::new("/game");
    /// ns.socket().on("move", move |to: Move| ns.socket().broadcast().emit("moved", to));
    /// ns.socket().on("add", |a: i64, b: i64| a + b);
    /// ns.socket().on("seat", |number: Option<u32>| -> Result<u32, Error> {
    ///     number.ok_or(Error::msg("which seat?"))
    /// });
    /// ```
    pub fn on<Params, Kind, H>(self, event: &str, handler: H) -> Self
    where
        Params: FromArgs,
        H: Handler<Params>,
        H::Output: Reply<Kind>,
    {
        if registry::wants(event) {
            registry::keep(Box::new(move |args| handler.call(Params::from_args(args)?).into_reply()));
        }
        self
    }

    /// Alias of [`on`](Socket::on). Each event runs in a fresh instance, which cannot know that the handler ran before.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().once("hello", || "hello to you");
    /// ```
    pub fn once<Params, Kind, H>(self, event: &str, handler: H) -> Self
    where
        Params: FromArgs,
        H: Handler<Params>,
        H::Output: Reply<Kind>,
    {
        self.on(event, handler)
    }

    /// Registers a handler for every event that clients emit, whatever its name. It gets the name and all arguments,
    /// and runs before the event's own handlers. Its return value acknowledges the event, except `()`, which leaves the
    /// acknowledgement to the event's own handlers. It does not run for `$connect` and `$disconnect`.
    ///
    /// The host then runs the component for every event, not only for events that have a handler.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on_any(|event, args| println!("{event} with {} arguments", args.len()));
    /// ```
    pub fn on_any<Kind, F, R>(self, handler: F) -> Self
    where
        F: FnOnce(&str, Args) -> R + 'static,
        R: Reply<Kind>,
    {
        if let Some(event) = registry::wants_any() {
            registry::keep_any(Box::new(move |args| handler(&event, args).into_reply()));
        }
        self
    }

    /// 20 random characters, different for each namespace that a client joins. Also the name of a room that only this
    /// socket is in.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("whoami", move || ns.socket().id());
    /// ```
    pub fn id(self) -> String {
        socket::id()
    }

    /// The socket's rooms when the event began, including its own id. A `join` or `leave` shows in the next event.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("shout", move |text: String| {
    ///     if ns.socket().rooms().contains("general") {
    ///         ns.socket().to("general").emit("shout", text);
    ///     }
    /// });
    /// ```
    pub fn rooms(self) -> BTreeSet<String> {
        socket::rooms().into_iter().collect()
    }

    /// The data of the connection when the client joined the namespace. Each call copies it from the host.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("$connect", move || {
    ///     let handshake = ns.socket().handshake();
    ///     println!("{:?} from {}", handshake.headers.get("user-agent"), handshake.address);
    /// });
    /// ```
    pub fn handshake(self) -> Handshake {
        socket::handshake().into()
    }

    /// The JSON object that the gateway keeps for this connection.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("login", move |name: String| ns.socket().data().set("username", name));
    /// ns.socket().on("whoami", move || ns.socket().data().get::<String>("username"));
    /// ```
    pub fn data(self) -> Data {
        Data::new()
    }

    /// Whether the client is connected now. `false` in `$disconnect`.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("$disconnect", move || assert!(!ns.socket().connected()));
    /// ```
    pub fn connected(self) -> bool {
        socket::connected()
    }

    /// Whether this connection recovered an earlier one, with its id, rooms and data.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("$connect", move || {
    ///     if !ns.socket().recovered() {
    ///         ns.socket().join("general");
    ///     }
    /// });
    /// ```
    pub fn recovered(self) -> bool {
        socket::recovered()
    }

    /// Sends an event to this socket. Does nothing if the client is gone.
    ///
    /// # Errors
    ///
    /// [`ReservedEvent`](crate::ErrorKind::ReservedEvent), [`PayloadTooLarge`](crate::ErrorKind::PayloadTooLarge),
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`InvalidPayload`](crate::ErrorKind::InvalidPayload).
    ///
    /// ```no_run
    /// use guest_sdk::{Bytes, json};
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().emit("welcome", json!({ "message": "Hello!" })); // one argument
    /// ns.socket().emit("position", (3, 4)); // two arguments
    /// ns.socket().emit("done", ()); // none
    /// ns.socket().emit("image", ("cat.png", Bytes::from(vec![0x89, 0x50]))); // text and binary data
    /// ```
    pub fn emit(self, event: &str, args: impl IntoArgs) -> Outcome {
        self.send(event, args.into_payload())
    }

    /// The same socket, but events that it emits or broadcasts may be dropped for clients that are slow to receive.
    /// Events that wait for an acknowledgement are never dropped.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.socket().volatile().emit("position", (3, 4));
    /// ns.socket().volatile().to("arena").emit("position", (3, 4));
    /// ```
    pub const fn volatile(self) -> Self {
        Self { volatile: true }
    }

    /// Sends an event to this socket and waits for the client's acknowledgement until the timeout, or until the
    /// handler's time is over. Earlier commands are sent first. Fractions of a millisecond are ignored.
    ///
    /// This is the reference server's `socket.timeout(ms).emitWithAck(…)`. The timeout is an argument, so that no
    /// handler waits without one.
    ///
    /// # Errors
    ///
    /// As [`emit`](Socket::emit), and [`Timeout`](crate::ErrorKind::Timeout),
    /// [`NotConnected`](crate::ErrorKind::NotConnected), and [`NotAllowed`](crate::ErrorKind::NotAllowed) in
    /// `$connect`: the client must be accepted first.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use guest_sdk::{Error, RealtimeNamespace};
    ///
    /// let ns = RealtimeNamespace::new("/bank");
    /// ns.socket().on("transfer", move |amount: u64| -> Result<bool, Error> {
    ///     let answer = ns.socket().emit_with_ack("sure?", amount, Duration::from_secs(5))?;
    ///     answer.get::<bool>(0)
    /// });
    /// ```
    pub fn emit_with_ack(self, event: &str, args: impl IntoArgs, timeout: Duration) -> Result<Args, Error> {
        ask(event, args.into_payload(), milliseconds(timeout))
    }

    /// Adds this socket to one or several rooms.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](crate::ErrorKind::NotConnected), [`RateLimited`](crate::ErrorKind::RateLimited).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("joinRoom", move |room: String| ns.socket().join(room));
    /// ns.socket().on("joinBoth", move || ns.socket().join(["books", "films"]));
    /// ```
    pub fn join(self, rooms: impl Rooms) -> Outcome {
        Outcome::of_call(format_args!("join"), socket::join(&rooms.into_rooms()))
    }

    /// Removes this socket from a room. It never leaves the room of its own id.
    ///
    /// # Errors
    ///
    /// As [`join`](Socket::join).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("leaveRoom", move |room: String| ns.socket().leave(&room));
    /// ```
    pub fn leave(self, room: &str) -> Outcome {
        Outcome::of_call(format_args!("leave"), socket::leave(room))
    }

    /// Disconnects this socket from the namespace. Events emitted before still reach it.
    ///
    /// # Errors
    ///
    /// As [`join`](Socket::join).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("ban", move || {
    ///     ns.socket().emit("banned", "Violation");
    ///     ns.socket().disconnect();
    /// });
    /// ```
    pub fn disconnect(self) -> Outcome {
        Outcome::of_call(format_args!("disconnect"), socket::disconnect(false))
    }

    /// Ends the whole session of this client, with every namespace on it: the reference server's `disconnect(true)`.
    ///
    /// # Errors
    ///
    /// As [`join`](Socket::join).
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("logout", move || ns.socket().disconnect_session());
    /// ```
    pub fn disconnect_session(self) -> Outcome {
        Outcome::of_call(format_args!("disconnect_session"), socket::disconnect(true))
    }

    /// The other sockets in one or several rooms.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().to("general").emit("message", "hello");
    /// ns.socket().to("room1").to("room2").except("room3").emit("update", 1);
    /// ```
    pub fn to(self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().to(rooms)
    }

    /// Alias of [`to`](Socket::to); `in` is a keyword of Rust.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().in_("general").emit("message", "hello");
    /// ```
    pub fn in_(self, rooms: impl Rooms) -> BroadcastOperator {
        self.to(rooms)
    }

    /// The other sockets of the namespace, except those in one or several rooms.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().except("muted").emit("alert", "hello");
    /// ```
    pub fn except(self, rooms: impl Rooms) -> BroadcastOperator {
        self.broadcast().except(rooms)
    }

    /// The other sockets that are connected to this node.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().local().emit("hello", ());
    /// ```
    pub fn local(self) -> BroadcastOperator {
        self.broadcast().local()
    }

    /// The other sockets of the namespace.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("announcement", move |text: String| ns.socket().broadcast().emit("announcement", text));
    /// ```
    pub fn broadcast(self) -> BroadcastOperator {
        let others = BroadcastOperator::all().with(OperatorOptions::EXCLUDE_SENDER);
        if self.volatile { others.volatile() } else { others }
    }

    fn send(self, event: &str, payload: Result<Payload, types::Error>) -> Outcome {
        let result = payload.and_then(|payload| socket::emit(event, &payload, self.volatile));
        Outcome::of_call(format_args!("emit `{event}`"), result)
    }
}

fn ask(event: &str, payload: Result<Payload, types::Error>, timeout_ms: u32) -> Result<Args, Error> {
    match payload.and_then(|payload| socket::emit_with_ack(event, &payload, timeout_ms)) {
        Ok(answer) => Ok(answer.into()),
        Err(error) => Err(Error::of_call(format_args!("emit_with_ack `{event}`"), error)),
    }
}
