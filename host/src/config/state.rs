//! Where state is kept, and how much of it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use guest::{EventStoreLimits, StoreGrant};
use store::{EmbeddedLimits, Limits, RedisAddress};

use super::project::project;
use super::run::Mount;
use super::values::{Secret, Size};
use crate::hint;

/// Where key-value stores are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a file in this folder, which may not exist yet.
    Folder(PathBuf),
    /// In memory: they are gone when the host stops.
    Memory,
    /// In a Redis, which other hosts may share.
    Redis {
        /// Where it is.
        address: RedisAddress,
        /// What keys begin with there.
        prefix: String,
    },
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

/// Key-value stores of handlers.
#[derive(Debug, Default, Clone, clap::Args)]
#[command(next_help_heading = "Key-value stores")]
pub struct StateSettings {
    /// Folder in which the key-value stores of handlers are kept, in one file, if a component uses them. Only one
    /// host can have it. With `none` they are in memory, and gone when the host stops. [default: `.host` beside the
    /// first component: in its source's folder, or in its file's; of a file below Cargo's `target`, in the project's]
    #[arg(long, env = "HOST_DATA", value_name = "DIR|none")]
    data: Option<Data>,

    /// A Redis 7.0 or later, or Valkey, that keeps the stores in place of a file, for all hosts that name it:
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, with TLS `rediss://…`. Give a password in the environment
    /// variable, as others can see flags.
    #[arg(long, env = "HOST_KV_URL", hide_env_values = true, value_name = "URL")]
    kv_url: Option<Secret>,

    /// What the keys of the stores begin with in Redis. Hosts with another prefix have other stores.
    #[arg(long, env = "HOST_KV_PREFIX", value_name = "TEXT", value_parser = redis_prefix)]
    kv_prefix: Option<String>,

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

    /// Calls of all handlers at once that write to the file; in Redis also those that read. Beyond: calls wait for
    /// others, as long as their handlers may.
    #[arg(long, env = "HOST_KV_WRITERS", value_name = "N")]
    kv_writers: Option<NonZeroUsize>,
}

/// The longest name of a store, which is that of a namespace.
pub const LONGEST_NAME: usize = 255;

impl StateSettings {
    pub(super) const PREFIX: &str = "host";

    /// The grant of handlers, where its stores are, and the bounds of their file.
    ///
    /// # Errors
    ///
    /// If two limits contradict each other, or the name is too long.
    pub(super) fn check(self, components: &[Mount]) -> anyhow::Result<(StoreGrant, Data, EmbeddedLimits)> {
        let event = EventStoreLimits::default();
        let bytes = self.kv_bytes.map_or(event.bytes, |size| size.0);
        let limits = store_limits(self.kv_max_key, self.kv_max_value, self.kv_max_size);
        let limits = Limits { batch_bytes: bytes, ..limits };
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
        let redis = in_redis(self.kv_url, self.kv_prefix, self.data.is_some())?;
        Ok((grant, redis.or(self.data).unwrap_or_else(beside), file))
    }
}

/// The bounds of stores, where some are set.
pub fn store_limits(key: Option<Size>, value: Option<Size>, store: Option<Size>) -> Limits {
    let usual = Limits::default();
    Limits {
        key: key.map_or(usual.key, |size| size.0),
        value: value.map_or(usual.value, |size| size.0),
        quota: store.map_or(usual.quota, |size| size.0 as u64),
        ..usual
    }
}

/// Stores in Redis, if they are to be there. `data`: whether another place was named, too.
///
/// # Errors
///
/// If that contradicts the URL, or the URL is none.
pub fn in_redis(url: Option<Secret>, prefix: Option<String>, data: bool) -> anyhow::Result<Option<Data>> {
    let Some(Secret(url)) = url else {
        let needless = "--kv-prefix is for key-value stores in Redis, and there is no --kv-url";
        let error = |_| Err(hint::error(needless, "name the Redis with --kv-url, or drop --kv-prefix"));
        return prefix.map_or(Ok(None), error);
    };
    if data {
        return Err(hint::error(
            "--data and --kv-url both say where key-value stores are kept",
            "drop one of them; they may be in host.toml, or in the environment as HOST_DATA and HOST_KV_URL",
        ));
    }
    let address = url.parse().map_err(|usage| hint::error("--kv-url is not the address of a Redis", usage))?;
    Ok(Some(Data::Redis { address, prefix: prefix.unwrap_or_else(|| StateSettings::PREFIX.to_owned()) }))
}

/// The longest beginning of keys in Redis.
const LONGEST_PREFIX: usize = 64;

/// Parses the beginning of keys. Braces have a meaning in keys of Redis.
///
/// # Errors
///
/// What it is to be.
pub fn redis_prefix(text: &str) -> Result<String, String> {
    let valid = |char: char| char.is_ascii_graphic() && !['{', '}'].contains(&char);
    if text.is_empty() || text.len() > LONGEST_PREFIX || !text.chars().all(valid) {
        return Err(format!("must be 1 to {LONGEST_PREFIX} visible ASCII characters without braces"));
    }
    Ok(text.to_owned())
}
