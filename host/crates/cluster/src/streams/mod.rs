//! The format of `@socket.io/redis-streams-adapter` 0.3 ("streams"): one Redis stream for all namespaces, channels for
//! requests and responses, and keys for the state of clients that were cut off.
//!
//! An entry's id is the offset of its event. The channels of single rooms in the `pubsub` format have the same names
//! with other contents, so one prefix never carries both formats.

mod body;
mod dialect;
mod entry;
mod message;
mod session;
#[cfg(test)]
mod tests;

pub use body::Body;
pub(crate) use dialect::Streams;
pub use entry::Entry;
pub use message::{Channels, Message};
pub use session::{Session, session_key};
