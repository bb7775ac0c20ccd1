//! Namespaces, sockets, rooms, broadcasts, and the life of a connection.
//!
//! The gateway decides what an event is and what a command does. Who runs handlers ([`handler::EventHandler`]) and who
//! carries broadcasts ([`adapter::Adapter`]) are traits that other modules implement.

mod acks;
pub mod adapter;
mod commands;
mod connection;
pub mod context;
mod encode;
pub mod handler;
mod member;
pub mod namespace;
mod reason;
mod recovery;
pub mod socket;
#[cfg(test)]
pub(crate) mod test_support;

pub use namespace::{Gateway, MountError};
pub use reason::DisconnectReason;
