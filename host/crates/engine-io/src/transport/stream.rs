//! The TCP connection of a WebSocket, as the WebSocket library reads it.
//!
//! The library asks for no more than its smallest buffer holds, even in the middle of a large frame. To read a large
//! frame in few system calls, a call that filled the library's buffer is followed by one that reads up to [`AHEAD`]
//! bytes. They are kept until the library takes them; the buffer is freed when nothing more comes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

/// Most bytes to read ahead.
const AHEAD: usize = 32 * 1024;

/// A TCP connection that counts what is read from it.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    /// Bytes that were read ahead.
    ahead: BytesMut,
    /// The last system call filled its buffer, so there may be more to read.
    full: bool,
    /// Bytes that the library got.
    delivered: u64,
}

impl Stream {
    /// `delivered` bytes have been handed to the library already.
    pub(super) fn new(tcp: TcpStream, delivered: u64) -> Self {
        Self { tcp, ahead: BytesMut::new(), full: false, delivered }
    }

    /// Bytes that the library got so far.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Reads ahead; reads nothing at the end of the connection.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ahead.reserve(AHEAD);
        let read = poll_read_buf(Pin::new(&mut self.tcp), cx, &mut self.ahead);
        self.full = self.ahead.len() == self.ahead.capacity();
        read.map_ok(|_| ())
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.ahead.is_empty() && this.full {
            let read = this.poll_ahead(cx);
            if this.ahead.is_empty() {
                this.ahead = BytesMut::new();
            }
            ready!(read)?;
        }
        if this.ahead.is_empty() {
            ready!(Pin::new(&mut this.tcp).poll_read(cx, buffer))?;
            this.full = buffer.remaining() == 0;
        } else {
            let taken = this.ahead.len().min(buffer.remaining());
            buffer.put_slice(this.ahead.get(..taken).unwrap_or_default());
            this.ahead.advance(taken);
            if this.ahead.is_empty() && !this.full {
                this.ahead = BytesMut::new();
            }
        }
        this.delivered += (buffer.filled().len() - before) as u64;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
