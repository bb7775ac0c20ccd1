//! The signals that ask to stop, to reload, and for the status.

use std::sync::Arc;

use anyhow::Context;
use engine_io::transport::Endpoint;
use gateway::Gateway;
use telemetry::{Gauges, metrics};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::mount::Parts;

/// The signals that the host waits for while it serves.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    status: Status,
}

/// The parts whose state is logged on SIGUSR1.
pub(super) struct Status {
    pub asked: Signal,
    pub endpoint: Arc<Endpoint<Arc<Gateway>>>,
    pub parts: Parts,
}

/// Installs the SIGUSR1 handler; before this the signal kills the process.
pub(super) fn status_signal() -> anyhow::Result<Signal> {
    signal(SignalKind::user_defined1()).context("cannot wait for SIGUSR1")
}

/// Installs the SIGHUP handler; before this the signal kills the process.
pub(super) fn reload_signal() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("cannot wait for SIGHUP")
}

/// A file that reaches the limit on its size (`ulimit -f`) is an error to whoever writes it, as on a full disk. Without a
/// handler for this signal it would kill the process.
pub(super) fn survive_file_size_limit() -> anyhow::Result<()> {
    let kind = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    signal(kind).map(drop).context("cannot handle SIGXFSZ")
}

impl Signals {
    pub(super) fn new(status: Status) -> anyhow::Result<Self> {
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        Ok(Self { interrupt, terminate, status })
    }

    /// Waits for a signal that asks to stop.
    pub(super) async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.status.asked.recv() => self.status.log(),
            }
        }
    }
}

impl Status {
    fn log(&self) {
        let (sessions, sessions_ending) = self.endpoint.counts();
        let counts = self.parts.mounts.iter().map(|mount| mount.namespace().counts());
        let (sockets, rooms) = counts.fold((0, 0), |(sockets, rooms), (s, r)| (sockets + s, rooms + r));
        let usage = self.parts.runtime.usage();
        metrics().log_status(&Gauges {
            sessions,
            sessions_ending,
            clients_memory: self.endpoint.clients_memory(),
            sockets,
            rooms,
            instances: usage.instances,
            instances_awaited: usage.waiting,
            instances_slow: usage.slow,
            handler_memory: usage.memory,
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        });
    }
}
