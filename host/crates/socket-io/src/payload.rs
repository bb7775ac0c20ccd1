//! The arguments of an event or of an acknowledgement.

use bytes::Bytes;

/// Arguments in the form that they have on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Text of a JSON array; attachments stand in it as `{"_placeholder":true,"num":N}`.
    pub json: String,
    /// The attachments, by their number.
    pub attachments: Vec<Bytes>,
}

impl Payload {
    /// An array without elements.
    pub fn empty() -> Self {
        Self { json: "[]".to_owned(), attachments: Vec::new() }
    }

    /// Bytes that the payload takes, attachments included.
    pub fn size(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }
}
