//! The way to Redis: commands out in order, messages in; nothing of Socket.IO.
//!
//! **Bounds.** What waits to be sent is bounded in bytes and in time (`queue.rs`); beyond, it is dropped and counted. Redis
//! that is away is tried again and again, with pauses that grow (`Backoff`).

mod connect;
mod queue;
mod stream;
mod task;

pub use connect::ConnectError;
pub(crate) use connect::Connector;
pub(crate) use queue::{Command, QueueLimits};
pub(crate) use stream::Reading;
pub(crate) use task::{Link, Listener, Push, Subscription, unsent};
