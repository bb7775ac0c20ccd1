//! What the real packages of npm have sent (`tests/cluster/capture.mjs` writes it), for tests.

use bytes::Bytes;
use serde_json::Value;

/// A message on a channel of Redis.
pub(crate) struct Published {
    pub(crate) channel: String,
    pub(crate) message: Vec<u8>,
}

/// What was published in a format.
pub(crate) fn published(format: &str) -> Vec<Published> {
    let published = |value: &Value| Published {
        channel: value["channel"].as_str().unwrap().to_owned(),
        message: hex(value["message"].as_str().unwrap()).into(),
    };
    all()[format]["published"].as_array().unwrap().iter().map(published).collect()
}

/// Everything.
pub(crate) fn all() -> Value {
    serde_json::from_str(include_str!("captured.json")).unwrap()
}

pub(crate) fn hex(text: &str) -> Bytes {
    let digit = |index| text.get(index..index + 2).unwrap();
    (0..text.len()).step_by(2).map(|index| u8::from_str_radix(digit(index), 16).unwrap()).collect()
}
