//! Namespaces, sockets, rooms, broadcasts, and the life of a connection.
//!
//! **Job.** The gateway decides what an event is and what a command does. A session's packets become events of sockets;
//! an event waits in its socket's queue, then the mount's [`EventHandler`](handler::EventHandler) handles it, and the
//! commands that come back are carried out on this node's [sockets](EventContext) and, through the
//! [`Cluster`](cluster::Cluster), on the others'. The [`Scheduler`] runs what handlers want to be run for without an event.
//!
//! **Promises.** `$connect` comes first and `$disconnect` last, once each; one socket's events are handled one at a
//! time, in order; commands take effect in the order they were called; everything that clients and handlers cause is
//! bounded ([`model::GatewayLimits`]). A mount's handler can be replaced between two events.
//!
//! **Must not know** wasmtime, hyper or the bus between nodes. Running handlers and reaching other nodes are traits,
//! which other crates implement.
//!
//! Files import each other in this order, never back: `model` → `cluster`, `encode`, `acks`, `slices`, `agenda` →
//! `socket`, `claims` → `index` → `sweep` → `rooms` → `recovery` → `namespace` → `operation` → `commands`, `questions` →
//! `context` → `handler` → `mount` → `member`, `scheduler` → `connection` → `gateway`.

#![warn(missing_docs, unreachable_pub)]

mod acks;
mod agenda;
pub mod claims;
pub mod cluster;
mod commands;
mod connection;
mod context;
mod encode;
mod gateway;
pub mod handler;
mod index;
mod member;
pub mod model;
mod mount;
mod namespace;
mod operation;
mod questions;
mod recovery;
mod rooms;
mod scheduler;
mod slices;
mod socket;
mod sweep;
#[cfg(test)]
mod test_support;

pub use commands::Applying;
pub use connection::Connection;
pub use context::EventContext;
pub use gateway::Gateway;
pub use mount::{Mount, MountError, path_of};
pub use namespace::Namespace;
pub use questions::LocalAnswers;
pub use scheduler::Scheduler;
