//! The Socket.IO protocol, revision 5, for servers: packets, binary reassembly, placeholders.
//!
//! **Job.** A [`Decoder`] turns a client's messages, text and binary, into packets; the `write_…` functions make the
//! text of the server's packets.
//!
//! **Promises.** No packet has more bytes or attachments than the decoder allows; no recursion over what a client
//! sends; payloads are validated as JSON and otherwise kept as they are on the wire. No I/O, no clock.
//!
//! **Must not know** sessions, transports, which namespaces exist, or handlers.

#![warn(missing_docs, unreachable_pub)]

mod decoder;
mod error;
mod header;
mod json;
mod packet;
mod payload;
mod placeholders;
#[cfg(test)]
mod reference_tests;

pub use decoder::Decoder;
pub use error::DecodeError;
pub use packet::{
    Body, Packet, is_reserved, write_ack, write_connect, write_connect_error, write_disconnect, write_event,
};
pub use payload::Payload;
pub use placeholders::check as check_placeholders;
