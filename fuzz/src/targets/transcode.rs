//! Messages of other nodes: JSON text with attachments to msgpack and back, and every reader of the bus's formats.
//!
//! The first byte of the input says what the rest is: bytes, or a text and its number of attachments.

use bytes::Bytes;
use cluster::pubsub::{Broadcast, Request, Response};
use cluster::streams::{Entry, Message, Session};
use cluster::{Bounds, WireError, from_msgpack, to_msgpack};
use serde_json::Value;
use serde_json::value::RawValue;
use socket_io::Payload;

const BOUNDS: Bounds = Bounds { bytes: 10_000, depth: 64, attachments: 8 };

/// Checks that texts and bytes are refused, or survive the way there and back.
pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    if *kind >= 128 {
        message(&Bytes::copy_from_slice(rest));
    } else if let Ok(json) = str::from_utf8(rest) {
        text(json, usize::from(*kind) % 8);
        message(&Bytes::copy_from_slice(rest));
    }
}

/// JSON text comes back with the same value; other text is an error.
fn text(json: &str, attachments: usize) {
    let attachments = (0..attachments).map(|num| Bytes::from(vec![0; num * 40])).collect();
    let payload = Payload { json: json.to_owned(), attachments };
    let is_json = serde_json::from_str::<&RawValue>(json).is_ok();
    let message = match to_msgpack(&payload, &BOUNDS) {
        Ok(bytes) => Bytes::from(bytes),
        Err(WireError::Json) => return assert!(!is_json, "refused: {json}"),
        Err(_) => return,
    };
    assert!(is_json, "taken: {json}");
    let Some(back) = roundtrip(&message) else { return };
    if payload.attachments.is_empty()
        && let (Ok(before), Ok(after)) = (json.parse(), back.json.parse())
    {
        assert!(same(&before, &after), "{json} is {}", back.json);
    }
}

/// Bytes that can be read are valid text within bounds, and stay the same when they are written and read again.
fn message(bytes: &Bytes) {
    let _ = roundtrip(bytes);
    pubsub(bytes);
    streams(bytes);
}

/// What can be read can be written, unless it gets too large, and reads the same again.
fn pubsub(bytes: &Bytes) {
    if let Ok(broadcast) = Broadcast::look(bytes, &BOUNDS)
        && let Ok((event, payload)) = broadcast.event(&BOUNDS)
        && let Broadcast { uid, namespace, options, .. } = &broadcast
        && let Ok(written) = Broadcast::encode(uid, namespace, options, &event, &payload, &BOUNDS)
    {
        let written = Bytes::from(written);
        let again = Broadcast::look(&written, &BOUNDS).expect("it was written here");
        assert_eq!((&again.uid, &again.namespace, &again.options), (uid, namespace, options));
        // Data that looks like a placeholder is an attachment now.
        assert_eq!(again.event(&BOUNDS).map(|(event, _)| event).as_ref().unwrap_or(&event), &event);
    }
    if let Ok(request) = Request::decode(bytes, "/", &BOUNDS)
        && let Ok(written) = request.encode("/", &BOUNDS)
        && let Ok(again) = Request::decode(&written.into(), "/", &BOUNDS)
    {
        assert_eq!((again.uid, again.id), (request.uid, request.id));
    }
    if let Ok(Some(response)) = Response::decode(bytes, |_| true, &BOUNDS) {
        let _ = response.encode(&BOUNDS);
    }
}

fn streams(bytes: &Bytes) {
    if let Ok(message) = Message::decode(bytes, &BOUNDS)
        && let Ok(written) = message.encode(&BOUNDS)
        && let Ok(again) = Message::decode(&written.into(), &BOUNDS)
    {
        assert_eq!((again.uid, again.namespace), (message.uid, message.namespace));
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    if let Ok(session) = Session::decode(text, &BOUNDS)
        && let Ok(written) = session.encode(&BOUNDS)
    {
        let Ok(again) = Session::decode(&written, &BOUNDS) else { return };
        assert_eq!((again.sid, again.pid, again.rooms), (session.sid, session.pid, session.rooms));
    }
    for kind in ["3", "4", "6", "7", "8", "9", "10", "11", "12"] {
        let fields = [("uid", "u"), ("nsp", "/"), ("type", kind), ("data", text)];
        let fields = fields.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let Ok(entry) = Entry::from_fields(fields, &BOUNDS) else { return };
        if let Ok(body) = entry.body(&BOUNDS) {
            let _ = entry.options(&BOUNDS);
            let _ = Entry::encode("u", "/", &body, &BOUNDS);
        }
    }
}

fn roundtrip(bytes: &Bytes) -> Option<Payload> {
    let first = check(from_msgpack(bytes, &BOUNDS).ok()?);
    // What looks like a placeholder, but is data, becomes an attachment here.
    let second = check(from_msgpack(&to_msgpack(&first, &BOUNDS).ok()?.into(), &BOUNDS).ok()?);
    if let Ok(again) = to_msgpack(&second, &BOUNDS) {
        let third = from_msgpack(&again.into(), &BOUNDS).expect("it was read before");
        assert_eq!(second, third);
    }
    Some(first)
}

fn check(payload: Payload) -> Payload {
    let Payload { json, attachments } = &payload;
    assert!(serde_json::from_str::<&RawValue>(json).is_ok(), "no JSON: {json}");
    assert!(attachments.len() <= BOUNDS.attachments);
    let size = json.len() + attachments.iter().map(Bytes::len).sum::<usize>();
    assert!(size <= BOUNDS.bytes + BOUNDS.depth, "{size} bytes");
    if !attachments.is_empty() {
        socket_io::check_placeholders(json, attachments.len()).expect("placeholders have attachments");
    }
    payload
}

/// Whether two values are equal. Integers that do not fit in 64 bits are doubles, whose text not every reader rounds
/// alike.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other
                || matches!((one.as_f64(), other.as_f64()), (Some(one), Some(other)) if (one - other).abs() <= one.abs() * 1e-15)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}
