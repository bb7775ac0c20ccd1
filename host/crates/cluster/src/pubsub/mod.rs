//! The format of `@socket.io/redis-adapter` 8 and of its emitters ("pubsub"): broadcasts, requests and responses on
//! channels of Redis.
//!
//! At most once, in no order between nodes. A node gets its own messages, too: it passes over broadcasts and
//! requests with its own `uid`. Node.js carries out joins, leaves and disconnections when they come back; here the
//! gateway has carried them out before.

mod broadcast;
mod channels;
mod dialect;
mod message;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use broadcast::Broadcast;
pub use channels::Channels;
pub(crate) use dialect::Pubsub;
pub use request::{Ask, Request};
pub use response::{Answer, Response};
