//! Group chat: rooms, who is typing, and private messages.
//!
//! Everybody starts in the room `lobby`. A user's name is what the client sent as `auth.username`; the gateway keeps it
//! in `socket.data`, for each event runs in a fresh instance of this component.

mod messages;

use std::time::{SystemTime, UNIX_EPOCH};

use guest_sdk::{Error, RealtimeNamespace};

use messages::{
    Auth, JoinRoom, Message, PrivateMessage, SentMessage, SentPrivateMessage, Typing, User, UserLeft, Welcome,
};

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/chat");

    ns.socket().on("$connect", move || -> Result<(), Error> {
        let auth: Auth = ns.socket().handshake().auth()?;
        let username = auth.username.filter(|name| !name.is_empty()).unwrap_or_else(|| "Anonymous".to_owned());
        ns.socket().data().set("username", &username);
        ns.socket().join("lobby");
        ns.socket().emit("welcome", Welcome { message: format!("Hello, {username}!") });
        ns.socket().to("lobby").emit("userJoined", User { username });
        Ok(())
    });

    ns.socket().on("joinRoom", move |data: JoinRoom| {
        ns.socket().leave("lobby");
        ns.socket().join(&data.room);
        ns.socket().to(&data.room).emit("userJoined", User { username: username(ns) });
    });

    ns.socket().on("message", move |data: Message| {
        let message = SentMessage { from: username(ns), text: data.text, timestamp: now() };
        ns.socket().to(room_or_lobby(data.room)).emit("message", message);
    });

    ns.socket().on("typing", move |data: Typing| {
        ns.socket().to(room_or_lobby(data.room)).emit("typing", User { username: username(ns) });
    });

    ns.socket().on("privateMessage", move |data: PrivateMessage| {
        let message = SentPrivateMessage { from: username(ns), text: data.text };
        ns.socket().emit("privateMessage", &message);
        // A socket's id is a room that only this socket is in.
        ns.to(data.target_socket_id).emit("privateMessage", &message);
    });

    ns.socket().on("$disconnect", move |reason: String| {
        ns.emit("userLeft", UserLeft { username: username(ns), reason });
    });

    ns
}

fn username(ns: RealtimeNamespace) -> String {
    ns.socket().data().get("username").unwrap_or_default()
}

fn room_or_lobby(room: Option<String>) -> String {
    room.filter(|room| !room.is_empty()).unwrap_or_else(|| "lobby".to_owned())
}

/// Milliseconds since 1970, as `Date.now()` in JavaScript.
fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
