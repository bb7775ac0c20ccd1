//! The signals that ask to stop, to reload, and for the status.

use std::sync::Arc;

use anyhow::Context;
use telemetry::metrics;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::status::Status;

/// The signals that the host waits for while it serves.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    asked: Signal,
    status: Arc<Status>,
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
    pub(super) fn new(asked: Signal, status: Arc<Status>) -> anyhow::Result<Self> {
        let interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
        let terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
        Ok(Self { interrupt, terminate, asked, status })
    }

    /// Waits for a signal that asks to stop.
    pub(super) async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.asked.recv() => metrics().log_status(&self.status.gauges()),
            }
        }
    }
}
