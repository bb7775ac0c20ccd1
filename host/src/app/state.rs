//! The key-value stores of handlers: opened only if a component uses them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use guest::StoreGrant;
use runtime::private_dir;
use store::{Backend, Embedded, EmbeddedLimits, Memory, Redis, RedisAddress, RedisLimits, SystemClock};

use crate::config::Data;
use crate::hint::{self, HintExt};

/// The file of the stores in a folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("kv.redb")
}

/// Opens the stores of all namespaces that have one, and gives them to their handlers.
///
/// # Errors
///
/// If the folder cannot be made, or its file is no store, is damaged, or is in use; if Redis cannot be used.
pub(super) async fn open_for(
    handlers: &[StoreGrant],
    data: &Data,
    limits: &EmbeddedLimits,
) -> anyhow::Result<Option<Arc<dyn Backend>>> {
    if handlers.is_empty() {
        return Ok(None);
    }
    let store = open(data, limits).await?;
    handlers.iter().for_each(|grant| grant.open(store.clone()));
    Ok(Some(store))
}

async fn open(data: &Data, limits: &EmbeddedLimits) -> anyhow::Result<Arc<dyn Backend>> {
    match data {
        Data::Memory => {
            tracing::info!("key-value stores are kept in memory: they are gone when the host stops (--data none)");
            Ok(Arc::new(Memory::new(Arc::new(SystemClock))))
        }
        Data::Folder(folder) => in_file(folder, limits).await,
        Data::Redis { address, prefix } => in_redis(address, prefix, limits).await,
    }
}

/// After a crash this takes seconds for each gigabyte.
async fn in_file(folder: &Path, limits: &EmbeddedLimits) -> anyhow::Result<Arc<dyn Backend>> {
    make(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
        .hint("name a folder with --data DIR, or keep state in memory with --data none")?;
    let (file, limits) = (file(folder), limits.clone());
    let shown = file.display().to_string();
    let opened = tokio::task::spawn_blocking(move || Embedded::open(&file, limits, Arc::new(SystemClock))).await;
    let store = opened.context("cannot open the key-value stores")?.map_err(|error| {
        let hint = error.hint();
        hint::add(error, hint)
    })?;
    tracing::info!(file = shown, "key-value stores are kept in a file");
    Ok(Arc::new(store))
}

async fn in_redis(address: &RedisAddress, prefix: &str, limits: &EmbeddedLimits) -> anyhow::Result<Arc<dyn Backend>> {
    let limits = RedisLimits { calls: limits.writers, passed_bytes: limits.written_bytes, ..RedisLimits::default() };
    let (store, server) = Redis::open(address, prefix, limits, None).await.map_err(|error| {
        let hint = error.hint();
        hint::add(error, hint)
    })?;
    tracing::info!(redis = %address, prefix, server = server.version, "key-value stores are kept in Redis");
    if !server.appends {
        tracing::warn!(
            "this Redis has no append-only file: what is set after its last snapshot is lost if it stops or crashes \
             (appendonly yes)"
        );
    }
    if let Some(policy) = server.evicts {
        tracing::warn!(
            "this Redis removes keys when its memory is full, key-value stores among them: set maxmemory-policy noeviction, not {policy}"
        );
    }
    Ok(Arc::new(store))
}

/// Makes the folder, for this user alone; one that is there stays as the operator has it. Version control is told to
/// leave alone what is in it.
pub(super) fn make(folder: &Path) -> anyhow::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    private_dir::open(folder)?;
    Ok(fs::write(folder.join(".gitignore"), "*\n")?)
}
