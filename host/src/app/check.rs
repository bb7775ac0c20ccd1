//! Whether `host run` will take a component that was just built, or all that a file of settings names.

use std::sync::Arc;

use gateway::cluster::OneNode;
use gateway::handler::EventHandler;
use guest::{ComponentHandler, HandlerSettings};

use super::load::{explain, start_runtime};
use super::mount::mount_all;
use super::wording;
use crate::config::{InspectConfig, RunConfig};

/// Has a component describe itself. `source` names it in errors.
///
/// # Errors
///
/// If `host run` would refuse it, or one of its handlers can never run.
pub async fn check(config: InspectConfig, source: &str) -> anyhow::Result<()> {
    let runtime = start_runtime(&config.runtime, config.cache_dir.as_deref())?;
    let loaded = ComponentHandler::load(runtime, &config.file, source, Arc::new(HandlerSettings::default())).await;
    let handler = loaded.map_err(explain)?;
    wording::never_runs(handler.description()).map_or(Ok(()), |said| Err(anyhow::anyhow!("{source}: {said}")))
}

/// Loads and mounts all components, as a start does before it opens data and listens.
///
/// # Errors
///
/// If `host run` would refuse something.
pub async fn check_all(config: RunConfig) -> anyhow::Result<()> {
    let (_, parts) = mount_all(&config, Arc::new(OneNode)).await?;
    tracing::info!(namespaces = parts.mounts.len(), "everything that was checked is right");
    Ok(())
}
