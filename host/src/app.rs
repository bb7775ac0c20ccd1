//! The whole host: starts its parts, and stops them in order. The only place that knows every part.
//!
//! Everything that can fail fails before the listener is bound. Stopping: no more connections, every session is closed,
//! `$disconnect` and running handlers get [`GRACE`] to finish. SIGUSR1 changes nothing: the status is logged.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::adapter::LocalAdapter;
use crate::config::{Mount, RunConfig};
use crate::engine_io::transport::Endpoint;
use crate::gateway::{Gateway, MountError};
use crate::guest::Handler;
use crate::hint::{self, HintExt};
use crate::http::{Routes, Server};
use crate::runtime::{CodeCache, Runtime};
use crate::telemetry::{Gauges, metrics};

/// How long handlers may take to finish when the host stops.
const GRACE: Duration = Duration::from_secs(10);
/// The exit code where a second signal cuts the stop short, as shells report a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Serves until a signal asks to stop.
///
/// # Errors
///
/// Where a component cannot be loaded or mounted, or the address cannot be bound; nothing was served then.
pub async fn run(config: RunConfig) -> anyhow::Result<()> {
    // From here on the signal ends nothing; it is answered once the host listens.
    let asked = signal(SignalKind::user_defined1()).context("cannot wait for SIGUSR1")?;
    let (gateway, parts) = mount_all(&config).await?;
    let endpoint = Endpoint::new(Arc::new(gateway), config.client);
    let server = Server::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))
        .hint("choose another address with --listen, such as --listen 127.0.0.1:0 for any free port")?;
    let address = server.address().context("cannot tell the address")?;
    let routes = Routes::new(endpoint.clone(), config.path, &config.cors_origins, config.static_dir.as_deref());

    let status = Status { asked, endpoint: endpoint.clone(), parts };
    let mut signals = Signals::new(status)?;
    announce(address)?;
    let remaining = server.serve(routes, signals.next()).await;
    tracing::info!("stopping: sessions are closed, running handlers may finish");
    let stop = async {
        endpoint.shut_down().await;
        remaining.finish().await;
    };
    tokio::select! {
        stopped = tokio::time::timeout(GRACE, stop) => if stopped.is_err() {
            tracing::warn!("handlers that still run after {} are cut off", humantime::format_duration(GRACE));
        },
        () = signals.next() => {
            tracing::warn!("second signal: stopping at once");
            std::process::exit(INTERRUPTED);
        }
    }
    metrics().log();
    Ok(())
}

/// What namespaces are made of, for [`Status`].
struct Parts {
    runtime: Arc<Runtime>,
    adapters: Vec<Arc<LocalAdapter>>,
}

/// Loads every component and gives it its namespace.
async fn mount_all(config: &RunConfig) -> anyhow::Result<(Gateway, Parts)> {
    let cache = config.cache_dir.clone().and_then(|directory| {
        // Only the next start is slower for it.
        CodeCache::open(directory).inspect_err(|error| tracing::warn!("compiled code is not kept: {error}")).ok()
    });
    let runtime = Runtime::new(config.handler.clone(), cache).map_err(|error| {
        let hint = error.hint();
        hint::add(error, hint)
    })?;
    let runtime = Arc::new(runtime);
    let mut gateway = Gateway::new(config.client.clone());
    let mut adapters = Vec::new();
    for mount in &config.components {
        let handler = Handler::load(runtime.clone(), &mount.file, config.env.clone()).await.map_err(|error| {
            let hint = error.hint().unwrap_or_default();
            hint::add(error, hint)
        })?;
        let adapter = mount_one(&mut gateway, mount, handler)
            .with_context(|| format!("cannot serve {}", mount.file.display()))?;
        adapters.push(adapter);
    }
    Ok((gateway, Parts { runtime, adapters }))
}

fn mount_one(gateway: &mut Gateway, mount: &Mount, handler: Handler) -> anyhow::Result<Arc<LocalAdapter>> {
    let adapter = Arc::new(LocalAdapter::new(gateway.limits().rooms_per_socket));
    let namespace = gateway.mount(mount.namespace.as_deref(), Arc::new(handler), adapter.clone()).map_err(|error| {
        let hint = match error {
            MountError::Taken(_) => "give each component its own: `host run /a=a.wasm /b=b.wasm`",
            MountError::Contradiction { .. } => {
                "leave the namespace away, or build the component with `RealtimeNamespace::default()`"
            }
        };
        hint::add(error, hint)
    })?;
    let description = namespace.handler().description();
    let mut events: Vec<_> = description.events.iter().map(String::as_str).collect();
    events.sort_unstable();
    if description.any_event {
        events.push("(any other)");
    }
    tracing::info!(
        namespace = namespace.path(),
        events = events.join(", "),
        component = %mount.file.display(),
        "mounted"
    );
    Ok(adapter)
}

/// Tells where the host listens: the one line on stdout, for scripts.
fn announce(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush()).context("cannot write to stdout")
}

/// The signals that ask to stop, and the one that asks for the status.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    status: Status,
}

impl Signals {
    fn new(status: Status) -> anyhow::Result<Self> {
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        Ok(Self { interrupt, terminate, status })
    }

    /// Waits for a signal that asks to stop.
    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.status.asked.recv() => self.status.log(),
            }
        }
    }
}

/// Who knows what the host holds.
struct Status {
    asked: Signal,
    endpoint: Arc<Endpoint<Arc<Gateway>>>,
    parts: Parts,
}

impl Status {
    fn log(&self) {
        let (sessions, sessions_ending) = self.endpoint.counts();
        let counts = self.parts.adapters.iter().map(|adapter| adapter.counts());
        let (sockets, rooms) = counts.fold((0, 0), |(sockets, rooms), (s, r)| (sockets + s, rooms + r));
        let usage = self.parts.runtime.usage();
        metrics().log_status(&Gauges {
            sessions,
            sessions_ending,
            sockets,
            rooms,
            instances: usage.instances,
            instances_awaited: usage.waiting,
            handler_memory: usage.memory,
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        });
    }
}
