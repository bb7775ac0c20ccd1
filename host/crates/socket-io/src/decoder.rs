//! Decodes what a client sends: the "Packet encoding" section of the protocol, revision 5, with binary reassembly.
//!
//! One packet, its attachments included, is bounded in bytes and in attachments; beyond that it is an error, like
//! anything malformed, and the session has to be closed.

use std::borrow::Cow;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::header::{Header, PacketKind};
use crate::packet::{Body, Packet, is_reserved};
use crate::payload::Payload;
use crate::{json, placeholders};

/// Decodes the packets of one session. Holds a packet while its attachments are due.
#[derive(Debug)]
pub struct Decoder {
    max_bytes: usize,
    max_attachments: usize,
    partial: Option<Partial>,
}

impl Decoder {
    /// A packet may have `max_bytes` bytes, text and attachments together, and `max_attachments` attachments.
    pub fn new(max_bytes: usize, max_attachments: usize) -> Self {
        Self { max_bytes, max_attachments, partial: None }
    }

    /// Decodes a text message: a packet, or none while its attachments are due.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`]; the decoder must not be used afterwards.
    pub fn text<'a>(&mut self, text: &'a str) -> Result<Option<Packet<'a>>, DecodeError> {
        if self.is_partial() {
            return Err(DecodeError::AttachmentsDue);
        }
        let room = self.max_bytes.checked_sub(text.len()).ok_or(DecodeError::TooLarge)?;
        let Header { kind, attachments, namespace, id, payload } = Header::parse(text, self.max_attachments)?;
        let whole = |body| Ok(Some(Packet { namespace: Cow::Borrowed(namespace), body }));

        let (call, json) = match kind {
            PacketKind::Connect if payload.is_empty() => return whole(Body::Connect { auth: None }),
            PacketKind::Connect => return whole(Body::Connect { auth: Some(json::object(payload)?.to_owned()) }),
            PacketKind::Disconnect if payload.is_empty() => return whole(Body::Disconnect),
            PacketKind::Disconnect => return Err(DecodeError::Payload),
            PacketKind::Event => {
                let (name, arguments) = json::event(payload)?;
                if is_reserved(&name) {
                    return Err(DecodeError::ReservedName);
                }
                (Call::Event { name, ack: id }, arguments)
            }
            PacketKind::Ack => {
                // The reference server treats a missing payload as an empty one.
                let arguments = if payload.is_empty() { "[]" } else { json::array(payload)? };
                (Call::Ack { id: id.ok_or(DecodeError::Id)? }, arguments.to_owned())
            }
        };
        let payload = Payload { json, attachments: Vec::new() };
        if attachments == 0 {
            return whole(call.into_body(payload));
        }
        placeholders::check(&payload.json, attachments)?;
        self.partial = Some(Partial { namespace: namespace.to_owned(), call, payload, attachments, room });
        Ok(None)
    }

    /// Takes an attachment: the packet if it was the last one, none while others are due.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`]; the decoder must not be used afterwards.
    pub fn binary(&mut self, data: Bytes) -> Result<Option<Packet<'static>>, DecodeError> {
        let mut partial = self.partial.take().ok_or(DecodeError::UnexpectedBinary)?;
        partial.room = partial.room.checked_sub(data.len()).ok_or(DecodeError::TooLarge)?;
        partial.payload.attachments.push(data);
        if partial.payload.attachments.len() < partial.attachments {
            self.partial = Some(partial);
            return Ok(None);
        }
        let Partial { namespace, call, payload, .. } = partial;
        Ok(Some(Packet { namespace: Cow::Owned(namespace), body: call.into_body(payload) }))
    }

    /// Bytes of the packet whose attachments are due.
    pub fn held(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| self.max_bytes - partial.room)
    }

    /// Whether attachments are due.
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }
}

/// A packet whose attachments are due.
#[derive(Debug)]
struct Partial {
    namespace: String,
    call: Call,
    /// The payload with the attachments that have arrived.
    payload: Payload,
    /// Number of attachments that it must have.
    attachments: usize,
    /// Most bytes that the missing attachments may have.
    room: usize,
}

/// A packet that has arguments, but without the arguments themselves.
#[derive(Debug)]
enum Call {
    Event { name: String, ack: Option<u64> },
    Ack { id: u64 },
}

