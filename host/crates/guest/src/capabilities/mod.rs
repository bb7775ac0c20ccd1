//! The interfaces that a guest may import: one file for each capability.
//!
//! Each file has the capability's [`Interface`]s and their grants, its linking, its state during an event, and when an
//! instance is quiet, which means that nothing an event began is still running. An unused capability costs nothing: its
//! state is made when the guest first needs it.

mod clocks;
mod environment;
mod files;
mod grants;
mod http;
mod interface;
mod io;
mod keyvalue;
mod offered;
mod output;
mod output_rate;
mod random;
mod realtime;
mod sockets;
mod store;
mod wasi;

pub use self::store::{EventStoreLimits, StoreGrant};
pub use environment::Environment;
pub use grants::HandlerGrants;
pub use http::{AllowedHost, AllowedHosts};
pub use interface::Granted;
#[expect(unreachable_pub, reason = "bindings re-export it")]
pub use keyvalue::Bucket;

pub(crate) use self::store::{KeyValues, StoreView, Used as KeyValuesUsed};
pub(crate) use http::Requests;
pub(crate) use interface::Name;
pub(crate) use keyvalue::{BucketView, Buckets};
#[cfg(test)]
pub(crate) use offered::offered_paths;
pub(crate) use offered::{add_to_linker, granted, keeps_state};
pub(crate) use output::Output;
pub(crate) use output_rate::OutputRate;
pub(crate) use realtime::{Realtime, RealtimeView};
pub(crate) use wasi::wasi;
