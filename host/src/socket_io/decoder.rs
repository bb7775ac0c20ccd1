//! Decodes what a client sends: the "Packet encoding" section of the protocol, revision 5, with binary reassembly.
//!
//! One packet, its attachments included, is bounded in bytes and in attachments; beyond that it is an error, as
//! everything malformed is, and the session has to be closed.

use std::borrow::Cow;

use bytes::Bytes;

use super::header::{Header, Kind};
use super::packet::{Body, Packet, is_reserved};
use super::payload::Payload;
use super::{json, placeholders};

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
    /// See [`DecodeError`]; the decoder is of no use afterwards.
    pub fn text<'a>(&mut self, text: &'a str) -> Result<Option<Packet<'a>>, DecodeError> {
        if self.is_partial() {
            return Err(DecodeError::AttachmentsDue);
        }
        let room = self.max_bytes.checked_sub(text.len()).ok_or(DecodeError::TooLarge)?;
        let Header { kind, attachments, namespace, id, payload } = Header::parse(text, self.max_attachments)?;
        let whole = |body| Ok(Some(Packet { namespace: Cow::Borrowed(namespace), body }));

        let (call, json) = match kind {
            Kind::Connect if payload.is_empty() => return whole(Body::Connect { auth: None }),
            Kind::Connect => return whole(Body::Connect { auth: Some(json::object(payload)?.to_owned()) }),
            Kind::Disconnect if payload.is_empty() => return whole(Body::Disconnect),
            Kind::Disconnect => return Err(DecodeError::Payload),
            Kind::Event => {
                let (name, arguments) = json::event(payload)?;
                if is_reserved(&name) {
                    return Err(DecodeError::ReservedName);
                }
                (Call::Event { name, ack: id }, arguments)
            }
            Kind::Ack => {
                // The reference takes a missing payload for an empty one.
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
    /// See [`DecodeError`]; the decoder is of no use afterwards.
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
    /// With the attachments that have arrived.
    payload: Payload,
    /// How many it must have.
    attachments: usize,
    /// Bytes that those to come may take.
    room: usize,
}

/// The packets that have arguments, without them.
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

/// What is wrong with what a client sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("unknown packet type")]
    UnknownType,
    #[error("a client may not send CONNECT_ERROR")]
    ConnectError,
    #[error("illegal number of attachments")]
    AttachmentCount,
    #[error("too many attachments")]
    TooManyAttachments,
    #[error("packet too large")]
    TooLarge,
    #[error("illegal or missing acknowledgement id")]
    Id,
    #[error("invalid payload")]
    Payload,
    #[error("reserved event name")]
    ReservedName,
    #[error("placeholder of an attachment that is not there")]
    Placeholder,
    #[error("text where an attachment is due")]
    AttachmentsDue,
    #[error("attachment where none is due")]
    UnexpectedBinary,
}
