//! The Socket.IO decoder with binary reassembly, on a sequence of messages and with small bounds.
//!
//! The first two bytes of the input are the bounds; the rest is the sequence, written as a polling body: messages
//! between U+001E, `b` and base64 for a binary one.

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::reference;
use engine_io::payload::{Piece, Pieces};
use socket_io::{Body, DecodeError, Decoder, Packet, Payload, is_reserved, write_ack, write_event};

/// The largest acknowledgement id.
const MAX_ID: u64 = (1 << 53) - 1;

/// Feeds a decoder until it finds an error, as a session does.
pub fn run(data: &[u8]) {
    let [bytes, attachments, messages @ ..] = data else { return };
    let bounds = Bounds { bytes: usize::from(*bytes) * 4, attachments: usize::from(*attachments) % 8 };
    let mut decoder = Decoder::new(bounds.bytes, bounds.attachments);
    let mut sent: Option<Sent> = None;
    for piece in Pieces::new(String::from_utf8_lossy(messages).into_owned()).map_while(Result::ok) {
        let due = sent.is_some();
        assert_eq!(decoder.is_partial(), due);
        let result = match piece {
            Piece::Text(text) => {
                let result = decoder.text(&text).map(owned);
                assert_eq!(result == Err(DecodeError::AttachmentsDue), due);
                sent = Some(Sent { text, attachments: Vec::new() });
                result
            }
            Piece::Binary(data) => {
                let result = decoder.binary(data.clone());
                assert_eq!(result == Err(DecodeError::UnexpectedBinary), !due);
                sent.iter_mut().for_each(|sent| sent.attachments.push(data.clone()));
                result
            }
        };
        match result {
            Ok(None) => {}
            Ok(Some(packet)) => sent.take().expect("a text came first").check(packet, &bounds),
            Err(_) => return,
        }
    }
}

struct Bounds {
    bytes: usize,
    attachments: usize,
}

/// The messages of one packet.
struct Sent {
    text: String,
    attachments: Vec<Bytes>,
}

impl Sent {
    fn check(&self, packet: Packet<'_>, bounds: &Bounds) {
        let size = self.text.len() + self.attachments.iter().map(Bytes::len).sum::<usize>();
        assert!(size <= bounds.bytes && self.attachments.len() <= bounds.attachments);
        let parts = reference::parts(&self.text).expect("the reference takes what the host takes");
        assert_eq!(packet.namespace, parts.namespace);
        assert_eq!(self.attachments.len(), parts.attachments);
        match &packet.body {
            Body::Connect { auth } => {
                assert_eq!(parts.kind, 0);
                assert_eq!(auth.is_none(), parts.payload.is_empty());
                if let Some(auth) = auth {
                    assert!(is_json(auth) && auth.starts_with('{'));
                    assert_eq!(values(auth), values(parts.payload));
                }
            }
            Body::Disconnect => assert_eq!((parts.kind, parts.payload), (1, "")),
            Body::Event { name, payload, ack } => {
                assert!(parts.kind == 2 || parts.kind == 5);
                assert_eq!(*ack, parts.id);
                assert!(!is_reserved(name) && name.len() + payload.json.len() <= self.text.len());
                self.check_payload(payload);
                check_event(name, payload, parts.payload);
            }
            Body::Ack { id, payload } => {
                assert!(parts.kind == 3 || parts.kind == 6);
                assert_eq!(Some(*id), parts.id);
                self.check_payload(payload);
                let want = if parts.payload.is_empty() { "[]" } else { parts.payload };
                assert_eq!(values(&payload.json), values(want));
            }
        }
        check_written(&packet);
    }

    fn check_payload(&self, payload: &Payload) {
        assert!(is_json(&payload.json) && payload.json.starts_with('['), "{}", payload.json);
        assert_eq!(payload.attachments, self.attachments);
    }
}

/// An event's name and arguments are the array that was sent, where JSON values can hold that.
fn check_event(name: &str, payload: &Payload, sent: &str) {
    let Some(Value::Array(sent)) = values(sent) else { return };
    let Some(Value::Array(arguments)) = values(&payload.json) else { panic!("arguments lost: {}", payload.json) };
    match sent.split_first() {
        Some((Value::String(first), rest)) => assert!(first == name && rest == arguments),
        Some((Value::Number(_), rest)) => {
            assert!(values(name).is_some_and(|name| name.is_number()) && rest == arguments)
        }
        _ => panic!("an event without a name was taken"),
    }
}

/// What the host would send for an event or acknowledgement reads as the same.
fn check_written(packet: &Packet<'_>) {
    let mut text = String::new();
    let payload = match &packet.body {
        Body::Event { name, payload, ack } => {
            assert!(ack.is_none_or(|ack| ack <= MAX_ID));
            write_event(&mut text, &packet.namespace, *ack, name, payload, None);
            payload
        }
        Body::Ack { id, payload } => {
            assert!(*id <= MAX_ID);
            write_ack(&mut text, &packet.namespace, *id, payload);
            payload
        }
        Body::Connect { .. } | Body::Disconnect => return,
    };
    let mut decoder = Decoder::new(usize::MAX, usize::MAX);
    let mut read = decoder.text(&text).map(owned).expect("what is written can be read");
    for attachment in &payload.attachments {
        assert_eq!(read, None);
        read = decoder.binary(attachment.clone()).expect("so can its attachments");
    }
    assert_eq!(read.as_ref(), Some(packet));
}

fn owned(packet: Option<Packet<'_>>) -> Option<Packet<'static>> {
    packet.map(|Packet { namespace, body }| Packet { namespace: namespace.into_owned().into(), body })
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// None for what values cannot hold: lone surrogates, numbers beyond a double's range, great depth.
fn values(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}
