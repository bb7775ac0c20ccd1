//! Group chat: rooms, who is typing, and private messages.
//!
//! Everybody starts in the room `lobby`. A user's name is what the client sent as `auth.username`; the gateway keeps it
//! in `socket.data`, for each event runs in a fresh instance of this component.

use std::time::{SystemTime, UNIX_EPOCH};

use guest_sdk::{RealtimeNamespace, json};
use serde::Deserialize;

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/chat");

    ns.socket().on("$connect", move || {
        let auth = ns.socket().handshake().auth_value();
        let username = auth["username"].as_str().filter(|name| !name.is_empty()).unwrap_or("Anonymous");
        ns.socket().data().set("username", username);
        ns.socket().join("lobby");
        ns.socket().emit("welcome", json!({ "message": format!("Hello, {username}!") }));
        ns.socket().to("lobby").emit("userJoined", json!({ "username": username }));
    });

    ns.socket().on("joinRoom", move |data: JoinRoom| {
        ns.socket().leave("lobby");
        ns.socket().join(&data.room);
        ns.socket().to(&data.room).emit("userJoined", json!({ "username": username(ns) }));
    });

    ns.socket().on("message", move |data: Message| {
        let message = json!({ "from": username(ns), "text": data.text, "timestamp": now() });
        ns.socket().to(room_or_lobby(data.room)).emit("message", message);
    });

    ns.socket().on("typing", move |data: Typing| {
        ns.socket().to(room_or_lobby(data.room)).emit("typing", json!({ "username": username(ns) }));
    });

    ns.socket().on("privateMessage", move |data: PrivateMessage| {
        let message = json!({ "from": username(ns), "text": data.text });
        ns.socket().emit("privateMessage", &message);
        // A socket's id is a room that only this socket is in.
        ns.to(data.target_socket_id).emit("privateMessage", &message);
    });

    ns.socket().on("$disconnect", move |reason: String| {
        ns.emit("userLeft", json!({ "username": username(ns), "reason": reason }));
    });

    ns
}

#[derive(Deserialize)]
struct JoinRoom {
    room: String,
}

#[derive(Deserialize)]
struct Message {
    room: Option<String>,
    text: String,
}

#[derive(Deserialize)]
struct Typing {
    room: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrivateMessage {
    target_socket_id: String,
    text: String,
}

fn username(ns: RealtimeNamespace) -> Option<String> {
    ns.socket().data().get("username")
}

fn room_or_lobby(room: Option<String>) -> String {
    room.filter(|room| !room.is_empty()).unwrap_or_else(|| "lobby".to_owned())
}

/// Milliseconds since 1970, as `Date.now()` in JavaScript.
fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
