//! New revisions of what is served, while clients stay connected.
//!
//! On SIGHUP the file of settings and the components are read, and sources built, as at a start. Only when every
//! component was loaded and has described itself do all namespaces change, each between two of its events: events that
//! run finish on the old revision. If anything is wrong, nothing changes, and the log says why.
//!
//! Taken over are components, and what a namespace has for itself: its environment, its network grants, and the limits on
//! its handlers. All else stays as it is until the next start, and is named.

use std::sync::Arc;

use anyhow::Context;
use gateway::handler::EventHandler;
use gateway::model::GatewayLimits;
use guest::{ComponentHandler, HandlerSettings, StoreGrant};
use runtime::Runtime;
use store::Backend;
use tokio::signal::unix::Signal;

use super::mount::{load, path_for};
use super::wording;
use crate::config::{Mount, RunConfig};
use crate::hint;

/// Reads the settings again, and builds sources.
pub type Reread = Arc<dyn Fn() -> anyhow::Result<RunConfig> + Send + Sync>;

/// What is served now.
pub(super) struct Served {
    /// As it was at the start.
    pub config: RunConfig,
    pub runtime: Arc<Runtime>,
    pub mounts: Vec<Arc<gateway::Mount>>,
    /// The mount whose handler answers plain HTTP requests.
    pub site: Option<Arc<gateway::Mount>>,
    /// None if no component kept state at the start.
    pub store: Option<Arc<dyn Backend>>,
}

/// A component that was loaded, for a namespace that is mounted.
struct Revision {
    mount: Arc<gateway::Mount>,
    handler: Arc<ComponentHandler>,
    component: Mount,
}

/// Reloads whenever the signal comes; signals that come meanwhile count as one.
pub(super) async fn on_signal(mut signal: Signal, served: Served, reread: Reread) {
    while signal.recv().await.is_some() {
        tracing::info!("reloading");
        match reload(&served, &reread).await {
            Ok(namespaces) => tracing::info!(namespaces, "reloaded: new events go to the new revisions"),
            Err(error) => {
                let hints = hint::hints(&error).join("; ");
                tracing::error!(
                    hint = (!hints.is_empty()).then_some(hints),
                    "not reloaded, nothing has changed: {error:#}"
                );
            }
        }
    }
}

async fn reload(served: &Served, reread: &Reread) -> anyhow::Result<usize> {
    let reread = reread.clone();
    let config = tokio::task::spawn_blocking(move || reread()).await.context("cannot read the settings")??;
    let revisions = load_all(served, &config).await?;
    for Revision { mount, handler, component } in &revisions {
        // Cannot fail: the path was compared before.
        mount.replace(handler.clone()).with_context(|| format!("cannot serve {}", component.file.display()))?;
        tracing::info!(
            namespace = mount.namespace().path(),
            events = wording::events(handler.description()),
            schedules = wording::schedules(handler.description()),
            component = %component.file.display(),
            "replaced"
        );
    }
    for setting in of_next_start(&served.config, &config) {
        tracing::warn!("changed {setting} count from the next start on");
    }
    Ok(revisions.len())
}

/// Loads what is configured now. It must be the namespaces that are mounted.
async fn load_all(served: &Served, config: &RunConfig) -> anyhow::Result<Vec<Revision>> {
    let mut revisions: Vec<Revision> = Vec::new();
    for component in &config.components {
        let settings = settings_of(component, config, &served.config.handler.gateway);
        let handler = load(&served.runtime, &settings, component).await?;
        let path = path_for(component.namespace.as_deref(), &*handler)?;
        let mount = served.mounts.iter().find(|mount| mount.namespace().path() == path).ok_or_else(|| {
            let file = component.file.display();
            hint::error(format!("{file} is for the namespace {path}, which is not served yet"), RESTART)
        })?;
        if revisions.iter().any(|other| Arc::ptr_eq(&other.mount, mount)) {
            return Err(hint::error(format!("namespace {path} has two components"), "give each its own path"));
        }
        check_site(served, mount, &handler)?;
        if handler.keeps_state() {
            give_store(served, &settings.grants.store, component)?;
        }
        revisions.push(Revision { mount: mount.clone(), handler, component: component.clone() });
    }
    let is_missing = |mount: &&Arc<gateway::Mount>| !revisions.iter().any(|one| Arc::ptr_eq(&one.mount, mount));
    match served.mounts.iter().find(is_missing) {
        Some(mount) => {
            let message = format!("nothing is for the namespace {} any more", mount.namespace().path());
            Err(hint::error(message, RESTART))
        }
        None => Ok(revisions),
    }
}

const RESTART: &str = "namespaces are added and removed when the host starts";

/// A component's settings; of the limits on clients those that are in force.
fn settings_of(component: &Mount, config: &RunConfig, in_force: &GatewayLimits) -> Arc<HandlerSettings> {
    let settings = component.own.as_ref().unwrap_or(&config.handler);
    let GatewayLimits { commands, command_bytes, .. } = *settings.gateway;
    let gateway = Arc::new(GatewayLimits { commands, command_bytes, ..in_force.clone() });
    Arc::new(HandlerSettings { gateway, ..settings.clone() })
}

fn check_site(served: &Served, mount: &Arc<gateway::Mount>, handler: &Arc<ComponentHandler>) -> anyhow::Result<()> {
    let is_site = served.site.as_ref().is_some_and(|site| Arc::ptr_eq(site, mount));
    if !is_site && handler.clone().requests().is_some() {
        let path = mount.namespace().path();
        let message = format!("the component of {path} answers plain HTTP requests now, and did not at the start");
        return Err(hint::error(message, "restart the host for this change"));
    }
    Ok(())
}

fn give_store(served: &Served, grant: &StoreGrant, component: &Mount) -> anyhow::Result<()> {
    match &served.store {
        Some(store) => {
            grant.open(store.clone());
            Ok(())
        }
        None => Err(hint::error(
            format!("{} uses the key-value store, and no component did at the start", component.file.display()),
            "restart the host for this change",
        )),
    }
}

/// Settings of the whole host that have changed since the start.
fn of_next_start(start: &RunConfig, now: &RunConfig) -> Vec<&'static str> {
    let limits =
        |config: &RunConfig| GatewayLimits { commands: 0, command_bytes: 0, ..(*config.handler.gateway).clone() };
    let changes = [
        ("--listen and --path", (start.listen, &start.path) != (now.listen, &now.path)),
        ("--static, --client and --cors-origin", {
            (&start.static_dir, &start.client, &start.cors_origins) != (&now.static_dir, &now.client, &now.cors_origins)
        }),
        ("limits of clients", limits(start) != limits(now)),
        ("settings of recovery", start.recovery != now.recovery),
        ("--handlers and limits of memory", start.runtime != now.runtime),
        ("--data, --kv-url and their settings", (&start.data, &start.store) != (&now.data, &now.store)),
        ("--cluster and its settings", start.cluster != now.cluster),
    ];
    changes.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
}
