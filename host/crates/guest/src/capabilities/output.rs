//! A guest's output, as lines of the log: at level info for stdout and warn for stderr, with the event that they belong
//! to. A line of stderr that begins with `<3>` to `<7>` has that level instead, as with systemd's journal.
//!
//! A line is at most [`LINE`] bytes; longer ones are split. An event may print [`EVENT`] bytes; further output is
//! dropped, and the log says so once. An unfinished line is logged when the event is over, an empty one never.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use runtime::Calls;
use telemetry::{summary, text};
use tokio::io::AsyncWrite;
use tracing::Level;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::cli as p2;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};
use wasmtime_wasi::p3::bindings::cli as p3;
use wasmtime_wasi::{WasiCtxBuilder, WasiView};

use super::interface::Interface;
use super::output_rate::OutputRate;
use crate::current_event::CurrentEvent;

/// Most bytes of one line.
const LINE: usize = 8 << 10;
/// Most bytes that one event may print.
const EVENT: usize = 64 << 10;
/// Bytes that a guest may write at once. Any value would do, because writing never waits.
const WRITE: usize = 64 << 10;

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:cli/stdout"),
    Interface::wasi("wasi:cli/stderr"),
    Interface::wasi("wasi:cli/terminal-input"),
    Interface::wasi("wasi:cli/terminal-output"),
    Interface::wasi("wasi:cli/terminal-stdin"),
    Interface::wasi("wasi:cli/terminal-stdout"),
    Interface::wasi("wasi:cli/terminal-stderr"),
    Interface::wasi_concurrent("wasi:cli/types"),
    Interface::wasi_concurrent("wasi:cli/stdout"),
    Interface::wasi_concurrent("wasi:cli/stderr"),
    Interface::wasi_concurrent("wasi:cli/terminal-input"),
    Interface::wasi_concurrent("wasi:cli/terminal-output"),
    Interface::wasi_concurrent("wasi:cli/terminal-stdin"),
    Interface::wasi_concurrent("wasi:cli/terminal-stdout"),
    Interface::wasi_concurrent("wasi:cli/terminal-stderr"),
];

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    p2::stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    if calls == Calls::Concurrent {
        p3::stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::terminal_input::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::terminal_output::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::terminal_stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::terminal_stdout::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::terminal_stderr::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Stdout,
    Stderr,
}

impl Channel {
    /// The level of a line, and the line without the priority that may set it.
    fn level(self, line: &[u8]) -> (Level, &[u8]) {
        match (self, line) {
            (Self::Stdout, line) => (Level::INFO, line),
            (Self::Stderr, [b'<', b'0'..=b'3', b'>', line @ ..]) => (Level::ERROR, line),
            (Self::Stderr, [b'<', b'4', b'>', line @ ..]) => (Level::WARN, line),
            (Self::Stderr, [b'<', b'5' | b'6', b'>', line @ ..]) => (Level::INFO, line),
            (Self::Stderr, [b'<', b'7', b'>', line @ ..]) => (Level::DEBUG, line),
            (Self::Stderr, line) => (Level::WARN, line),
        }
    }
}

/// The destination of finished lines.
trait Sink {
    fn line(&self, level: Level, line: &str);
}

/// The log, for the lines of one event.
pub(crate) struct EventLog {
    current: Arc<CurrentEvent>,
    rate: Arc<OutputRate>,
}

impl Sink for EventLog {
    fn line(&self, level: Level, line: &str) {
        let context = self.current.context();
        let namespace = context.map(|context| context.namespace());
        let socket = context.and_then(|context| context.socket_id());
        if !self.rate.take(line.len(), Instant::now()) {
            const CAUSE: &str = "output dropped: the handlers of a namespace may print 256 KiB a second";
            if summary::is_warning_due(CAUSE, namespace.unwrap_or_default()) {
                tracing::warn!(target: "guest", namespace, "{CAUSE}");
            }
            return;
        }
        let event = text::printable(self.current.event());
        macro_rules! log {
            ($level:expr) => {
                tracing::event!(target: "guest", $level, namespace, event = &*event, socket, "{line}")
            };
        }
        match level {
            Level::ERROR => log!(Level::ERROR),
            Level::WARN => log!(Level::WARN),
            Level::INFO => log!(Level::INFO),
            _ => log!(Level::DEBUG),
        }
    }
}

