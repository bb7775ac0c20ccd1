//! One WebSocket connection (RFC 6455): messages in, frames out, with bounds on the memory of both.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{FutureExt, Sink, SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::Frame as RawFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::patient::PatientStream;
use super::stream::Stream;
use crate::CloseReason;
use crate::packet::Frame;

/// Bytes that a connection keeps for reading. For larger frames `stream` reads more at once.
const READ_BUFFER: usize = 1024;
/// Larger packets are sent in fragments of this many bytes, because the write buffer grows to hold whatever it is
/// given.
const FRAGMENT: usize = 16 * 1024;
/// Most bytes of the write buffer: what was there when the last fragment was added, that fragment, and pongs. Of pongs
/// that do not fit, only the last one is kept, so a client that pings without reading costs no more.
const WRITE_BUFFER: usize = 3 * FRAGMENT;

/// A client's message may have at most `payload` bytes.
fn config(payload: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(FRAGMENT)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(payload))
        .max_frame_size(Some(payload))
}

/// A WebSocket connection.
#[derive(Debug)]
pub(super) struct WebSocket {
    stream: WebSocketStream<Stream>,
    /// Least number of bytes that the frames received so far had. Messages in several frames had more, and so had
    /// frames whose length is encoded in more bytes than needed.
    received: u64,
    /// Bytes that had come in when the last message was complete.
    complete: u64,
    /// Bytes that a message of the client may have.
    payload: usize,
    /// Buffers have grown beyond their initial size.
    grown: bool,
    /// Bytes written since the operating system last took everything.
    unflushed: usize,
    /// The rest of a packet that is sent in fragments.
    rest: Bytes,
    /// Number of fragments sent after the first ones of their packets.
    continued: u64,
    /// The client pinged: pongs may be in the write buffer, and are sent before anything else.
    pongs: bool,
}

/// A message that came in.
pub(super) enum Input {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl WebSocket {
    /// Takes the TCP connection out of hyper and frees hyper's buffers. None if it is no [`PatientStream`].
    ///
    /// A message of the client may have at most `payload` bytes.
    pub(super) async fn new(upgraded: Upgraded, payload: usize) -> Option<Self> {
        let parts = upgraded.downcast::<TokioIo<PatientStream>>().ok()?;
        // Copied, because it would keep hyper's whole buffer otherwise.
        Some(Self::on(parts.io.into_inner().into_inner(), parts.read_buf.to_vec(), payload).await)
    }

    async fn on(stream: TcpStream, read: Vec<u8>, payload: usize) -> Self {
        let config = config(payload);
        let stream = Stream::new(stream, read.len() as u64);
        let stream = WebSocketStream::from_partially_read(stream, read, Role::Server, Some(config)).await;
        Self {
            stream,
            received: 0,
            complete: 0,
            payload,
            grown: false,
            unflushed: 0,
            rest: Bytes::new(),
            continued: 0,
            pongs: false,
        }
    }

    /// Replaces buffers that have grown, if they are empty. None if the connection is lost.
    pub(super) fn shrunk(self) -> Option<Self> {
        let nothing_in = self.stream.get_ref().delivered() == self.received;
        let nothing_out = self.unflushed == 0 && !self.pongs && self.rest.is_empty();
        if !(self.grown && nothing_in && nothing_out) {
            return Some(self);
        }
        // The library's buffers never shrink, so it starts with new ones.
        let config = *self.stream.get_config();
        let stream = self.stream.into_inner();
        let begun = WebSocketStream::from_partially_read(stream, Vec::new(), Role::Server, Some(config)).now_or_never();
        Some(Self { stream: begun?, grown: false, ..self })
    }

