//! Socket.IO packets as Engine.IO frames.

use engine_io::Encoded;
use engine_io::packet::Frame;
use socket_io::Payload;

/// Bytes reserved for a packet beside its payload.
const OVERHEAD: usize = 64;

pub(crate) fn connect(namespace: &str, socket_id: &str, recovery_id: Option<&str>) -> Encoded {
    one(OVERHEAD, |out| socket_io::write_connect(out, namespace, socket_id, recovery_id))
}

pub(crate) fn connect_error(namespace: &str, message: &str, data: Option<&str>) -> Encoded {
    one(OVERHEAD + message.len(), |out| socket_io::write_connect_error(out, namespace, message, data))
}

pub(crate) fn disconnect(namespace: &str) -> Encoded {
    one(OVERHEAD, |out| socket_io::write_disconnect(out, namespace))
}

pub(crate) fn event(namespace: &str, name: &str, payload: &Payload, offset: Option<&str>) -> Encoded {
    with_attachments(payload, |out| socket_io::write_event(out, namespace, None, name, payload, offset))
}

/// An event that is to be acknowledged.
pub(crate) fn question(namespace: &str, ack: u64, name: &str, payload: &Payload) -> Encoded {
    with_attachments(payload, |out| socket_io::write_event(out, namespace, Some(ack), name, payload, None))
}

pub(crate) fn ack(namespace: &str, id: u64, payload: &Payload) -> Encoded {
    with_attachments(payload, |out| socket_io::write_ack(out, namespace, id, payload))
}

fn one(capacity: usize, write: impl FnOnce(&mut String)) -> Encoded {
    Encoded::One(frame(capacity, write))
}

fn frame(capacity: usize, write: impl FnOnce(&mut String)) -> Frame {
    let mut out = Frame::message_buffer(capacity);
    write(&mut out);
    Frame::from_message(out)
}

fn with_attachments(payload: &Payload, write: impl FnOnce(&mut String)) -> Encoded {
    let text = frame(payload.json.len() + OVERHEAD, write);
    if payload.attachments.is_empty() {
        return Encoded::One(text);
    }
    let attachments = payload.attachments.iter().cloned().map(Frame::Binary);
    Encoded::Many(std::iter::once(text).chain(attachments).collect())
}