/// Both channels of one event.
#[derive(Clone)]
pub(crate) struct Output {
    lines: Arc<Mutex<Lines<EventLog>>>,
    rate: Arc<OutputRate>,
}

impl Output {
    pub(crate) fn new(current: Arc<CurrentEvent>, rate: Arc<OutputRate>) -> Self {
        let log = EventLog { current, rate: rate.clone() };
        Self { lines: Arc::new(Mutex::new(Lines::new(log))), rate }
    }

    /// Begins another event: output from now on belongs to it.
    pub(crate) fn begin(&self, current: Arc<CurrentEvent>) {
        // Dropping the old lines logs the unfinished ones.
        *self.lines.lock() = Lines::new(EventLog { current, rate: self.rate.clone() });
    }

    pub(super) fn configure(&self, wasi: &mut WasiCtxBuilder) {
        wasi.stdout(self.channel(Channel::Stdout)).stderr(self.channel(Channel::Stderr));
    }

    fn channel(&self, channel: Channel) -> Printer {
        Printer { output: self.clone(), channel }
    }
}

/// Splits output into lines.
struct Lines<S: Sink> {
    sink: S,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Bytes that may still be printed; `None` once the log has said that they are used up.
    left: Option<usize>,
}

impl<S: Sink> Lines<S> {
    fn new(sink: S) -> Self {
        Self { sink, stdout: Vec::new(), stderr: Vec::new(), left: Some(EVENT) }
    }

    fn print(&mut self, channel: Channel, bytes: &[u8]) {
        let Some(left) = self.left else { return };
        let truncated = bytes.len() > left;
        let bytes = bytes.get(..left).unwrap_or(bytes);
        self.left = Some(left - bytes.len());

        let Self { sink, stdout, stderr, .. } = self;
        let rest = match channel {
            Channel::Stdout => stdout,
            Channel::Stderr => stderr,
        };
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            rest.extend_from_slice(part);
            while rest.strip_suffix(b"\n").unwrap_or(rest).len() > LINE {
                let whole = rest.drain(..boundary(rest)).collect::<Vec<_>>();
                emit(sink, channel, &whole);
            }
            if rest.ends_with(b"\n") {
                emit(sink, channel, rest);
                rest.clear();
            }
        }
        if truncated {
            self.finish();
            self.left = None;
            let (level, _) = channel.level(&[]);
            self.sink.line(level, &format!("(output truncated: an event may print {EVENT} bytes)"));
        }
    }

    /// Logs an unfinished line.
    fn finish(&mut self) {
        for (channel, rest) in [(Channel::Stdout, &mut self.stdout), (Channel::Stderr, &mut self.stderr)] {
            if !rest.is_empty() {
                emit(&self.sink, channel, rest);
                rest.clear();
            }
        }
    }
}

impl<S: Sink> Drop for Lines<S> {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Where to split a line that is too long: at most [`LINE`] bytes, not inside a character.
fn boundary(line: &[u8]) -> usize {
    let continues = |position: usize| line.get(position).is_some_and(|byte| byte & 0xc0 == 0x80);
    // A character has at most 4 bytes. Anything longer is not UTF-8, and may be split anywhere.
    (LINE - 3..=LINE).rev().find(|position| !continues(*position)).unwrap_or(LINE)
}

fn emit(sink: &impl Sink, channel: Channel, line: &[u8]) {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (level, line) = channel.level(line);
    // Empty lines, which set output apart, are useless in a log.
    if line.is_empty() {
        return;
    }
    sink.line(level, &text::printable(&String::from_utf8_lossy(line)));
}

/// One channel, in the forms that WASI 0.2 and 0.3 write to.
#[derive(Clone)]
struct Printer {
    output: Output,
    channel: Channel,
}

impl Printer {
    fn print(&self, bytes: &[u8]) {
        self.output.lines.lock().print(self.channel, bytes);
    }
}

impl IsTerminal for Printer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printer {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Printer {
    async fn ready(&mut self) {}
}

impl OutputStream for Printer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

impl AsyncWrite for Printer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.print(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
