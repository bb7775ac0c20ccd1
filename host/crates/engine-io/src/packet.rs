//! Engine.IO packets: the "Packet encoding" section of the protocol, revision 4.
//!
//! A packet is one digit, its type, and the data after it; a binary message has no type. Nothing here is bounded: the
//! transports bound the text that they hand over.

use std::sync::Arc;

use bytes::Bytes;

use crate::memory::{ClientMemory, charged};

/// One encoded packet, ready for either transport. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// UTF-8; the first byte is the packet's type.
    Text(Bytes),
    /// A binary message.
    Binary(Bytes),
}

#[expect(clippy::len_without_is_empty, reason = "the length is what a frame costs; nobody asks whether it is zero")]
impl Frame {
    /// The handshake, first packet of a session.
    pub fn open(handshake_json: &str) -> Self {
        Self::text('0', handshake_json)
    }

    /// Tells the client that the session is over (polling; a WebSocket is just closed).
    pub fn close() -> Self {
        Self::Text(Bytes::from_static(b"1"))
    }

    /// Asks for a pong.
    pub fn ping() -> Self {
        Self::Text(Bytes::from_static(b"2"))
    }

    /// Charges a large frame to the memory of clients, once for all of its clones.
    pub(crate) fn charged_to(self, memory: &Arc<ClientMemory>) -> Self {
        match self {
            Self::Text(text) => Self::Text(charged(text, memory)),
            Self::Binary(data) => Self::Binary(charged(data, memory)),
        }
    }

    /// Answers a client's ping, which a client sends only to probe a new transport.
    pub fn pong(probe: &str) -> Self {
        match probe {
            "probe" => Self::Text(Bytes::from_static(b"3probe")),
            other => Self::text('3', other),
        }
    }

    /// Ends a poll that has nothing to deliver.
    pub fn noop() -> Self {
        Self::Text(Bytes::from_static(b"6"))
    }

    /// Starts a text message: push the message's text, then call [`Frame::from_message`]. `capacity` is the expected
    /// length of that text in bytes.
    pub fn message_buffer(capacity: usize) -> String {
        let mut buffer = String::with_capacity(capacity.saturating_add(1));
        buffer.push('4');
        buffer
    }

    /// The text message in a string that [`Frame::message_buffer`] started.
    pub fn from_message(buffer: String) -> Self {
        debug_assert!(buffer.starts_with('4'));
        Self::Text(buffer.into())
    }

    /// Bytes of the encoded packet: what it occupies on a WebSocket, and in memory.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }

    fn text(kind: char, data: &str) -> Self {
        let mut text = String::with_capacity(1 + data.len());
        text.push(kind);
        text.push_str(data);
        Self::Text(text.into())
    }
}

/// A packet that a client sent as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Type 0: a handshake, which only servers send.
    Open,
    /// Type 1: the client ends the session.
    Close,
    /// Type 2, which clients send only to probe a new transport.
    Ping(&'a str),
    /// Type 3: the answer to a ping.
    Pong(&'a str),
    /// Type 4: a message of the layer above.
    Message(&'a str),
    /// Type 5: the client switches to the new transport.
    Upgrade,
    /// Type 6: no content.
    Noop,
}

impl<'a> Packet<'a> {
    /// Decodes one packet. Data after a type that carries none is ignored, as by the reference server.
    ///
    /// # Errors
    ///
    /// If the text does not start with a packet type.
    pub fn decode(text: &'a str) -> Result<Self, PacketError> {
        let mut chars = text.chars();
        let kind = chars.next().ok_or(PacketError::Empty)?;
        let data = chars.as_str();
        match kind {
            '0' => Ok(Self::Open),
            '1' => Ok(Self::Close),
            '2' => Ok(Self::Ping(data)),
            '3' => Ok(Self::Pong(data)),
            '4' => Ok(Self::Message(data)),
            '5' => Ok(Self::Upgrade),
            '6' => Ok(Self::Noop),
            _ => Err(PacketError::UnknownType),
        }
    }
}

/// Why a text is no Engine.IO packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// The text is empty.
    #[error("empty packet")]
    Empty,
    /// The first character is no packet type.
    #[error("unknown packet type")]
    UnknownType,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(frame: &Frame) -> &str {
        match frame {
            Frame::Text(bytes) => std::str::from_utf8(bytes).unwrap(),
            Frame::Binary(_) => panic!("a text frame is expected"),
        }
    }

    #[test]
    fn server_packets() {
        assert_eq!(text(&Frame::open(r#"{"sid":"x"}"#)), r#"0{"sid":"x"}"#);
        assert_eq!(text(&Frame::close()), "1");
        assert_eq!(text(&Frame::ping()), "2");
        assert_eq!(text(&Frame::pong("")), "3");
        assert_eq!(text(&Frame::pong("probe")), "3probe");
        assert_eq!(text(&Frame::pong("other")), "3other");
        assert_eq!(text(&Frame::noop()), "6");
    }

    #[test]
    fn message_is_built_in_place() {
        let mut buffer = Frame::message_buffer(2);
        buffer.push_str("hé");
        let frame = Frame::from_message(buffer);
        assert_eq!(text(&frame), "4hé");
        assert_eq!(frame.len(), 4);
        assert_eq!(Frame::Binary(Bytes::from_static(&[1, 2])).len(), 2);
    }

    #[test]
    fn client_packets() {
        assert_eq!(Packet::decode("0"), Ok(Packet::Open));
        assert_eq!(Packet::decode("1"), Ok(Packet::Close));
        assert_eq!(Packet::decode("2probe"), Ok(Packet::Ping("probe")));
        assert_eq!(Packet::decode("3"), Ok(Packet::Pong("")));
        assert_eq!(Packet::decode("4héllo"), Ok(Packet::Message("héllo")));
        assert_eq!(Packet::decode("4"), Ok(Packet::Message("")));
        assert_eq!(Packet::decode("5ignored"), Ok(Packet::Upgrade));
        assert_eq!(Packet::decode("6"), Ok(Packet::Noop));
        assert_eq!(Packet::decode(""), Err(PacketError::Empty));
        assert_eq!(Packet::decode("7"), Err(PacketError::UnknownType));
        assert_eq!(Packet::decode("é"), Err(PacketError::UnknownType));
    }

    proptest! {
        #[test]
        fn decodes_any_text(text in any::<String>()) {
            let known = text.starts_with(['0', '1', '2', '3', '4', '5', '6']);
            prop_assert_eq!(Packet::decode(&text).is_ok(), known);
        }
    }
}
