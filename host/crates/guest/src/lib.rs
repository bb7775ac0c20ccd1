//! Components as event handlers: the host's side of `wit/`, on top of `runtime`.
//!
//! **Job.** The gateway calls [`ComponentHandler`] for every event, every plain HTTP request and every run of a schedule.
//! It runs an instance within its limits, links what the component may import (`capabilities`, one file each), and hands its commands to
//! the gateway.
//!
//! **Promises.** Commands take effect in the order they were called, when the handler waits or returns; a trap drops
//! those that have not taken effect. Nothing of an event reaches another one, unless the operator has instances reused.
//! Whatever is wrong with a component is found when it is loaded ([`LoadError`]).
//!
//! **Must not know** how packets travel: sessions, transports, listeners.

#![warn(missing_docs, unreachable_pub)]

mod answer;
mod bindings;
mod capabilities;
mod component;
mod convert;
mod current_event;
mod error;
mod examine;
mod http_export;
mod incoming;
mod instances;
mod lane;
mod limits;
mod load;
mod scheduled;
mod settings;
mod store_state;
#[cfg(test)]
mod tests;
mod world;

pub use capabilities::{AllowedHost, AllowedHosts, Environment, EventStoreLimits, Granted, HandlerGrants, StoreGrant};
pub use component::ComponentHandler;
pub use error::{LoadError, LoadReason};
pub use examine::{Examination, Import};
pub use limits::HandlerLimits;
pub use settings::HandlerSettings;
pub use world::WorldError;