    /// The next message. An error ends the connection; it has the reason for which the session ends.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Input, (CloseReason, Option<CloseCode>)>> {
        loop {
            let message = ready!(self.stream.poll_next_unpin(cx));
            if let Some(Ok(message)) = &message {
                self.count(message.len());
            }
            let message = match message {
                Some(Ok(Message::Text(text))) => {
                    self.complete = self.stream.get_ref().delivered();
                    Input::Text(text)
                }
                // Copied, because a queued message would keep the whole buffer that it came in.
                Some(Ok(Message::Binary(data))) => {
                    self.complete = self.stream.get_ref().delivered();
                    Input::Binary(Bytes::copy_from_slice(&data))
                }
                // The library answers pings and closes.
                Some(Ok(_)) => {
                    self.pongs = true;
                    continue;
                }
                Some(Err(error)) => return Poll::Ready(Err(failure(&error))),
                None => return Poll::Ready(Err((CloseReason::TransportClose, None))),
            };
            return Poll::Ready(Ok(message));
        }
    }

    /// Bytes that may be kept of a message that is incomplete, the connection's smallest buffer aside.
    pub(super) fn unread(&self) -> usize {
        let since = self.stream.get_ref().delivered() - self.complete;
        usize::try_from(since).unwrap_or(usize::MAX).min(self.payload)
    }

    /// Counts a message that came in.
    fn count(&mut self, length: usize) {
        const MASK: usize = 4;
        let head = match length {
            0..126 => 2,
            126..0x1_0000 => 4,
            _ => 10,
        };
        self.received += (head + MASK + length) as u64;
        self.grown |= length > READ_BUFFER;
    }

    /// Sends frames until `next` has no more, with one flush at the end. Pending while the client does not receive.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        mut next: impl FnMut() -> Option<Frame>,
    ) -> Poll<Result<(), Error>> {
        if self.pongs {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.pongs = false;
        }
        loop {
            ready!(Pin::new(&mut self.stream).poll_ready(cx))?;
            let frame = if self.rest.is_empty() {
                match next() {
                    Some(Frame::Text(text)) => self.fragment(text, Data::Text),
                    Some(Frame::Binary(data)) => self.fragment(data, Data::Binary),
                    None => break,
                }
            } else {
                let rest = std::mem::take(&mut self.rest);
                self.continued += 1;
                self.fragment(rest, Data::Continue)
            };
            Pin::new(&mut self.stream).start_send(frame)?;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.unflushed = 0;
        Poll::Ready(Ok(()))
    }

    /// How many fragments were sent after the first ones of their packets.
    pub(super) fn fragments(&self) -> u64 {
        self.continued
    }

    /// The first fragment of a packet; the rest is kept for later.
    fn fragment(&mut self, mut data: Bytes, kind: Data) -> Message {
        self.rest = data.split_off(data.len().min(FRAGMENT));
        self.unflushed += data.len();
        self.grown |= self.unflushed > READ_BUFFER;
        raw(data, OpCode::Data(kind), self.rest.is_empty())
    }

    /// Answers a probe at once, as no other packet may be sent before the upgrade.
    pub(super) async fn send_pong(&mut self, probe: &str) -> Result<(), Error> {
        let Frame::Text(pong) = Frame::pong(probe) else { return Ok(()) };
        self.stream.send(raw(pong, OpCode::Data(Data::Text), true)).await
    }

    /// Closes a connection that no session has taken.
    pub(super) async fn close(mut self, code: Option<CloseCode>) {
        let frame = code.map(|code| CloseFrame { code, reason: Utf8Bytes::default() });
        // The peer may be gone.
        let _ = self.stream.close(frame).await;
    }

    /// Sends a close frame.
    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>, code: Option<CloseCode>) -> Poll<()> {
        if let Some(code) = code {
            let frame = CloseFrame { code, reason: Utf8Bytes::default() };
            // This fails if the connection is closed already, which then needs no second close frame.
            let _ = Pin::new(&mut self.stream).start_send(Message::Close(Some(frame)));
        }
        Pin::new(&mut self.stream).poll_close(cx).map(|_| ())
    }
}

/// A frame whose text is known to be UTF-8: the library need not check it for every recipient of a broadcast.
fn raw(data: Bytes, opcode: OpCode, last: bool) -> Message {
    Message::Frame(RawFrame::message(data, opcode, last))
}

