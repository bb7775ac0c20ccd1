//! The Socket.IO protocol, revision 5: packets, binary reassembly. No I/O, no clock.

mod decoder;
mod header;
mod json;
mod packet;
mod payload;
mod placeholders;
#[cfg(test)]
mod reference_tests;

pub use decoder::{DecodeError, Decoder};
pub use packet::{
    Body, Packet, is_reserved, write_ack, write_connect, write_connect_error, write_disconnect, write_event,
};
pub use payload::Payload;
pub use placeholders::check as check_placeholders;
