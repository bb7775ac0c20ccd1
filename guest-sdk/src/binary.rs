//! Binary data: Socket.IO sends it beside the JSON text, as attachments. Placeholders in the text refer to them.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Binary data in events and acknowledgements, alone or at any depth in other data.
///
/// An `ArrayBuffer`, `Buffer` or the like from a client arrives as `Bytes`, and `Bytes` arrive at the client as binary
/// data; nothing is converted on the way. Clones share the data.
///
/// A [`serde_json::Value`] (and so [`json!`](crate::json)) cannot hold binary data and turns it into an array of
/// numbers: put `Bytes` in a struct or a tuple. A `Vec<u8>` is an array of numbers too. [`socket.data`](crate::Data)
/// and the data of a [`ConnectError`](crate::ConnectError) cannot contain binary data: that is an error.
///
/// ```no_run
/// use guest_sdk::serde::{Deserialize, Serialize};
/// use guest_sdk::{Bytes, RealtimeNamespace};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(crate = "guest_sdk::serde")]
/// struct Upload {
///     name: String,
///     content: Bytes,
/// }
///
/// let ns = RealtimeNamespace::new("/files");
/// ns.socket().on("upload", move |upload: Upload| {
///     println!("{} has {} bytes", upload.name, upload.content.len());
///     ns.socket().to("reviewers").emit("upload", upload);
/// });
/// ns.socket().on("ping", |payload: Bytes| payload);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bytes(Arc<Vec<u8>>);

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self::from(bytes.to_vec())
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        Arc::unwrap_or_clone(bytes.0)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BytesVisitor)
    }
}

/// An attachment's placeholder in JSON text: `{"_placeholder":true,"num":N}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placeholder {
    _placeholder: bool,
    num: usize,
}

impl Placeholder {
    /// The number of its attachment.
    pub(crate) fn number(&self) -> Option<usize> {
        self._placeholder.then_some(self.num)
    }

    /// The text of the placeholder for attachment number `num`.
    pub(crate) fn json(num: usize) -> String {
        format!(r#"{{"_placeholder":true,"num":{num}}}"#)
    }
}

thread_local! {
    /// The attachments that placeholders refer to, while arguments are decoded. A thread-local, as serde has no way to
    /// pass context to `Deserialize`.
    static ATTACHMENTS: RefCell<Vec<Bytes>> = const { RefCell::new(Vec::new()) };
}

/// Makes attachments available to `Bytes::deserialize` until it is dropped.
pub(crate) struct AttachmentScope(Vec<Bytes>);

impl AttachmentScope {
    pub(crate) fn enter(attachments: &[Bytes]) -> Self {
        Self(ATTACHMENTS.replace(attachments.to_vec()))
    }
}

impl Drop for AttachmentScope {
    fn drop(&mut self) {
        ATTACHMENTS.set(mem::take(&mut self.0));
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("binary data")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Bytes, A::Error> {
        let placeholder = Placeholder::deserialize(MapAccessDeserializer::new(map))?;
        let attachment = ATTACHMENTS.with_borrow(|attachments| attachments.get(placeholder.number()?).cloned());
        attachment.ok_or_else(|| de::Error::custom("the attachment is missing"))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(bytes.into())
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(bytes.into())
    }
}
