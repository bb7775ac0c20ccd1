//! Namespaces, sockets, rooms and the life of a connection.

pub mod context;
pub mod handler;
