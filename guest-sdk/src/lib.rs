//! Write Socket.IO event handlers in Rust, as WebAssembly components.
//!
//! A component registers handlers on a [`RealtimeNamespace`]; `host run` serves it to any Socket.IO client. Each event
//! runs the component once, in a fresh instance. Handlers share only what the host keeps for them: rooms,
//! [`socket.data`](Data) and the [key-value store](Kv).
//!
//! ```no_run
//! use guest_sdk::serde::{Deserialize, Serialize};
//! use guest_sdk::RealtimeNamespace;
//!
//! #[derive(Deserialize)]
//! #[serde(crate = "guest_sdk::serde")]
//! struct ChatMessage {
//!     text: String,
//! }
//!
//! #[derive(Serialize)]
//! #[serde(crate = "guest_sdk::serde")]
//! struct Out {
//!     from: String,
//!     text: String,
//! }
//!
//! guest_sdk::export!(register);
//!
//! fn register() -> RealtimeNamespace {
//!     let ns = RealtimeNamespace::new("/chat");
//!     ns.socket().on("$connect", move || ns.socket().join("general"));
//!     ns.socket().on("message", move |data: ChatMessage| {
//!         ns.socket().to("general").emit("message", Out { from: ns.socket().id(), text: data.text })
//!     });
//!     ns.socket().on("$disconnect", move |reason: String| println!("{} is gone: {reason}", ns.socket().id()));
//!     ns
//! }
//! # fn main() {}
//! ```
//!
//! # A crate of your own
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! guest-sdk = { path = "../guest-sdk" }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` makes the component. This crate re-exports [`serde`] and
//! [`serde_json`]. Types that derive serde's traits need `#[serde(crate = "guest_sdk::serde")]`, as above; a crate that
//! depends on `serde` itself, with its feature `derive`, does not need that line.
//!
//! The handlers above make a component of 133 KB. In `[profile.release]`, `strip = true` makes that 105 KB, and
//! `opt-level = "s"` and `lto = true` 89 KB. Typed structs are smaller than [`serde_json::Value`] and [`json!`], which
//! add 60 KB of code for maps and numbers.
//!
//! # Where to look
//!
//! | | |
//! |---|---|
//! | the current socket: `on`, `emit`, `join`, `data` … | [`Socket`] |
//! | many sockets: `to`, `except`, `emit`, `fetch_sockets`, `count_sockets` … | [`BroadcastOperator`] |
//! | arguments and return values of a handler | [`FromArg`], [`Reply`] |
//! | values that can be emitted | [`IntoArgs`], [`Bytes`] |
//! | the reference server's `timeout(ms)`, which is an argument here | [`Socket::emit_with_ack`] |
//! | what runs at certain times | [`RealtimeNamespace::schedule`] |
//! | what outlives events: `get`, `set`, `increment`, `update` … | [`Kv`] |
//! | return values of commands; errors; refusing a connection | [`Outcome`], [`Error`], [`ConnectError`] |
//!
//! # Plain HTTP
//!
//! With the feature `http` a component also answers requests that are not Socket.IO, such as a `POST /notify` that
//! emits to a room: see [`export!`]. Bodies are buffered, and the host limits the request's body (1 MB;
//! `--max-request-body`). Such a call has no socket: properties of the socket are empty, and its commands fail with
//! [`NotConnected`](ErrorKind::NotConnected). A component that needs streams, large uploads or trailers exports
//! `wasi:http` itself, with the crate `wasip2`: `wasip2::http::proxy::export!(Component)` next to `export!(register)`.
//!
//! # Output, panics, tests
//!
//! Whatever handlers write to stdout and stderr goes to the host's log. When a handler panics, the commands that were
//! not sent yet are lost; the socket stays connected.
//!
//! Logic can be tested on the machine that builds it, but calls to the host (`emit`, `id` …) panic there.

#![warn(missing_docs)]

// `export!` and the generated bindings refer to this crate by its name, as other crates do.
extern crate self as guest_sdk;

mod args;
mod binary;
#[doc(hidden)]
pub mod bindings;
mod data;
mod encode;
mod error;
mod export;
mod handler;
mod handshake;
#[cfg(not(feature = "test-support"))]
mod json;
#[cfg(feature = "test-support")]
#[doc(hidden)]
pub mod json;
mod kv;
mod namespace;
mod operator;
mod outcome;
#[doc(hidden)]
pub mod registry;
#[cfg(feature = "http")]
#[doc(hidden)]
pub mod requests;
mod rooms;
#[doc(hidden)]
pub mod scheduled;
mod socket;

pub use args::{Args, FromArg};
pub use binary::Bytes;
pub use data::Data;
pub use encode::IntoArgs;
pub use error::{ConnectError, Error, ErrorKind};
pub use handler::{FromArgs, Handler, Reply};
pub use handshake::{Fields, Handshake};
#[cfg(feature = "http")]
pub use http;
pub use kv::Kv;
pub use namespace::RealtimeNamespace;
pub use operator::{Answers, BroadcastOperator, ListedSocket, RemoteSocket};
pub use outcome::Outcome;
#[cfg(feature = "http")]
pub use requests::Answer;
pub use rooms::Rooms;
pub use scheduled::FromDue;
pub use serde;
pub use serde_json::{self, json};
pub use socket::Socket;
