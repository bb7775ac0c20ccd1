//! The format of `@socket.io/redis-adapter` 8 and of its emitters ("pubsub"): broadcasts, requests and responses on
//! channels of Redis.
//!
//! At most once, in no order between nodes. A node gets its own messages, too: it passes over broadcasts and
//! server-side emits with its own `uid`, and over requests whose id is one of its own. Joins, leaves and disconnections
//! are executed when they come back, by all nodes alike.

mod broadcast;
mod channels;
mod message;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use broadcast::Broadcast;
pub use channels::Channels;
pub use request::{Ask, Request};
pub use response::{Answer, Response};
