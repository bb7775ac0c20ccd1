//! What operators may ask over the admin listener, answered by the parts of the host.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::Context;
use edge::{Admin, AdminFuture, AdminRoutes, Refusal, Server};
use serde_json::{Map, Value, json};
use telemetry::metrics;
use tokio::sync::{mpsc, oneshot};

use super::reload::Ask;
use super::status::Status;
use crate::config::AdminConfig;
use crate::hint::{self, HintExt};

/// Requests of operators that wait for each other.
const WAITING: usize = 8;

/// Answers operators.
pub(super) struct Operator {
    started: Instant,
    asks: mpsc::Sender<Ask>,
    /// The number of the revision that serves.
    revision: Arc<AtomicU64>,
    /// Set when the host serves.
    status: OnceLock<Arc<Status>>,
    stopping: AtomicBool,
}

/// Makes the operator's side, and where its requests arrive. `revision` is the number of the one that serves.
pub(super) fn operator(revision: Arc<AtomicU64>) -> (Arc<Operator>, mpsc::Receiver<Ask>) {
    let (asks, asked) = mpsc::channel(WAITING);
    let operator =
        Operator { started: Instant::now(), asks, revision, status: OnceLock::new(), stopping: AtomicBool::new(false) };
    (Arc::new(operator), asked)
}

/// Listens for operators until the process ends.
///
/// # Errors
///
/// If the address cannot be bound.
pub(super) async fn listen(config: &AdminConfig, operator: Arc<Operator>) -> anyhow::Result<SocketAddr> {
    let server = Server::bind(config.address)
        .await
        .with_context(|| format!("cannot listen on {} for --admin", config.address))
        .hint("choose another address with --admin, such as --admin 127.0.0.1:0 for any free port")?;
    let address = server.address().context("cannot get the address of --admin")?;
    let token = config.token.as_ref().map(|token| token.0.as_str());
    tokio::spawn(server.serve_admin(AdminRoutes::new(operator, token)));
    Ok(address)
}

impl Operator {
    /// From now on the host is ready.
    pub(super) fn serving(&self, status: Arc<Status>) {
        // Only the first counts, and there is one.
        let _ = self.status.set(status);
    }

    /// From now on it is not ready any more.
    pub(super) fn stopping(&self) {
        self.stopping.store(true, Relaxed);
    }

    fn ask(&self, ask: impl FnOnce(oneshot::Sender<anyhow::Result<u64>>) -> Ask) -> AdminFuture {
        if let Some(why) = self.not_ready() {
            return Box::pin(async move { Err(Refusal::NotNow(error(&anyhow::anyhow!("{}", why.trim_end())))) });
        }
        let (answer, answered) = oneshot::channel();
        let sent = self.asks.try_send(ask(answer));
        Box::pin(async move {
            let busy = || Refusal::NotNow(error(&anyhow::anyhow!("too many requests wait already")));
            sent.map_err(|_| busy())?;
            match answered.await {
                Ok(Ok(revision)) => Ok(json!({ "revision": revision }).to_string()),
                Ok(Err(why)) => Err(Refusal::Wrong(error(&why))),
                Err(_) => Err(Refusal::NotNow(error(&anyhow::anyhow!("the host stops")))),
            }
        })
    }
}

impl Admin for Operator {
    fn not_ready(&self) -> Option<&'static str> {
        match (self.stopping.load(Relaxed), self.status.get()) {
            (true, _) => Some("the host stops\n"),
            (false, None) => Some("the host starts\n"),
            (false, Some(_)) => None,
        }
    }

    fn status(&self) -> String {
        let counters: Map<_, _> = numbers(metrics().values());
        let status = self.status.get();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "uptime_seconds": self.started.elapsed().as_secs(),
            "ready": self.not_ready().is_none(),
            "revision": self.revision.load(Relaxed),
            "namespaces": status.map_or_else(Vec::new, |status| status.namespaces()),
            "gauges": status.map_or_else(Map::new, |status| numbers(status.gauges().values())),
            "counters": counters,
        })
        .to_string()
    }

    fn reload(&self) -> AdminFuture {
        self.ask(Ask::Reload)
    }

    fn roll_back(&self) -> AdminFuture {
        self.ask(Ask::RollBack)
    }
}

fn numbers<N: Into<Value>>(values: Vec<(&'static str, N)>) -> Map<String, Value> {
    values.into_iter().map(|(name, number)| (name.to_owned(), number.into())).collect()
}

/// An error with its causes and hints, as JSON.
fn error(error: &anyhow::Error) -> String {
    json!({ "error": format!("{error:#}"), "hints": hint::hints(error) }).to_string()
}