fn failure(error: &Error) -> (CloseReason, Option<CloseCode>) {
    match error {
        Error::Capacity(_) => (CloseReason::ParseError, Some(CloseCode::Size)),
        Error::Utf8(_) => (CloseReason::TransportError, Some(CloseCode::Invalid)),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => {
            (CloseReason::TransportClose, None)
        }
        Error::Protocol(_) => (CloseReason::TransportError, Some(CloseCode::Protocol)),
        _ => (CloseReason::TransportError, None),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;

    use super::*;

    /// A connection whose kernel buffers are small, and its client's end.
    async fn connection(payload: usize) -> (WebSocket, TcpStream) {
        const KERNEL_BUFFER: u32 = 16 * 1024;
        let listener = TcpSocket::new_v4().unwrap();
        listener.set_send_buffer_size(KERNEL_BUFFER).unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = listener.listen(1).unwrap();
        let client = TcpSocket::new_v4().unwrap();
        client.set_recv_buffer_size(KERNEL_BUFFER).unwrap();
        let client = client.connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (WebSocket::on(server, Vec::new(), payload).await, client)
    }

    /// A client's frame, masked with zeros.
    fn frame(opcode: u8, data: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode, 0x80 | u8::try_from(data.len()).unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(data);
        frame
    }

    fn text(text: &str) -> Vec<u8> {
        frame(1, text.as_bytes())
    }

    fn ping() -> Vec<u8> {
        frame(9, &[b'p'; 100])
    }

    #[tokio::test]
    async fn a_client_that_pings_and_does_not_read_fills_no_memory() {
        const PINGS: usize = 20_000;
        let (mut server, mut client) = connection(1000).await;
        let flood = async {
            client.write_all(&ping().repeat(PINGS)).await.unwrap();
            client.write_all(&text("4end")).await.unwrap();
        };
        let (_, read) = tokio::join!(flood, poll_fn(|cx| server.poll_read(cx)));
        assert!(matches!(read, Ok(Input::Text(text)) if text == "4end"));

        let mut large = Some(Frame::from_message("4".repeat(50_000)));
        let send = async {
            poll_fn(|cx| server.poll_write(cx, || large.take())).await.unwrap();
            drop(server);
        };
        let mut received = Vec::new();
        let (_, read) = tokio::join!(send, client.read_to_end(&mut received));
        read.unwrap();
        assert!(received.len() < PINGS * 100 / 2, "{} bytes were kept", received.len());
        assert_eq!(received.iter().filter(|byte| **byte == b'4').count(), 50_000, "what is sent afterwards arrives");
    }

    #[tokio::test]
    async fn buffers_shrink_between_packets() {
        const LARGE: [u8; 0x2000] = [8; 0x2000];
        let (mut server, mut client) = connection(LARGE.len()).await;
        let large = [&[0x82, 0x80 | 126, 0x20, 0, 0, 0, 0, 0], LARGE.as_slice()].concat();
        let small = frame(2, &[7; 100]);
        let (begun, rest) = small.split_at(50);
        for (sent, expected, shrinks) in [
            (large, LARGE.as_slice(), true),
            ([&small, begun].concat(), &[7; 100], false),
            (rest.to_vec(), &[7; 100], true),
        ] {
            let (_, read) = tokio::join!(client.write_all(&sent), poll_fn(|cx| server.poll_read(cx)));
            assert!(matches!(read, Ok(Input::Binary(data)) if data == expected));
            server.grown = true;
            server = server.shrunk().unwrap();
            assert_eq!(server.grown, !shrinks);
        }
    }

    #[tokio::test]
    async fn control_frames_between_packets_are_passed_over() {
        let (mut server, mut client) = connection(1000).await;
        client.write_all(&[ping(), text("2probe"), ping(), text("5")].concat()).await.unwrap();
        for packet in ["2probe", "5"] {
            let read = poll_fn(|cx| server.poll_read(cx)).await;
            assert!(matches!(read, Ok(Input::Text(text)) if text == packet));
        }
    }
}
