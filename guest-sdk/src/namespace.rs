//! The namespace that a component serves.

use std::time::Duration;

use crate::bindings::realtime::gateway::namespace;
use crate::bindings::realtime::gateway::types::{self, Payload};
use crate::encode::IntoArgs;
use crate::error::Error;
use crate::kv::Kv;
use crate::operator::{Answers, BroadcastOperator, ListedSocket, RemoteSocket};
use crate::outcome::Outcome;
use crate::rooms::Rooms;
use crate::socket::Socket;

/// The namespace that a component serves. Everything starts from it: sockets, rooms, broadcasts.
///
/// It is a handle, and `Copy`: any number of handlers capture it with `move`. Two components cannot serve the same
/// namespace.
///
/// Methods of a single socket are at [`ns.socket()`](RealtimeNamespace::socket): a namespace has no `join`, `leave` and
/// `broadcast`. Broadcasts of the namespace reach the current socket too, broadcasts of the socket do not.
///
/// ```no_run
/// use guest_sdk::RealtimeNamespace;
///
/// fn register() -> RealtimeNamespace {
///     let ns = RealtimeNamespace::new("/chat");
///     ns.socket().on("$connect", move || ns.socket().join("general"));
///     ns.socket().on("message", move |text: String| ns.to("general").emit("message", text));
///     ns
/// }
///
/// guest_sdk::export!(register);
/// # fn main() {}
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct RealtimeNamespace {
    path: Option<&'static str>,
}

impl RealtimeNamespace {
    /// The namespace with this path. The path begins with `/`, and clients connect with the same path.
    ///
    /// [`RealtimeNamespace::default`] has no path of its own: it is the one given to `host run`, else `/`.
    ///
    /// ```
    /// use guest_sdk::RealtimeNamespace;
    ///
    /// let ns = RealtimeNamespace::new("/chat");
    /// let ns = RealtimeNamespace::default();
    /// ```
    pub const fn new(path: &'static str) -> Self {
        Self { path: Some(path) }
    }

    /// The socket of the current event.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("whoami", move || ns.socket().id());
    /// ```
    pub const fn socket(self) -> Socket {
        Socket::new()
    }

    /// The namespace's key-value store, which outlives events.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.socket().on("visit", move || ns.kv().increment("visits", 1));
    /// ```
    pub const fn kv(self) -> Kv {
        Kv::new()
    }

    /// The path that the component is served at. Only for handlers: it is not known during registration.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::default();
    /// ns.socket().on("where", move || ns.name());
    /// ```
    pub fn name(self) -> String {
        namespace::name()
    }

    /// The sockets in one or several rooms, including the current socket.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.to("general").emit("serverMessage", "hello");
    /// ```
    pub fn to(self, rooms: impl Rooms) -> BroadcastOperator {
        BroadcastOperator::all().to(rooms)
    }

    /// Alias of [`to`](RealtimeNamespace::to); `in` is a keyword of Rust.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.in_("general").emit("serverMessage", "hello");
    /// ```
    pub fn in_(self, rooms: impl Rooms) -> BroadcastOperator {
        self.to(rooms)
    }

    /// All sockets of the namespace except those in one or several rooms.
    ///
    /// ```no_run
    /// use guest_sdk::json;
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.except("admins").emit("maintenance", json!({ "message": "Going offline soon" }));
    /// ```
    pub fn except(self, rooms: impl Rooms) -> BroadcastOperator {
        BroadcastOperator::all().except(rooms)
    }

    /// All sockets. Emitted events may be dropped for clients that are slow to receive.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.volatile().emit("tick", 12);
    /// ```
    pub fn volatile(self) -> BroadcastOperator {
        BroadcastOperator::all().volatile()
    }

    /// All sockets that are connected to this node.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.local().emit("restarting", 60);
    /// ```
    pub fn local(self) -> BroadcastOperator {
        BroadcastOperator::all().local()
    }

    /// Sends an event to every socket of the namespace.
    ///
    /// # Errors
    ///
    /// As [`BroadcastOperator::emit`].
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/chat");
    /// ns.emit("globalAlert", "hello");
    /// ```
    pub fn emit(self, event: &str, args: impl IntoArgs) -> Outcome {
        send(event, args.into_payload())
    }

    /// Sends an event to every socket of the namespace and waits for their acknowledgements.
    ///
    /// # Errors
    ///
    /// As [`BroadcastOperator::emit_with_ack`].
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// let answers = ns.emit_with_ack("ready?", (), Duration::from_secs(1))?;
    /// println!("{} are ready, {} are not", answers.received.len(), answers.missing);
    /// # Ok(())
    /// # }
    /// ```
    pub fn emit_with_ack(self, event: &str, args: impl IntoArgs, timeout: Duration) -> Result<Answers, Error> {
        BroadcastOperator::all().emit_with_ack(event, args, timeout)
    }

    /// All sockets of the namespace.
    ///
    /// # Errors
    ///
    /// As [`BroadcastOperator::fetch_sockets`].
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// for socket in ns.fetch_sockets()? {
    ///     println!("{} came from {}", socket.id, socket.handshake.address);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn fetch_sockets(self) -> Result<Vec<RemoteSocket>, Error> {
        BroadcastOperator::all().fetch_sockets()
    }

    /// How many sockets the namespace has. Costs much less than fetching them.
    ///
    /// # Errors
    ///
    /// As [`BroadcastOperator::fetch_sockets`].
    ///
    /// ```no_run
    /// # fn handler(ns: guest_sdk::RealtimeNamespace) -> Result<(), guest_sdk::Error> {
    /// println!("{} sockets", ns.count_sockets()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn count_sockets(self) -> Result<u64, Error> {
        BroadcastOperator::all().count_sockets()
    }

    /// Ids and rooms of all sockets of the namespace, without handshake and data.
    ///
    /// # Errors
    ///
    /// As [`BroadcastOperator::fetch_sockets`].
    pub fn list_sockets(self) -> Result<Vec<ListedSocket>, Error> {
        BroadcastOperator::all().list_sockets()
    }

    /// Adds every socket of the namespace to one or several rooms.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.sockets_join("round1");
    /// ```
    pub fn sockets_join(self, rooms: impl Rooms) -> Outcome {
        BroadcastOperator::all().sockets_join(rooms)
    }

    /// Removes every socket of the namespace from one or several rooms.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.sockets_leave("round1");
    /// ```
    pub fn sockets_leave(self, rooms: impl Rooms) -> Outcome {
        BroadcastOperator::all().sockets_leave(rooms)
    }

    /// Disconnects every socket from the namespace.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.disconnect_sockets();
    /// ```
    pub fn disconnect_sockets(self) -> Outcome {
        BroadcastOperator::all().disconnect_sockets()
    }

    /// Ends the session of every socket of the namespace, with all other namespaces on it.
    ///
    /// ```no_run
    /// # let ns = guest_sdk::RealtimeNamespace::new("/game");
    /// ns.disconnect_sessions();
    /// ```
    pub fn disconnect_sessions(self) -> Outcome {
        BroadcastOperator::all().disconnect_sessions()
    }

    pub(crate) const fn path(self) -> Option<&'static str> {
        self.path
    }
}

fn send(event: &str, payload: Result<Payload, types::Error>) -> Outcome {
    let result = payload.and_then(|payload| namespace::emit(event, &payload));
    Outcome::of_call(format_args!("emit `{event}`"), result)
}
