//! Joins the other nodes, or says why that is not possible and what to do.

use std::sync::Arc;

use cluster::{Bus, Settings, StartError};
use gateway::Gateway;
use gateway::cluster::{Cluster, OneNode};

use crate::hint;

/// Makes sure that Redis is there, before anything takes long. None without a cluster.
///
/// # Errors
///
/// If it is not, or is too old.
pub(super) async fn connect(settings: Option<&Settings>) -> anyhow::Result<Option<Arc<Bus>>> {
    match settings {
        Some(settings) => Bus::connect(settings.clone()).await.map(Some).map_err(explain),
        None => Ok(None),
    }
}

/// The other nodes as the gateway sees them.
pub(super) fn others(bus: Option<&Arc<Bus>>) -> Arc<dyn Cluster> {
    match bus {
        Some(bus) => bus.clone(),
        None => Arc::new(OneNode),
    }
}

/// Joins with all namespaces of the gateway.
///
/// # Errors
///
/// If Redis is away now, or other nodes speak otherwise.
pub(super) async fn join(bus: &Bus, gateway: Arc<Gateway>) -> anyhow::Result<()> {
    bus.start(gateway).await.map_err(explain)?;
    let Settings { redis, format, prefix, .. } = bus.settings();
    tracing::info!(redis = redis.server(), format = format.name(), prefix, "joined the cluster");
    Ok(())
}

fn explain(error: StartError) -> anyhow::Error {
    let hint = error.hint();
    hint::add(error, hint)
}
