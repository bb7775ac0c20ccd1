//! The endpoint as its clients meet it: bytes on connections, HTTP and WebSocket, cut anywhere, on paused time.
//!
//! The connections are socket pairs, which pass for TCP: nothing leaves the process, and what was written is there at
//! once.

mod answers;
mod connection;
mod handler;
mod script;

pub use script::Script;
