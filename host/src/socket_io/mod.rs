//! The Socket.IO protocol, revision 5: packets, binary reassembly. No I/O, no clock.

mod payload;

pub use payload::Payload;
