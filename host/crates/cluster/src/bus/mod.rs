//! Several gateways are one server: what this node says to the others and hears from them, in either format.
//!
//! **Bounds.** What other nodes send waits in one inbox for each namespace, bounded in bytes together; questions that
//! this node's clients answer for others are bounded in number and in time; what is malformed is dropped, counted and
//! logged at a bounded rate.

mod dialect;
mod inbox;
mod node;
mod receive;
mod requests;
mod settings;
mod start;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use dialect::{Asker, BOUNDS, Dialect, Ears, Heard, Incoming, Lane, Reply};
pub use node::Bus;
pub use settings::{Format, Settings};
pub use start::StartError;
