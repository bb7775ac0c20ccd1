//! The whole host: starts its parts, and stops them in order. The only place that knows every part.
//!
//! Everything that can fail fails before the listener is bound. Stopping: no more connections, every session is closed,
//! `$disconnect` and running handlers get [`GRACE`] to finish.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hyper::Request;
use hyper::body::Incoming;
use tokio::signal::unix::{SignalKind, signal};

use crate::adapter::LocalAdapter;
use crate::config::{HandlerLimits, Mount, RunConfig};
use crate::engine_io::transport::Endpoint;
use crate::gateway::context::EventContext;
use crate::gateway::namespace::Namespace;
use crate::gateway::{Gateway, MountError};
use crate::guest::{Handler, LoadError};
use crate::hint::{self, HintExt};
use crate::http::{Connection, RequestHandler, ResponseFuture, Routes, Server};
use crate::runtime::{CodeCache, Runtime};
use crate::telemetry::metrics;

mod inspect;

pub use inspect::inspect;

/// How long handlers may take to finish when the host stops.
const GRACE: Duration = Duration::from_secs(10);
/// How often what is kept for clients that were cut off is looked through at most.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);
/// The exit code where a second signal cuts the stop short, as shells report a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Serves until a signal asks to stop.
///
/// # Errors
///
/// Where a component cannot be loaded or mounted, or the address cannot be bound; nothing was served then.
pub async fn run(config: RunConfig) -> anyhow::Result<()> {
    let (gateway, site) = mount_all(&config).await?;
    let gateway = Arc::new(gateway);
    if let Some(recovery) = &config.recovery {
        tokio::spawn(expire(gateway.clone(), recovery.duration));
    }
    let endpoint = Endpoint::new(gateway, config.client);
    let server = Server::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))
        .hint("choose another address with --listen, such as --listen 127.0.0.1:0 for any free port")?;
    let address = server.address().context("cannot tell the address")?;
    let site = site.map(|site| Arc::new(site) as Arc<dyn RequestHandler>);
    let routes = Routes::new(endpoint.clone(), config.path, &config.cors_origins, config.static_dir.as_deref(), site);

    let mut signals = Signals::new()?;
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

/// Loads every component and gives it its namespace. One of them may answer plain HTTP requests.
async fn mount_all(config: &RunConfig) -> anyhow::Result<(Gateway, Option<Site>)> {
    let runtime = start_runtime(&config.handler, config.cache_dir.as_deref())?;
    let mut gateway = Gateway::new(config.client.clone(), config.recovery.clone());
    let mut site: Option<(&Mount, Site)> = None;
    for mount in &config.components {
        let handler = Handler::load(runtime.clone(), &mount.file, config.env.clone()).await.map_err(explain)?;
        let handler = Arc::new(handler);
        let namespace = mount_one(&mut gateway, mount, handler.clone())
            .with_context(|| format!("cannot serve {}", mount.file.display()))?;
        if handler.answers_http() {
            if let Some((other, _)) = &site {
                let (first, second) = (other.file.display(), mount.file.display());
                return Err(hint::error(
                    format!("both {first} and {second} answer plain HTTP requests"),
                    "build one of them without `wasi:http/incoming-handler`, or give each a host of its own",
                ));
            }
            site = Some((mount, Site { handler, namespace }));
        }
    }
    Ok((gateway, site.map(|(_, site)| site)))
}

fn start_runtime(limits: &HandlerLimits, cache_dir: Option<&Path>) -> anyhow::Result<Arc<Runtime>> {
    let cache = cache_dir.and_then(|directory| {
        // Only the next start is slower for it.
        let opened = CodeCache::open(directory.to_owned());
        opened.inspect_err(|error| tracing::warn!("compiled code is not kept: {error}")).ok()
    });
    let runtime = Runtime::new(limits.clone(), cache).map_err(|error| {
        let hint = error.hint();
        hint::add(error, hint)
    })?;
    Ok(Arc::new(runtime))
}

fn explain(error: LoadError) -> anyhow::Error {
    let hint = error.hint().unwrap_or_default();
    hint::add(error, hint)
}

fn mount_one(gateway: &mut Gateway, mount: &Mount, handler: Arc<Handler>) -> anyhow::Result<Arc<Namespace>> {
    let adapter = LocalAdapter::new(gateway.limits().rooms_per_socket);
    let answers_http = handler.answers_http();
    let namespace = gateway.mount(mount.namespace.as_deref(), handler, Arc::new(adapter)).map_err(|error| {
        let hint = match error {
            MountError::Taken(_) => "give each component its own: `host run /a=a.wasm /b=b.wasm`",
            MountError::Contradiction { .. } => {
                "leave the namespace away, or build the component with `RealtimeNamespace::default()`"
            }
        };
        hint::add(error, hint)
    })?;
    let description = namespace.handler().description();
    tracing::info!(
        namespace = namespace.path(),
        events = inspect::events(description),
        answers_http,
        component = %mount.file.display(),
        "mounted"
    );
    Ok(namespace)
}

/// The component that answers plain HTTP requests, with its namespace.
struct Site {
    handler: Arc<Handler>,
    namespace: Arc<Namespace>,
}

impl RequestHandler for Site {
    fn answer(self: Arc<Self>, request: Request<Incoming>, connection: Connection) -> ResponseFuture {
        let context = EventContext::without_socket(self.namespace.clone());
        Box::pin(self.handler.clone().answer(request, context, move || connection.cut()))
    }
}

/// Frees what is kept for clients that do not return, also where nothing else happens any more.
async fn expire(gateway: Arc<Gateway>, duration: Duration) {
    let mut interval = tokio::time::interval(duration.max(EXPIRY_INTERVAL));
    loop {
        interval.tick().await;
        gateway.expire();
    }
}

/// Tells where the host listens: the one line on stdout, for scripts.
fn announce(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush()).context("cannot write to stdout")
}

/// The signals that ask to stop.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        Ok(Self { interrupt, terminate })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
