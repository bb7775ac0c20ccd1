//! The whole host: starts its parts, and stops them in order. The only place that knows every part.
//!
//! Everything that can fail fails before the listener is bound. Stopping: no more connections, every session is closed,
//! `$disconnect` and running handlers get [`GRACE`] to finish.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};

use crate::adapter::LocalAdapter;
use crate::config::{Mount, RunConfig};
use crate::engine_io::transport::Endpoint;
use crate::gateway::{Gateway, MountError};
use crate::guest::Handler;
use crate::hint::HintExt;
use crate::http::{Routes, Server};
use crate::runtime::Runtime;
use crate::telemetry::metrics;

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
    let gateway = Arc::new(mount_all(&config)?);
    let endpoint = Endpoint::new(gateway, config.client);
    let server = Server::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))
        .hint("choose another address with --listen, such as --listen 127.0.0.1:0 for any free port")?;
    let address = server.address().context("cannot tell the address")?;
    let routes = Routes::new(endpoint.clone(), config.path, &config.cors_origins, config.static_dir.as_deref());

    let mut signals = Signals::new()?;
    announce(address)?;
    let answered = server.serve(routes, signals.next()).await;
    tracing::info!("stopping: sessions are closed, running handlers may finish");
    let stop = async {
        endpoint.shut_down().await;
        answered.await;
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

/// Loads every component and gives it its namespace.
fn mount_all(config: &RunConfig) -> anyhow::Result<Gateway> {
    let runtime = Runtime::new(&config.handler, config.cache_dir.as_deref()).context("cannot start the runtime")?;
    let mut gateway = Gateway::new(config.client.clone());
    for mount in &config.components {
        mount_one(&mut gateway, &runtime, mount, config)
            .with_context(|| format!("cannot serve {}", mount.file.display()))?;
    }
    Ok(gateway)
}

fn mount_one(gateway: &mut Gateway, runtime: &Arc<Runtime>, mount: &Mount, config: &RunConfig) -> anyhow::Result<()> {
    todo!()
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
