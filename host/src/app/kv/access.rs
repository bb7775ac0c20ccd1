//! The store of the command line: that of a running host, the file, or that in Redis.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use store::{Backend, Embedded, EmbeddedLimits, KeyValue, Limits, Local, OpenError, Redis, RedisLimits, SystemClock};

use crate::app::state;
use crate::config::{Data, KvConfig};
use crate::hint::{self, HintExt};

/// # Errors
///
/// If there is no store, or it cannot be used.
pub(super) async fn open(config: &KvConfig) -> anyhow::Result<KeyValue> {
    let (backend, limits) = match &config.data {
        Data::Folder(folder) => in_folder(folder, config).await?,
        Data::Redis { address, prefix } => {
            let opened = Redis::open(address, prefix, RedisLimits::default(), None).await;
            let (store, _) = opened.map_err(|error| {
                let hint = error.hint();
                hint::add(error, hint)
            })?;
            (Arc::new(store) as Arc<dyn Backend>, config.limits.clone())
        }
        Data::Memory => {
            return Err(hint::error(
                "with --data none, state is in the memory of a host, where nobody can look at it",
                "name the folder that `host run` logs, with --data DIR",
            ));
        }
    };
    Ok(KeyValue::new(backend, &config.store, Arc::new(limits)))
}

async fn in_folder(folder: &Path, config: &KvConfig) -> anyhow::Result<(Arc<dyn Backend>, Limits)> {
    let running = Local::find(folder).await.with_context(|| format!("cannot use the store in {}", folder.display()));
    if let Some(local) = running.hint("run this as the user that runs the host")? {
        return Ok((Arc::new(local), no_limits()));
    }
    let file = state::file(folder);
    if !file.exists() && !config.action.makes_a_store() {
        return Err(hint::error(
            format!("there is no store in {}", folder.display()),
            "run this in the project's folder, or name the folder that `host run` logs with --data DIR",
        ));
    }
    state::make(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let opening = move || Embedded::open(&file, EmbeddedLimits::default(), Arc::new(SystemClock));
    let opened = tokio::task::spawn_blocking(opening).await.context("cannot open the store")?;
    let store = opened.map_err(|error| {
        let hint = match &error {
            OpenError::InUse(_) => {
                "the host that has it begins or stops, or `host kv` of another shell uses it: try again"
            }
            other => other.hint(),
        };
        hint::add(error, hint)
    })?;
    Ok((Arc::new(store), config.limits.clone()))
}

/// A running host has limits of its own.
fn no_limits() -> Limits {
    Limits { key: usize::MAX, value: usize::MAX, batch_bytes: usize::MAX, quota: u64::MAX, ..Limits::default() }
}
