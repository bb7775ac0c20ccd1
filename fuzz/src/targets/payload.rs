//! The Engine.IO decoders: the body of a polling request, its packets, base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use engine_io::packet::{Frame, Packet};
use engine_io::payload::{PayloadError, Piece, Pieces, encode, encoded_len};

const SEPARATOR: char = '\u{1e}';

/// Reads bytes as the body of a POST, which the server makes UTF-8 first.
pub fn run(data: &[u8]) {
    let body = String::from_utf8_lossy(data).into_owned();
    let mut packets = body.split(SEPARATOR);
    let mut pieces = Pieces::new(body.clone());
    let mut good = Vec::new();
    for piece in pieces.by_ref() {
        let packet = packets.next().expect("no more pieces than packets");
        match piece {
            Ok(piece) => {
                check(packet, &piece);
                good.push(piece);
            }
            Err(PayloadError::EmptyPacket) => assert!(packet.is_empty()),
            Err(PayloadError::Base64) => assert!(packet.starts_with('b')),
        }
    }
    assert!(pieces.is_done() && pieces.next().is_none(), "nothing follows the end or an error");
    if !good.is_empty() {
        round_trip(good);
    }
}

fn check(packet: &str, piece: &Piece) {
    match piece {
        Piece::Text(text) => {
            assert_eq!(text, packet);
            let known = text.starts_with(['0', '1', '2', '3', '4', '5', '6']);
            let decoded = Packet::decode(text);
            assert_eq!(decoded.is_ok(), known);
            if let Ok(Packet::Message(data) | Packet::Ping(data) | Packet::Pong(data)) = decoded {
                assert_eq!(data, &text[1..]);
            }
        }
        Piece::Binary(data) => {
            let digits = packet[1..].trim_end_matches('=');
            assert_eq!(data.len(), digits.len() * 3 / 4);
            // Bits that make no whole byte may be anything.
            let whole = digits.len() / 4 * 4;
            assert_eq!(STANDARD_NO_PAD.encode(data)[..whole], digits[..whole]);
        }
    }
}

fn round_trip(pieces: Vec<Piece>) {
    let frame = |piece: &Piece| match piece {
        Piece::Text(text) => Frame::Text(text.clone().into()),
        Piece::Binary(data) => Frame::Binary(data.clone()),
    };
    let frames: Vec<_> = pieces.iter().map(frame).collect();
    let body = encode(&frames);
    assert_eq!(body.len(), frames.iter().map(encoded_len).sum::<usize>() + frames.len() - 1);
    let body = String::from_utf8(body.to_vec()).expect("a payload is UTF-8");
    assert_eq!(Pieces::new(body).collect::<Result<Vec<_>, _>>(), Ok(pieces));
}
