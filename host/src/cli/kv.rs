//! `host kv`: looks at key-value stores, and changes them.

use std::path::PathBuf;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use store::Limits;

use crate::config::{self, Data, KvAction, KvConfig, Secret, Size, Time};
use crate::hint::HintExt;

/// Look at key-value stores, and change them, whether a host runs or not.
///
/// A store has the name of its namespace (`/chat`), or the one that `host run --kv NAME` gives. Entries are lines of JSON:
/// `{"key":"visits","value":3}`; where a value is no JSON on one line, `"base64"` has its bytes; `"ttl_ms"` is what is left
/// of a time to live.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  host kv list /chat
  host kv get /chat visits
  host kv set /chat topic '\"Welcome\"' --ttl 1h
  host kv delete /chat --prefix session:
  host kv export /chat >chat.jsonl
  host kv import /chat chat.jsonl --data /srv/chat/.host")]
pub struct Kv {
    #[command(subcommand)]
    command: KvCommand,
}

#[derive(Debug, clap::Subcommand)]
enum KvCommand {
    /// Print entries in the order of their keys.
    List {
        #[command(flatten)]
        place: Place,

        /// Only those whose keys begin with this.
        #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
        prefix: String,

        /// Print keys without values.
        #[arg(long)]
        keys: bool,
    },
    /// Print one entry.
    Get {
        #[command(flatten)]
        place: Place,

        /// Its key.
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Set a value.
    Set {
        #[command(flatten)]
        place: Place,

        /// Its key.
        #[arg(value_name = "KEY")]
        key: String,

        /// The value, as JSON: `3`, `'"text"'`, `'{"a":1}'`.
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,

        /// VALUE is any bytes, in base64. (The SDKs write bytes as a byte 0 and then the bytes.)
        #[arg(long)]
        base64: bool,

        /// How long the entry is there: `90s`, `1h`. Without it, until it is deleted.
        #[arg(long, value_name = "TIME")]
        ttl: Option<Time>,
    },
    /// Delete entries, and print how many were there.
    Delete {
        #[command(flatten)]
        place: Place,

        /// Their keys.
        #[arg(value_name = "KEY", required_unless_present = "prefix", conflicts_with = "prefix")]
        keys: Vec<String>,

        /// Delete all entries whose keys begin with this; all of the store if it is empty.
        #[arg(long, value_name = "PREFIX")]
        prefix: Option<String>,
    },
    /// Print all entries, for `host kv import`.
    Export {
        #[command(flatten)]
        place: Place,

        /// Only those whose keys begin with this.
        #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
        prefix: String,
    },
    /// Set the entries that were exported. Others stay; times to live begin anew.
    Import {
        #[command(flatten)]
        place: Place,

        /// Their lines. [default: stdin]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Which store.
#[derive(Debug, clap::Args)]
struct Place {
    /// The store: the path of its namespace, or its name.
    #[arg(value_name = "STORE", value_parser = store_name)]
    store: String,

    /// Folder of the stores; `host run` logs it. [default: .host in the current folder]
    #[arg(long, env = "HOST_DATA", value_name = "DIR")]
    data: Option<Data>,

    /// The Redis that has the stores in place of a folder, as for `host run`.
    #[arg(long, env = "HOST_KV_URL", hide_env_values = true, value_name = "URL")]
    kv_url: Option<Secret>,

    /// What their keys begin with there. [default: host]
    #[arg(long, env = "HOST_KV_PREFIX", value_name = "TEXT", value_parser = config::redis_prefix)]
    kv_prefix: Option<String>,

    /// Largest key that is written, while no host runs. [default: 1KiB]
    #[arg(long, env = "HOST_KV_MAX_KEY", value_name = "SIZE")]
    kv_max_key: Option<Size>,

    /// Largest value that is written, while no host runs. [default: 1MiB]
    #[arg(long, env = "HOST_KV_MAX_VALUE", value_name = "SIZE")]
    kv_max_value: Option<Size>,

    /// What a store may grow to, while no host runs. [default: 1GiB]
    #[arg(long, env = "HOST_KV_MAX_SIZE", value_name = "SIZE")]
    kv_max_size: Option<Size>,
}

impl Kv {
    /// # Errors
    ///
    /// If a value is not what it should be.
    pub fn into_config(self) -> anyhow::Result<KvConfig> {
        let (place, action) = match self.command {
            KvCommand::List { place, prefix, keys } => (place, KvAction::List { prefix, keys_only: keys }),
            KvCommand::Export { place, prefix } => (place, KvAction::List { prefix, keys_only: false }),
            KvCommand::Get { place, key } => (place, KvAction::Get { key }),
            KvCommand::Set { place, key, value, base64, ttl } => {
                let value = if base64 { decoded(&value)? } else { json(value)? };
                (place, KvAction::Set { key, value, ttl: ttl.map(|ttl| ttl.0) })
            }
            KvCommand::Delete { place, prefix: Some(prefix), .. } => (place, KvAction::Clear { prefix }),
            KvCommand::Delete { place, keys, .. } => (place, KvAction::Delete { keys }),
            KvCommand::Import { place, file } => (place, KvAction::Import { file }),
        };
        place.config(action)
    }
}

impl Place {
    fn config(self, action: KvAction) -> anyhow::Result<KvConfig> {
        let limits = config::store_limits(self.kv_max_key, self.kv_max_value, self.kv_max_size);
        let batch_bytes = limits.batch_bytes.max(limits.key.saturating_add(limits.value));
        let limits = Limits { batch_bytes, ..limits };
        let redis = config::in_redis(self.kv_url, self.kv_prefix, self.data.is_some())?;
        let data = redis.or(self.data).unwrap_or_else(|| Data::Folder(Data::FOLDER.into()));
        Ok(KvConfig { data, store: self.store, limits, action })
    }
}

fn store_name(name: &str) -> Result<String, String> {
    match name.len() {
        1..=config::LONGEST_NAME => Ok(name.to_owned()),
        length => Err(format!("has {length} bytes: a name has 1 to {}", config::LONGEST_NAME)),
    }
}

fn json(value: String) -> anyhow::Result<Vec<u8>> {
    let checked = serde_json::from_str::<serde::de::IgnoredAny>(&value);
    let checked = checked.with_context(|| format!("the value `{value}` is no JSON"));
    checked.hint("texts are quoted, for the shell as well: '\"text\"'; --base64 takes any bytes")?;
    Ok(value.into_bytes())
}

fn decoded(value: &str) -> anyhow::Result<Vec<u8>> {
    let decoded = STANDARD.decode(value).context("the value is no base64");
    decoded.hint("without --base64 the value is JSON")
}
