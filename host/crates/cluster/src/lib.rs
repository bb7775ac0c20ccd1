//! Several nodes are one server: how they speak to each other, and to servers of the reference implementation, through
//! Redis.
//!
//! **Job.** The way to Redis (`link`), what is said and heard on it (`bus`, which implements
//! [`gateway::cluster::Cluster`]), and the formats: bytes to plain data and back; what a message is about, without
//! decoding it.
//!
//! **Promises.** What comes from the bus is checked as if it came from a client: malformed, too large or too deep is an
//! error ([`WireError`]), never a panic, and takes no memory beyond [`Bounds`]. An event is text with attachments
//! ([`socket_io::Payload`]) before and after; no trees of values are built, and nothing recurses.
//!
//! **Must not know** sessions, transports, handlers, wasmtime.
//!
//! `link` knows nothing of Socket.IO, the formats nothing of Redis but names and fields; `bus` joins them, and each
//! format implements its `Dialect`.

#![warn(missing_docs, unreachable_pub)]

mod bounds;
mod bus;
#[cfg(test)]
mod captured;
mod event;
mod json;
mod link;
mod msgpack;
mod object;
mod options;
mod packet;
pub mod pubsub;
mod sockets;
pub mod streams;
mod transcode;

pub use bounds::{Bounds, WireError};
pub use bus::{Bus, Format, Settings, StartError};
pub use link::ConnectError;
pub use options::Options;
pub use transcode::{from_base64, from_msgpack, to_base64, to_msgpack};
