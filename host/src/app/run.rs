//! Starts the parts of the host, and stops them in order. The only place that knows every part.
//!
//! Everything that can fail fails before the listener is bound. To stop, the host accepts no more connections and
//! closes every session; running handlers, `$disconnect` and what schedules have started get [`GRACE`] to finish. SIGUSR1
//! only logs the status.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use edge::{Routes, Server};
use engine_io::transport::Endpoint;
use gateway::claims::Claims;
use gateway::cluster::OneNode;
use gateway::{Gateway, Scheduler};
use telemetry::metrics;

use super::admin;
use super::cluster;
use super::local::Local;
use super::mount::mount_all;
use super::reload::{Reloader, Reread, Served};
use super::signals::{Signals, reload_signal, status_signal, survive_file_size_limit};
use super::state;
use super::status::Status;
use crate::config::{RunConfig, machine};
use crate::hint::HintExt;

/// How long handlers may take to finish when the host stops.
const GRACE: Duration = Duration::from_secs(10);
/// Shortest interval at which expired state of clients that were cut off is dropped.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(1);
/// The exit code after a second signal, which shells also report for a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Serves until a signal asks to stop. `reread` gives the configuration when an operator asks to reload.
///
/// # Errors
///
/// If a component cannot be loaded or mounted, or the address cannot be bound; nothing was served then.
pub async fn run(config: RunConfig, reread: Reread) -> anyhow::Result<()> {
    // From here on these signals do not kill the process; they are answered once the host listens.
    let (asked, reload) = (status_signal()?, reload_signal()?);
    survive_file_size_limit()?;
    if let Err(error) = machine::raise_open_files() {
        tracing::debug!(%error, "the limit on open files stays as it is");
    }
    let revision = Arc::new(AtomicU64::new(1));
    let (operator, asks) = admin::operator(revision.clone());
    if let Some(config) = &config.admin {
        let address = admin::listen(config, operator.clone()).await?;
        tracing::info!(%address, "operators are answered");
    }
    let bus = cluster::connect(config.cluster.as_ref()).await?;
    let (gateway, parts) = mount_all(&config, cluster::others(bus.as_ref())).await?;
    let store = state::open_for(&parts.stores, &config.data, &config.store).await?;
    let limits = &config.handler.grants.store.limits;
    let local = store.clone().and_then(|store| Local::serve(&config.data, store, limits.clone()));
    let gateway = Arc::new(gateway);
    if let Some(bus) = &bus {
        cluster::join(bus, gateway.clone()).await?;
    }
    if let Some(recovery) = &config.recovery {
        tokio::spawn(expire(gateway.clone(), recovery.duration));
    }
    let endpoint = Endpoint::new(gateway, config.handler.gateway.session.clone());
    tokio::spawn({
        let endpoint = endpoint.clone();
        async move { endpoint.relieve().await }
    });
    let server = Server::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))
        .hint("choose another address with --listen, such as --listen 127.0.0.1:0 for any free port")?;
    let address = server.address().context("cannot get the listener's address")?;
    let (files, library, site) = (config.static_dir.as_deref(), config.client.clone(), parts.site.clone());
    let routes = Routes::new(endpoint.clone(), config.path.clone(), &config.cors_origins, files, library, site);

    let mounts = parts.mounts.clone();
    let served = Served {
        config,
        runtime: parts.runtime.clone(),
        mounts: parts.mounts.clone(),
        site: parts.site.clone(),
        store: store.clone(),
    };
    tokio::spawn(Reloader::new(served, reread, revision).serve(reload, asks));
    let status = Arc::new(Status { endpoint: endpoint.clone(), mounts: parts.mounts, runtime: parts.runtime });
    let mut signals = Signals::new(asked, status.clone())?;
    operator.serving(status);
    announce(address)?;
    let claims: Arc<dyn Claims> = Arc::new(OneNode);
    let scheduler = Scheduler::start(&mounts, &claims);
    let remaining = server.serve(routes, signals.next()).await;
    operator.stopping();
    tracing::info!("stopping: sessions are closed, running handlers may finish");
    let sessions = async {
        endpoint.shut_down().await;
        remaining.finish().await;
        if let Some(bus) = bus {
            bus.flush().await;
        }
    };
    let stop = async { tokio::join!(scheduler.stop(), sessions) };
    tokio::select! {
        stopped = tokio::time::timeout(GRACE, stop) => if stopped.is_err() {
            tracing::warn!("handlers that still run after {} are stopped", humantime::format_duration(GRACE));
        },
        () = signals.next() => {
            tracing::warn!("second signal: stopping at once");
            std::process::exit(INTERRUPTED);
        }
    }
    if let Some(local) = local {
        local.stop().await;
    }
    if let Some(store) = store
        && let Err(error) = store.close().await
    {
        tracing::error!("the key-value stores were not closed in order: {error}");
    }
    metrics().log();
    Ok(())
}

/// Drops the state of clients that did not return, even if nothing else happens any more.
async fn expire(gateway: Arc<Gateway>, duration: Duration) {
    let mut interval = tokio::time::interval(duration.max(EXPIRY_INTERVAL));
    loop {
        interval.tick().await;
        gateway.expire();
    }
}

/// Prints where the host listens: the only line on stdout, for scripts.
fn announce(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush()).context("cannot write to stdout")
}
