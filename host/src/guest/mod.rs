//! Components as event handlers: the host's side of `wit/`, on top of [`runtime`](crate::runtime).
//!
//! [`Handler`] is what the gateway calls. Everything that comes out of a guest is checked here, so that the gateway can
//! send it as it is.

mod answer;
mod bindings;
mod commands;
mod convert;
mod description;
mod error;
mod examine;
mod handler;
mod http;
mod imports;
mod instance;
mod load;
mod network;
mod output;
mod payload;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod world;

pub use description::DescriptionError;
pub use error::{LoadError, LoadReason};
pub use examine::{Examination, Granted, Import};
pub use handler::Handler;
pub use world::WorldError;
