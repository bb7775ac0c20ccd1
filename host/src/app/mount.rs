//! From component files to namespaces.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gateway::cluster::Cluster;
use gateway::handler::EventHandler;
use gateway::{Gateway, MountError};
use guest::{ComponentHandler, HandlerSettings, StoreGrant};
use runtime::Runtime;

use super::load::{explain, start_runtime};
use super::wording;
use crate::config::{Mount, RunConfig};
use crate::hint;

/// The parts that serve handlers.
pub(super) struct Parts {
    pub runtime: Arc<Runtime>,
    pub mounts: Vec<Arc<gateway::Mount>>,
    /// The mount whose handler answers plain HTTP requests.
    pub site: Option<Arc<gateway::Mount>>,
    /// The grants of the handlers that keep state, whose store is not open yet.
    pub stores: Vec<StoreGrant>,
}

/// Loads every component and gives it its namespace. One of them may answer plain HTTP requests. `others` are the other
/// nodes.
pub(super) async fn mount_all(config: &RunConfig, others: Arc<dyn Cluster>) -> anyhow::Result<(Gateway, Parts)> {
    if config.runtime.may_swap {
        tracing::info!(
            "this system may swap: handlers' memory is given back to it after every event, so events cost more CPU \
             time; disable swap for the host (systemd: MemorySwapMax=0; docker: --memory-swap as large as --memory) \
             or altogether"
        );
    }
    let runtime = start_runtime(&config.runtime, config.cache_dir.as_deref())?;
    let settings = Arc::new(config.handler.clone());
    let mut gateway = Gateway::new((*settings.gateway).clone(), config.recovery.clone(), others);
    let (mut mounts, mut stores) = (Vec::new(), Vec::new());
    let mut site: Option<(&Path, Arc<gateway::Mount>)> = None;
    for component in &config.components {
        let file = &component.file;
        let settings = component.own.clone().map_or_else(|| settings.clone(), Arc::new);
        let (mount, keeps_state) = mount_one(&mut gateway, &runtime, &settings, component).await?;
        stores.extend(keeps_state.then(|| settings.grants.store.clone()));
        if mount.handler().requests().is_some() {
            if let Some((other, _)) = site {
                return Err(hint::error(
                    format!("both {} and {} answer plain HTTP requests", other.display(), file.display()),
                    "build one of them without `wasi:http/incoming-handler`, or give each a host of its own",
                ));
            }
            site = Some((file, mount.clone()));
        }
        mounts.push(mount);
    }
    Ok((gateway, Parts { runtime, mounts, site: site.map(|(_, mount)| mount), stores }))
}

/// Also says whether the component keeps state.
async fn mount_one(
    gateway: &mut Gateway,
    runtime: &Arc<Runtime>,
    settings: &Arc<HandlerSettings>,
    component: &Mount,
) -> anyhow::Result<(Arc<gateway::Mount>, bool)> {
    let file = &component.file;
    let handler = load(runtime, settings, component).await?;
    let mounted = gateway.mount(component.namespace.as_deref(), handler.clone()).map_err(with_hint);
    let mount = mounted.with_context(|| format!("cannot serve {}", file.display()))?;
    if let Some(hint) = wording::never_runs(handler.description()) {
        tracing::warn!(component = %file.display(), "{hint}");
    }
    tracing::info!(
        namespace = mount.namespace().path(),
        events = wording::events(handler.description()),
        schedules = wording::schedules(handler.description()),
        answers_http = handler.clone().requests().is_some(),
        store = handler.keeps_state().then(|| settings.grants.store.name(mount.namespace().path())),
        component = %file.display(),
        "mounted"
    );
    Ok((mount, handler.keeps_state()))
}

/// Loads a component, and has it describe itself.
pub(super) async fn load(
    runtime: &Arc<Runtime>,
    settings: &Arc<HandlerSettings>,
    component: &Mount,
) -> anyhow::Result<Arc<ComponentHandler>> {
    let name = component.file.display();
    let loaded = ComponentHandler::load(runtime.clone(), component.component(), name, settings.clone()).await;
    Ok(Arc::new(loaded.map_err(explain)?))
}

/// The path of the namespace that the operator requested, or the handler names.
pub(super) fn path_for(requested: Option<&str>, handler: &dyn EventHandler) -> anyhow::Result<String> {
    gateway::path_of(requested, handler).map_err(with_hint)
}

fn with_hint(error: MountError) -> anyhow::Error {
    let hint = match error {
        MountError::Taken(_) => "give each component its own: `host run /a=a.wasm /b=b.wasm`",
        MountError::Contradiction { .. } => {
            "drop the namespace, or build the component with `RealtimeNamespace::default()`"
        }
    };
    hint::add(error, hint)
}
