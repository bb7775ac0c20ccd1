//! Where state is kept, and how much of it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use guest::{EventStoreLimits, StoreGrant};
use store::{EmbeddedLimits, Limits};

use super::layer::layer;
use super::project::project;
use super::run::Mount;
use super::values::Size;
use crate::hint;

/// Where key-value stores are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a file in this folder, which may not exist yet.
    Folder(PathBuf),
    /// In memory: they are gone when the host stops.
    Memory,
}

impl Data {
    /// The folder for state in a project.
    pub const FOLDER: &str = ".host";
}

impl FromStr for Data {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "" => Err("name a folder, or `none`".to_owned()),
            "none" => Ok(Self::Memory),
            folder => Ok(Self::Folder(folder.into())),
        }
    }
}

layer! {
    /// Key-value stores of handlers.
    #[command(next_help_heading = "Key-value stores")]
    pub struct StateSettings {
        /// Folder in which the key-value stores of handlers are kept, in one file, if a component uses them. Only one
        /// host can have it. With `none` they are in memory, and gone when the host stops. [default: `.host` beside the
        /// first component: in its source's folder, or in its file's; of a file below Cargo's `target`, in the project's]
        #[arg(long, env = "HOST_DATA", value_name = "DIR|none")]
        data: Option<Data>,

        /// Name of one key-value store that all namespaces share. [default: each namespace has its own]
        #[arg(long, env = "HOST_KV", value_name = "NAME")]
        kv: Option<String>,

        /// A key of a store, as UTF-8. Beyond: the call is an error to the handler.
        #[arg(long, env = "HOST_KV_MAX_KEY", value_name = "SIZE")]
        kv_max_key: Option<Size>,

        /// A value of a store. Beyond: the call is an error to the handler.
        #[arg(long, env = "HOST_KV_MAX_VALUE", value_name = "SIZE")]
        kv_max_value: Option<Size>,

        /// A whole store: keys, values, and 64 bytes for each entry. Beyond: what would make it larger is an error to
        /// the handler; reading and deleting go on.
        #[arg(long, env = "HOST_KV_MAX_SIZE", value_name = "SIZE")]
        kv_max_size: Option<Size>,

        /// Calls of the store that one event may make. Beyond: the call is an error to the handler.
        #[arg(long, env = "HOST_KV_CALLS", value_name = "N")]
        kv_calls: Option<NonZeroUsize>,

        /// Bytes that one event may exchange with the store, and largest call. Beyond: the call is an error to the
        /// handler.
        #[arg(long, env = "HOST_KV_BYTES", value_name = "SIZE")]
        kv_bytes: Option<Size>,

        /// Calls of all handlers at once that write to the file. Beyond: calls wait for others, as long as their
        /// handlers may.
        #[arg(long, env = "HOST_KV_WRITERS", value_name = "N")]
        kv_writers: Option<NonZeroUsize>,
    }
}

/// The longest name of a store, which is that of a namespace.
const LONGEST_NAME: usize = 255;

impl StateSettings {
    /// The grant of handlers, where its stores are, and the bounds of their file.
    ///
    /// # Errors
    ///
    /// If two limits contradict each other, or the name is too long.
    pub(super) fn check(self, components: &[Mount]) -> anyhow::Result<(StoreGrant, Data, EmbeddedLimits)> {
        let (usual, event) = (Limits::default(), EventStoreLimits::default());
        let size = |given: Option<Size>, usual: usize| given.map_or(usual, |size| size.0);
        let bytes = size(self.kv_bytes, event.bytes);
        let limits = Limits {
            key: size(self.kv_max_key, usual.key),
            value: size(self.kv_max_value, usual.value),
            batch_bytes: bytes,
            quota: self.kv_max_size.map_or(usual.quota, |size| size.0 as u64),
            ..usual
        };
        let largest = limits.key.saturating_add(limits.value);
        if bytes < largest {
            return Err(hint::error(
                format!("--kv-bytes {} is less than a key and a value together, {}", Size(bytes), Size(largest)),
                "give a larger --kv-bytes, or a smaller --kv-max-value or --kv-max-key",
            ));
        }
        if let Some(name) = self.kv.as_ref().filter(|name| name.is_empty() || name.len() > LONGEST_NAME) {
            return Err(hint::error(
                format!("--kv has {} bytes", name.len()),
                format!("give a name of 1 to {LONGEST_NAME} bytes"),
            ));
        }
        let writers = self.kv_writers.map_or(EmbeddedLimits::default().writers, NonZeroUsize::get);
        let file = EmbeddedLimits {
            writers,
            written_bytes: EmbeddedLimits::default().written_bytes.max(bytes),
            ..EmbeddedLimits::default()
        };
        let calls = self.kv_calls.map_or(event.calls, NonZeroUsize::get);
        let grant = StoreGrant::new(limits, EventStoreLimits { calls, bytes }, self.kv.map(Into::into));
        let beside = || {
            let project = components.first().map(|component| project(&component.file));
            Data::Folder(project.unwrap_or_default().join(Data::FOLDER))
        };
        Ok((grant, self.data.unwrap_or_else(beside), file))
    }
}
