//! Checked values of `host kv`.

use std::path::PathBuf;
use std::time::Duration;

use store::Limits;

use super::state::Data;

/// What `host kv` does, and to which store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvConfig {
    /// Where stores are.
    pub data: Data,
    /// The store's name: a namespace's path, or what `--kv` calls it.
    pub store: String,
    /// Bounds of what is written to a file. A running host has its own.
    pub limits: Limits,
    /// What to do.
    pub action: KvAction,
}

/// What to do to a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KvAction {
    /// Prints entries.
    List {
        /// Their keys begin with this.
        prefix: String,
        /// Leaves values out.
        keys_only: bool,
    },
    /// Prints one.
    Get {
        /// Its key.
        key: String,
    },
    /// Sets a value.
    Set {
        /// Its key.
        key: String,
        /// The bytes.
        value: Vec<u8>,
        /// How long it is there; `None`: until it is deleted.
        ttl: Option<Duration>,
    },
    /// Deletes entries, all or none.
    Delete {
        /// Their keys.
        keys: Vec<String>,
    },
    /// Deletes all entries that begin alike, some at a time.
    Clear {
        /// The beginning of their keys.
        prefix: String,
    },
    /// Sets what was exported.
    Import {
        /// Lines of JSON; `None`: stdin.
        file: Option<PathBuf>,
    },
}

impl KvAction {
    /// Whether a store that is not there is made for it.
    pub fn makes_a_store(&self) -> bool {
        matches!(self, Self::Set { .. } | Self::Import { .. })
    }
}
