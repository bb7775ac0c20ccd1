//! What a guest may import, one file a capability.
//!
//! Each file has what it imports ([`Interface`]s, with what grants them), its linking, what it keeps for an event, and when
//! an instance is quiet: nothing that an event began goes on. A capability that is not used costs nothing: what it needs is
//! made when the guest first asks for it.

mod clocks;
mod environment;
mod files;
mod grants;
mod http;
mod interface;
mod io;
mod offered;
mod output;
mod random;
mod realtime;
mod sockets;
mod wasi;

pub use environment::Environment;
pub use grants::HandlerGrants;
pub use http::{AllowedHost, AllowedHosts};
pub use interface::Granted;

pub(crate) use http::Requests;
pub(crate) use interface::Name;
#[cfg(test)]
pub(crate) use offered::offered_paths;
pub(crate) use offered::{add_to_linker, granted};
pub(crate) use output::Output;
pub(crate) use realtime::{Realtime, RealtimeView};
pub(crate) use wasi::wasi;
