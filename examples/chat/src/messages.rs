//! What clients send, and what they get.

use serde::{Deserialize, Serialize};

/// What a client sends as `auth` when it connects.
#[derive(Deserialize)]
pub struct Auth {
    pub username: Option<String>,
}

#[derive(Deserialize)]
pub struct JoinRoom {
    pub room: String,
}

#[derive(Deserialize)]
pub struct Message {
    pub room: Option<String>,
    pub text: String,
}

#[derive(Deserialize)]
pub struct Typing {
    pub room: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrivateMessage {
    pub target_socket_id: String,
    pub text: String,
}

#[derive(Serialize)]
pub struct Welcome {
    pub message: String,
}

/// Who joined, or who is typing.
#[derive(Serialize)]
pub struct User {
    pub username: String,
}

#[derive(Serialize)]
pub struct UserLeft {
    pub username: String,
    pub reason: String,
}

#[derive(Serialize)]
pub struct SentMessage {
    pub from: String,
    pub text: String,
    /// Milliseconds since 1970.
    pub timestamp: u64,
}

#[derive(Serialize)]
pub struct SentPrivateMessage {
    pub from: String,
    pub text: String,
}
