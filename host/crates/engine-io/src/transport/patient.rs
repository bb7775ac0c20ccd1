//! The TCP connection of HTTP requests, which gives up on a client that does not read its answer.
//!
//! Not for WebSockets, which have the heartbeat: an upgrade takes the connection out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

/// How long a client may take none of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same when the host stops: such clients must not delay it.
const PATIENCE_AT_STOP: Duration = Duration::from_secs(2);

/// A TCP connection on which writing fails ([`io::ErrorKind::TimedOut`]) once the peer has read nothing for a while.
#[derive(Debug)]
pub struct PatientStream {
    tcp: TcpStream,
    stopping: Arc<AtomicBool>,
    /// Runs while the peer takes nothing.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl PatientStream {
    /// It has less patience once `stopping` is set. The connection's task must then poll it again.
    pub fn new(tcp: TcpStream, stopping: Arc<AtomicBool>) -> Self {
        Self { tcp, stopping, stuck: None }
    }

    /// The connection, to be used without patience.
    pub(super) fn into_inner(self) -> TcpStream {
        self.tcp
    }

    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let stopping = self.stopping.load(Ordering::Relaxed);
        let patience = if stopping { PATIENCE_AT_STOP } else { PATIENCE };
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(patience)));
        let latest = Instant::now() + patience;
        if stuck.deadline() > latest {
            stuck.as_mut().reset(latest);
        }
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read its answer")))
    }
}

impl AsyncRead for PatientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl AsyncWrite for PatientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, parts);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_given_up() {
        for (stopping, patience) in [(false, PATIENCE), (true, PATIENCE_AT_STOP)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let stop = Arc::new(AtomicBool::new(false));
            let mut server = PatientStream::new(server, stop.clone());
            let begun = Instant::now();
            stop.store(stopping, Ordering::Relaxed);
            let error = server.write_all(&vec![0; 64 << 20]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            assert!(begun.elapsed() >= patience);
            drop(client);
        }
    }
}
