//! The Engine.IO protocol, revision 4, for servers: sessions over long-polling and WebSocket, and the upgrade between
//! them.
//!
//! **Job.** [`transport::Endpoint`] turns HTTP requests into sessions. Each session has one task, which reads its
//! transport, runs its [`handler::SessionHandler`], sends its outbox and keeps the heartbeat. Any thread may send
//! through the shared half, [`Session`].
//!
//! **Promises.** Everything that a client can fill is bounded ([`SessionLimits`]) before memory is spent; a handler
//! that takes no input stops only the reading of its own client; every session ends, with one [`CloseReason`]. All but
//! [`transport`] is free of I/O and does not read the clock.
//!
//! **Must not know** Socket.IO, namespaces or components: a message is text or bytes.

#![warn(missing_docs, unreachable_pub)]

pub mod handler;
mod heartbeat;
pub mod id;
mod limits;
mod long_poll;
mod memory;
mod outbox;
pub mod packet;
mod pairs;
pub mod payload;
mod reason;
mod session;
pub mod transport;

pub use limits::{PerAddress, SessionLimits};
pub use memory::{Charge, ClientMemory};
pub use outbox::Encoded;
pub use pairs::Pairs;
pub use reason::CloseReason;
pub use session::{Sent, Session};
