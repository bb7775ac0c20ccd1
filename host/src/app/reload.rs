//! New revisions of what is served, while clients stay connected.
//!
//! When the operator asks, by SIGHUP or over the admin listener, the file of settings and the components are read, and
//! sources built, as at a start. Only when every component was loaded and has described itself do all namespaces change,
//! each between two of its events: events that run finish on the old revision. If anything is wrong, nothing changes, and
//! the log says why. The revision before is kept, to go back to.
//!
//! Taken over are components, and what a namespace has for itself: its environment, its network grants, and the limits on
//! its handlers. All else stays as it is until the next start, and is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Context;
use gateway::handler::EventHandler;
use gateway::model::GatewayLimits;
use guest::{ComponentHandler, HandlerSettings, StoreGrant};
use runtime::Runtime;
use store::Backend;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, oneshot};

use super::mount::{load, path_for};
use super::wording;
use crate::config::{Mount, RunConfig};
use crate::hint;

/// Reads the settings again, and builds sources.
pub type Reread = Arc<dyn Fn() -> anyhow::Result<RunConfig> + Send + Sync>;

/// What an operator wants. The answer is the number of the revision that serves then.
#[derive(Debug)]
pub(super) enum Ask {
    Reload(oneshot::Sender<anyhow::Result<u64>>),
    RollBack(oneshot::Sender<anyhow::Result<u64>>),
}

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

/// Changes what is served, one request after the other.
pub(super) struct Reloader {
    served: Served,
    reread: Reread,
    /// The number of the revision that serves; the start's is 1.
    revision: Arc<AtomicU64>,
    /// The handlers before these, in the order of the mounts.
    before: Option<(u64, Vec<Arc<dyn EventHandler>>)>,
    /// The number that the next revision gets.
    next: u64,
}

/// A component that was loaded, for a namespace that is mounted.
struct Revision {
    mount: Arc<gateway::Mount>,
    handler: Arc<ComponentHandler>,
    component: Mount,
}

impl Reloader {
    pub(super) fn new(served: Served, reread: Reread, revision: Arc<AtomicU64>) -> Self {
        let next = revision.load(Relaxed) + 1;
        Self { served, reread, revision, before: None, next }
    }

    /// Reloads whenever the signal comes or somebody asks; signals that come meanwhile count as one.
    pub(super) async fn serve(mut self, mut signal: Signal, mut asks: mpsc::Receiver<Ask>) {
        loop {
            tokio::select! {
                Some(()) = signal.recv() => {
                    // The log says how it went.
                    let _ = self.reload().await;
                }
                Some(ask) = asks.recv() => self.answer(ask).await,
                else => return,
            }
        }
    }

    async fn answer(&mut self, ask: Ask) {
        let (answer, outcome) = match ask {
            Ask::Reload(answer) => (answer, self.reload().await),
            Ask::RollBack(answer) => (answer, self.roll_back()),
        };
        // Whoever asked may have gone.
        let _ = answer.send(outcome);
    }

    async fn reload(&mut self) -> anyhow::Result<u64> {
        tracing::info!("reloading");
        let reloaded = self.take_over().await;
        match &reloaded {
            Ok(revision) => tracing::info!(revision, "reloaded: new events go to the new revision"),
            Err(error) => {
                let hints = hint::hints(error).join("; ");
                let hint = (!hints.is_empty()).then_some(hints);
                tracing::error!(hint, "not reloaded, nothing has changed: {error:#}");
            }
        }
        reloaded
    }

    async fn take_over(&mut self) -> anyhow::Result<u64> {
        let reread = self.reread.clone();
        let config = tokio::task::spawn_blocking(move || reread()).await.context("cannot read the settings")??;
        let revisions = load_all(&self.served, &config).await?;
        let before = self.handlers();
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
        for setting in of_next_start(&self.served.config, &config) {
            tracing::warn!("changed {setting} count from the next start on");
        }
        let revision = self.next;
        self.next += 1;
        self.before = Some((self.revision.swap(revision, Relaxed), before));
        Ok(revision)
    }

    /// Goes back to the revision before this one; once more: forth again.
    fn roll_back(&mut self) -> anyhow::Result<u64> {
        let (revision, before) = self.before.take().ok_or_else(|| {
            hint::error("there is no revision before this one", "the host keeps one, from the first reload on")
        })?;
        let now = self.handlers();
        for (mount, handler) in self.served.mounts.iter().zip(before) {
            mount.replace(handler)?;
        }
        self.before = Some((self.revision.swap(revision, Relaxed), now));
        tracing::info!(revision, "rolled back: new events go to the revision before");
        Ok(revision)
    }

    fn handlers(&self) -> Vec<Arc<dyn EventHandler>> {
        self.served.mounts.iter().map(|mount| mount.handler()).collect()
    }
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
    // What a reload takes over, or what is named for itself, does not count.
    let limits = |config: &RunConfig| GatewayLimits {
        commands: 0,
        command_bytes: 0,
        commands_time: Duration::ZERO,
        ..(*config.handler.gateway).clone()
    };
    let connecting = |config: &RunConfig| config.handler.gateway.commands_time;
    let changes = [
        ("--listen and --path", (start.listen, &start.path) != (now.listen, &now.path)),
        ("--static, --client and --cors-origin", {
            (&start.static_dir, &start.client, &start.cors_origins) != (&now.static_dir, &now.client, &now.cors_origins)
        }),
        ("limits of clients", limits(start) != limits(now)),
        ("--handler-time for the commands of $connect", connecting(start) != connecting(now)),
        ("settings of recovery", start.recovery != now.recovery),
        ("--handlers and limits of memory", start.runtime != now.runtime),
        ("--data, --kv-url and their settings", (&start.data, &start.store) != (&now.data, &now.store)),
        ("--cluster and its settings", start.cluster != now.cluster),
        ("--admin and its token", start.admin != now.admin),
    ];
    changes.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
}
