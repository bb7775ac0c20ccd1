//! Bodies of HTTP long-polling: the "HTTP long-polling" part of the section "Packet encoding", protocol revision 4.
//!
//! Packets are joined by U+001E; a binary message is `b` and its bytes in base64. The caller bounds the body; packets
//! are split off one at a time, so that many small ones need no more memory than a few large ones.

use std::fmt::Write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::display::Base64Display;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{Bytes, BytesMut};

use crate::packet::Frame;

const SEPARATOR: char = '\u{1e}';

/// Standard base64. Padding is optional in what clients send, as for the reference server.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The body of a response that delivers these packets. [`encoded_len`] gives the length of each beforehand.
pub fn encode(frames: &[Frame]) -> Bytes {
    let separators = frames.len().saturating_sub(1);
    let mut body = BytesMut::with_capacity(frames.iter().map(encoded_len).sum::<usize>() + separators);
    for (index, frame) in frames.iter().enumerate() {
        if index > 0 {
            body.extend_from_slice(&[SEPARATOR as u8]);
        }
        match frame {
            Frame::Text(text) => body.extend_from_slice(text),
            Frame::Binary(data) => {
                // Writing to memory cannot fail.
                let _ = write!(body, "b{}", Base64Display::new(data, &BASE64));
            }
        }
    }
    body.freeze()
}

/// Bytes that a packet takes in a polling body, without separators.
pub fn encoded_len(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(data) => 1 + data.len().div_ceil(3) * 4,
    }
}

/// One packet of a polling request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A packet that [`Packet::decode`](super::packet::Packet::decode) has not seen yet.
    Text(String),
    /// A binary message.
    Binary(Bytes),
}

impl Piece {
    /// Decodes one packet. A WebSocket's text that starts with `b` is decoded here, too: clients may be told to avoid
    /// binary frames (`forceBase64`).
    ///
    /// # Errors
    ///
    /// If the packet is empty, or its base64 is malformed.
    pub fn decode(packet: &str) -> Result<Self, PayloadError> {
        match packet.strip_prefix('b') {
            Some(base64) => {
                let data = BASE64.decode(base64).map_err(|_| PayloadError::Base64)?;
                Ok(Self::Binary(data.into()))
            }
            None if packet.is_empty() => Err(PayloadError::EmptyPacket),
            None => Ok(Self::Text(packet.to_owned())),
        }
    }
}

/// The packets of a request's body, in order. After an error there are no more.
#[derive(Debug)]
pub struct Pieces {
    body: String,
    /// Where the next packet begins; none after the last one.
    at: Option<usize>,
}

impl Pieces {
    /// The packets of a body; even an empty body has one, which is malformed.
    pub fn new(body: String) -> Self {
        Self { body, at: Some(0) }
    }

    /// Whether there are no more.
    pub fn is_done(&self) -> bool {
        self.at.is_none()
    }
}

impl Iterator for Pieces {
    type Item = Result<Piece, PayloadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.body.get(self.at?..)?;
        let (packet, next) = match rest.split_once(SEPARATOR) {
            Some((packet, rest)) => (packet, Some(self.body.len() - rest.len())),
            None => (rest, None),
        };
        let piece = Piece::decode(packet);
        self.at = next.filter(|_| piece.is_ok());
        Some(piece)
    }
}

/// Why a body is no Engine.IO payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// There is nothing between two separators.
    #[error("empty packet")]
    EmptyPacket,
    /// A binary message is not base64.
    #[error("malformed base64")]
    Base64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn binary(data: &'static [u8]) -> Piece {
        Piece::Binary(Bytes::from_static(data))
    }

    /// The example of the protocol document.
    #[test]
    fn encodes() {
        let mut message = Frame::message_buffer(5);
        message.push_str("hello");
        let frames = [Frame::from_message(message), Frame::ping(), Frame::Binary(Bytes::from_static(&[1, 2, 3, 4]))];
        assert_eq!(encode(&frames), "4hello\u{1e}2\u{1e}bAQIDBA==");
        assert_eq!(encode(&frames[..1]), "4hello");
        assert_eq!(encode(&[]), "");
    }

    fn decode(body: &str) -> Result<Vec<Piece>, PayloadError> {
        Pieces::new(body.to_owned()).collect()
    }

    #[test]
    fn decodes() {
        assert_eq!(decode("4hello\u{1e}2\u{1e}bAQIDBA=="), Ok(vec![text("4hello"), text("2"), binary(&[1, 2, 3, 4])]));
        assert_eq!(decode("bAQIDBA"), Ok(vec![binary(&[1, 2, 3, 4])]));
        assert_eq!(decode("b"), Ok(vec![binary(&[])]));
        assert_eq!(decode("anything"), Ok(vec![text("anything")]));
    }

    #[test]
    fn refuses() {
        assert_eq!(decode(""), Err(PayloadError::EmptyPacket));
        assert_eq!(decode("4a\u{1e}"), Err(PayloadError::EmptyPacket));
        assert_eq!(decode("\u{1e}4a"), Err(PayloadError::EmptyPacket));
        assert_eq!(decode("b!"), Err(PayloadError::Base64));
    }

    #[test]
    fn packets_before_a_malformed_one_are_handled_and_none_after() {
        let all: Vec<_> = Pieces::new("4a\u{1e}b!\u{1e}4b".to_owned()).collect();
        assert_eq!(all, [Ok(text("4a")), Err(PayloadError::Base64)]);
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            "[0-6][^\u{1e}]*".prop_map(Piece::Text),
            any::<Vec<u8>>().prop_map(|data| Piece::Binary(data.into())),
        ]
    }

    proptest! {
        #[test]
        fn round_trip(pieces in prop::collection::vec(piece(), 1..20)) {
            let frames: Vec<_> = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => Frame::Text(text.clone().into()),
                    Piece::Binary(data) => Frame::Binary(data.clone()),
                })
                .collect();
            let body = encode(&frames);
            prop_assert_eq!(body.len(), frames.iter().map(encoded_len).sum::<usize>() + frames.len() - 1);
            prop_assert_eq!(decode(std::str::from_utf8(&body).unwrap()), Ok(pieces));
        }

        #[test]
        fn decodes_any_text(body in "[0-6b=A-D\u{1e}é]*") {
            let packets = body.split(SEPARATOR).count();
            prop_assert!(Pieces::new(body).count() <= packets);
        }
    }
}
