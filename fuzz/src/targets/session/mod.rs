//! Sessions on the gateway, with clients and handlers that do whatever the fuzzer says, in any order.

mod client;
mod handler;
mod log;
mod script;
mod steps;

pub use script::Script;
