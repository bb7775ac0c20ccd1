//! Logs on stderr, which never block, fail or end anything.
//!
//! Lines go through a queue of [`QUEUE`] lines to a thread that writes them. Lines that do not fit, because nobody reads
//! stderr or the disk behind it is full, are dropped and counted; when there is room again, the log says how many. Equal
//! causes are summed up ([`summary`](crate::summary)).

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::summary;

/// Lines that wait to be written at most. A line has some 10 KB at most, most have 200 bytes.
const QUEUE: usize = 2_048;
/// How often the log says what was dropped and what was summed up.
const REPORT: Duration = Duration::from_secs(1);
/// How long the end of the program waits for stderr.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: one line of text for each event, coloured on a terminal.
    Pretty,
    /// For machines: one JSON object on each line.
    Json,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The value of an environment variable is not a filter.
    #[error("cannot parse {variable} `{directives}`")]
    Filter {
        /// `HOST_LOG` or `RUST_LOG`.
        variable: &'static str,
        /// Its value.
        directives: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was started before.
    #[error("cannot start logging")]
    Started(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Writes the log while it exists. Dropped, it waits up to [`PATIENCE`] until the lines in the queue are written.
#[derive(Debug)]
#[must_use = "lines in the queue are lost without it"]
pub struct Logging {
    worker: Option<WorkerGuard>,
}

impl Drop for Logging {
    fn drop(&mut self) {
        // On a thread of its own: where nobody takes the lines, the guard prints to stdout, which may block as well.
        let worker = self.worker.take();
        within_patience(move || drop(worker));
    }
}

/// Writes a text to stderr, and gives up where nobody takes it in time. For what a program says when it ends.
pub fn write_stderr(text: String) {
    within_patience(move || {
        // There is nobody else to tell.
        let _ = io::stderr().write_all(text.as_bytes());
    });
}

fn within_patience(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let worker = thread::Builder::new().name("log-end".to_owned()).spawn(move || {
        work();
        // The other end may have given up.
        let _ = done.send(());
    });
    if worker.is_ok() {
        let _ = ended.recv_timeout(PATIENCE);
    }
}

/// Starts logging to stderr. The filter is `HOST_LOG`, else `RUST_LOG`, else `info`.
///
/// # Errors
///
/// The filter cannot be parsed, or logging was started before.
pub fn init(format: LogFormat) -> Result<Logging, LogError> {
    let filter = filter()?;
    let (writer, worker) = queue(io::stderr());
    let dropped = writer.error_counter();
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).log_internal_errors(false);
    let started = match format {
        LogFormat::Pretty => subscriber.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    started.map_err(LogError::Started)?;
    // Without this thread nothing is reported, and logging goes on.
    let _ = thread::Builder::new().name("log-report".to_owned()).spawn(move || report(&dropped));
    Ok(Logging { worker: Some(worker) })
}

/// A writer whose lines wait in the queue, and are dropped if they do not fit.
fn queue(to: impl io::Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().lossy(true).buffered_lines_limit(QUEUE).thread_name("log").finish(to)
}

/// Reports again and again, until the process ends.
fn report(dropped: &ErrorCounter) {
    let mut reported = 0;
    loop {
        thread::sleep(REPORT);
        summary::report();
        let lines = dropped.dropped_lines().saturating_sub(reported);
        if lines > 0 {
            tracing::warn!(lines, "log lines were dropped: they came faster than stderr took them");
            // Where there is no room for this line either, it is tried again.
            let still = dropped.dropped_lines().saturating_sub(reported);
            reported += if still == lines { lines } else { 0 };
        }
    }
}

fn filter() -> Result<EnvFilter, LogError> {
    for variable in ["HOST_LOG", "RUST_LOG"] {
        if let Ok(directives) = std::env::var(variable) {
            let filter = EnvFilter::try_new(expand(&directives));
            return filter.map_err(|source| LogError::Filter { variable, directives, source });
        }
    }
    Ok(EnvFilter::new("info"))
}

/// The parts of the program, as targets of log lines.
const PARTS: [&str; 6] = ["host", "edge", "gateway", "engine_io", "runtime", "telemetry"];

/// In a filter, `host` stands for all parts of the program, and `host::PART` for one of them.
fn expand(directives: &str) -> String {
    let expanded = directives.split(',').flat_map(|directive| {
        let rest = directive.trim().strip_prefix("host").unwrap_or("none");
        let part = rest.strip_prefix("::").filter(|part| PARTS.iter().any(|name| part.starts_with(name)));
        match part {
            Some(part) => vec![part.to_owned()],
            None if rest.is_empty() || rest.starts_with('=') => PARTS.map(|part| format!("{part}{rest}")).to_vec(),
            None => vec![directive.to_owned()],
        }
    });
    expanded.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes nothing, until it is let go.
    struct Stuck(mpsc::Receiver<()>);

    impl io::Write for Stuck {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_writer_that_takes_nothing_blocks_nobody() {
        let (release, stuck) = mpsc::channel();
        let (mut writer, worker) = queue(Stuck(stuck));
        for _ in 0..2 * QUEUE {
            assert_eq!(writer.write(b"line\n").unwrap(), 5);
        }
        assert!(writer.error_counter().dropped_lines() >= QUEUE - 2);
        drop(release);
        drop(worker);
    }

    #[test]
    fn host_stands_for_all_its_parts() {
        assert_eq!(
            expand("warn,host=trace"),
            "warn,host=trace,edge=trace,gateway=trace,engine_io=trace,runtime=trace,telemetry=trace"
        );
        assert_eq!(expand("host::gateway=debug,info"), "gateway=debug,info");
        assert_eq!(expand("host::app=debug,guest=off,hostile=warn"), "host::app=debug,guest=off,hostile=warn");
    }
}