impl Call {
    fn into_body(self, payload: Payload) -> Body {
        match self {
            Self::Event { name, ack } => Body::Event { name, payload, ack },
            Self::Ack { id } => Body::Ack { id, payload },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::packet::{write_ack, write_event};
    use super::*;

    const TWO: &str = r#"52-/chat,7["a",{"_placeholder":true,"num":1}, {"_placeholder":true,"num":0}]"#;

    fn event(text: &str) -> Result<(String, String), DecodeError> {
        match Decoder::new(1_000_000, 10).text(text)? {
            Some(Packet { body: Body::Event { name, payload, .. }, .. }) => Ok((name, payload.json)),
            other => panic!("an event is expected, not {other:?}"),
        }
    }

    #[test]
    fn attachments_complete_a_packet() {
        let mut decoder = Decoder::new(1000, 10);
        assert_eq!(decoder.text(TWO), Ok(None));
        assert!(decoder.is_partial());
        assert_eq!(decoder.binary(Bytes::from_static(b"x")), Ok(None));
        let packet = decoder.binary(Bytes::from_static(b"")).unwrap().unwrap();
        assert!(!decoder.is_partial());
        assert_eq!(packet.namespace, "/chat");
        let json = r#"[{"_placeholder":true,"num":1}, {"_placeholder":true,"num":0}]"#.to_owned();
        let payload = Payload { json, attachments: vec![Bytes::from_static(b"x"), Bytes::new()] };
        assert_eq!(packet.body, Body::Event { name: "a".to_owned(), payload, ack: Some(7) });
        assert!(decoder.text("2[\"next\"]").unwrap().is_some());
    }

    #[test]
    fn messages_out_of_turn() {
        let mut decoder = Decoder::new(1000, 10);
        assert_eq!(decoder.binary(Bytes::new()), Err(DecodeError::UnexpectedBinary));
        assert_eq!(decoder.text(TWO), Ok(None));
        assert_eq!(decoder.text("2[\"a\"]"), Err(DecodeError::AttachmentsDue));
    }

    #[test]
    fn a_packet_is_bounded_as_a_whole() {
        assert_eq!(Decoder::new(6, 10).text(r#"2["ab"]"#), Err(DecodeError::TooLarge));
        assert!(Decoder::new(7, 10).text(r#"2["ab"]"#).is_ok());

        let mut decoder = Decoder::new(TWO.len() + 5, 2);
        assert_eq!(decoder.text(TWO), Ok(None));
        assert_eq!(decoder.binary(Bytes::from_static(b"abc")), Ok(None));
        assert_eq!(decoder.binary(Bytes::from_static(b"def")), Err(DecodeError::TooLarge));
        assert!(!decoder.is_partial());

        assert_eq!(Decoder::new(1000, 1).text(TWO), Err(DecodeError::TooManyAttachments));
    }

    /// Cases that the table of the reference's outcomes does not show.
    #[test]
    fn text_is_kept() {
        assert_eq!(event(r#"2["a", 1.0,"\u0061"]"#), Ok(("a".to_owned(), r#"[ 1.0,"\u0061"]"#.to_owned())));
        assert_eq!(event(r#"2["a",1e999,"\ud800"]"#), Ok(("a".to_owned(), r#"[1e999,"\ud800"]"#.to_owned())));
        assert_eq!(event("2[1.0]"), Ok(("1.0".to_owned(), "[]".to_owned())));
        let auth = Decoder::new(1000, 10).text("0 {\"a\" : 1.0} ").unwrap().unwrap();
        assert_eq!(auth.body, Body::Connect { auth: Some("{\"a\" : 1.0}".to_owned()) });
        assert!(Decoder::new(1000, 10).text(r#"51-["a","\ud800",1e999]"#).is_ok());
    }

    fn payload() -> impl Strategy<Value = Payload> {
        (any::<Vec<String>>(), prop::collection::vec(any::<Vec<u8>>(), 0..4)).prop_map(|(texts, attachments)| {
            let placeholders =
                (0..attachments.len()).map(|num| serde_json::json!({ "_placeholder": true, "num": num }));
            let arguments = texts.into_iter().map(serde_json::Value::from).chain(placeholders);
            Payload {
                json: serde_json::Value::from_iter(arguments).to_string(),
                attachments: attachments.into_iter().map(Bytes::from).collect(),
            }
        })
    }

    fn decode(text: &str, attachments: &[Bytes]) -> Packet<'static> {
        let mut decoder = Decoder::new(1_000_000, 10);
        let mut packet = decoder
            .text(text)
            .unwrap()
            .map(|Packet { namespace, body }| Packet { namespace: Cow::Owned(namespace.into_owned()), body });
        for attachment in attachments {
            assert_eq!(packet, None);
            packet = decoder.binary(attachment.clone()).unwrap();
        }
        packet.unwrap()
    }

    proptest! {
        #[test]
        fn reads_what_is_written(
            namespace in "/[^,]*",
            name in any::<String>(),
            id in prop::option::of(0..1u64 << 53),
            payload in payload(),
        ) {
            prop_assume!(!is_reserved(&name));
            let mut text = String::new();
            write_event(&mut text, &namespace, id, &name, &payload, None);
            let body = Body::Event { name, payload: payload.clone(), ack: id };
            prop_assert_eq!(decode(&text, &payload.attachments), Packet { namespace: namespace.clone().into(), body });

            let id = id.unwrap_or(0);
            text.clear();
            write_ack(&mut text, &namespace, id, &payload);
            let body = Body::Ack { id, payload: payload.clone() };
            prop_assert_eq!(decode(&text, &payload.attachments), Packet { namespace: namespace.into(), body });
        }

        #[test]
        fn decodes_any_text(text in "[0-6][0-9]{0,2}-?(/é,)?[0-9]{0,20}[\\[\\]{}\",:\\\\aé0 ]*") {
            let _ = Decoder::new(1000, 10).text(&text);
        }

        #[test]
        fn decodes_any_unicode(text in any::<String>()) {
            let _ = Decoder::new(1000, 10).text(&text);
        }
    }
}
