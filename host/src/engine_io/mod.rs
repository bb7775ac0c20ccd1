//! The Engine.IO protocol, revision 4: sessions over long-polling and WebSocket.
//!
//! All but [`transport`] is free of I/O and of the clock.

pub mod handler;
mod heartbeat;
pub mod id;
mod outbox;
pub mod packet;
pub mod payload;
mod reason;
mod session;
pub mod transport;

pub use outbox::Encoded;
pub use reason::CloseReason;
pub use session::{Sent, Session};
