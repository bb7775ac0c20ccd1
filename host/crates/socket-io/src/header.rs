//! The header of a packet: everything before its payload.

use crate::error::DecodeError;

/// The largest id that every client can count to: JavaScript's `Number.MAX_SAFE_INTEGER`.
const MAX_ID: u64 = (1 << 53) - 1;

/// The parts of a packet's text, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub kind: PacketKind,
    /// Number of attachments that follow: at least one for the binary types, else none.
    pub attachments: usize,
    pub namespace: &'a str,
    pub id: Option<u64>,
    /// Unparsed; empty if there is none.
    pub payload: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PacketKind {
    Connect,
    Disconnect,
    /// EVENT and BINARY_EVENT.
    Event,
    /// ACK and BINARY_ACK.
    Ack,
}

impl<'a> Header<'a> {
    pub(crate) fn parse(text: &'a str, max_attachments: usize) -> Result<Self, DecodeError> {
        let mut chars = text.chars();
        let (kind, binary) = match chars.next() {
            Some('0') => (PacketKind::Connect, false),
            Some('1') => (PacketKind::Disconnect, false),
            Some('2') => (PacketKind::Event, false),
            Some('3') => (PacketKind::Ack, false),
            Some('4') => return Err(DecodeError::ConnectError),
            Some('5') => (PacketKind::Event, true),
            Some('6') => (PacketKind::Ack, true),
            _ => return Err(DecodeError::UnknownType),
        };
        let rest = chars.as_str();
        let (attachments, rest) = if binary { attachments(rest, max_attachments)? } else { (0, rest) };
        let (namespace, rest) = namespace(rest);
        let (id, payload) = id(rest)?;
        // The reference's parser takes white space for the id 0, and would acknowledge it.
        if kind == PacketKind::Event && id.is_none() && payload.starts_with(char::is_whitespace) {
            return Err(DecodeError::Id);
        }
        Ok(Self { kind, attachments, namespace, id, payload })
    }
}

fn attachments(text: &str, max: usize) -> Result<(usize, &str), DecodeError> {
    let (count, rest) = split_digits(text);
    let rest = rest.strip_prefix('-').ok_or(DecodeError::AttachmentCount)?;
    match count.parse() {
        Ok(0) | Err(_) => Err(DecodeError::AttachmentCount),
        Ok(count) if count > max => Err(DecodeError::TooManyAttachments),
        Ok(count) => Ok((count, rest)),
    }
}

/// Splits off the namespace. Without a comma, everything is the namespace.
fn namespace(text: &str) -> (&str, &str) {
    match text.starts_with('/') {
        true => text.split_once(',').unwrap_or((text, "")),
        false => ("/", text),
    }
}

fn id(text: &str) -> Result<(Option<u64>, &str), DecodeError> {
    match split_digits(text) {
        ("", rest) => Ok((None, rest)),
        (digits, rest) => match digits.parse() {
            Ok(id) if id <= MAX_ID => Ok((Some(id), rest)),
            _ => Err(DecodeError::Id),
        },
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(PacketKind, usize, &str, Option<u64>, &str), DecodeError> {
        let Header { kind, attachments, namespace, id, payload } = Header::parse(text, 10)?;
        Ok((kind, attachments, namespace, id, payload))
    }

    #[test]
    fn parts() {
        assert_eq!(parse("0"), Ok((PacketKind::Connect, 0, "/", None, "")));
        assert_eq!(parse("1/chat,"), Ok((PacketKind::Disconnect, 0, "/chat", None, "")));
        assert_eq!(parse("2/chat,12[1,2]"), Ok((PacketKind::Event, 0, "/chat", Some(12), "[1,2]")));
        assert_eq!(parse("52-/a,[,]"), Ok((PacketKind::Event, 2, "/a", None, "[,]")));
        assert_eq!(parse("610-3x"), Ok((PacketKind::Ack, 10, "/", Some(3), "x")));
        assert_eq!(parse("2/no comma[]"), Ok((PacketKind::Event, 0, "/no comma[]", None, "")));
    }

    #[test]
    fn numbers_are_bounded() {
        assert_eq!(parse("39007199254740991"), Ok((PacketKind::Ack, 0, "/", Some(MAX_ID), "")));
        assert_eq!(parse("39007199254740992"), Err(DecodeError::Id));
        assert_eq!(parse("399999999999999999999"), Err(DecodeError::Id));
        assert_eq!(parse("2 [\"a\"]"), Err(DecodeError::Id));
        assert_eq!(parse("2/chat,\t[\"a\"]"), Err(DecodeError::Id));
        assert_eq!(parse("511-"), Err(DecodeError::TooManyAttachments));
        assert_eq!(parse("50-"), Err(DecodeError::AttachmentCount));
        assert_eq!(parse("599999999999999999999-"), Err(DecodeError::AttachmentCount));
        assert_eq!(parse("5²-"), Err(DecodeError::AttachmentCount));
        assert_eq!(parse("5+1-"), Err(DecodeError::AttachmentCount));
    }
}
