//! A store that another process has open: how `host kv` reaches that of a running host.
//!
//! **Channel.** A Unix socket in the store's folder, mode 0600, on which [`LocalServer`] listens; [`Local`] is a backend
//! that asks it. A connection is one call and its answer. Both sides look who the other is: the server serves its own
//! user and root, the client believes its own user and the folder's owner.
//!
//! **Bounds.** [`CONNECTIONS`] at once, [`PATIENCE`] to say what is wanted, and a call has at most as many bytes as a
//! batch of the largest keys (`wire::most`). What is wanted is checked as if a handler had asked. Beyond: the
//! connection is closed; more connections wait.

mod client;
mod server;
mod wire;

pub use client::Local;
pub use server::LocalServer;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Connections that are served at once.
const CONNECTIONS: usize = 4;

/// How long a call may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// The socket in a store's folder.
fn socket(folder: &Path) -> PathBuf {
    folder.join("kv.sock")
}
