//! An event's packet: `{type, data: [event, …], nsp}`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bounds::WireError;
use crate::event::push_event;
use crate::msgpack::{Head, Reader};
use crate::object::Object;
use crate::options::Text;

/// Packet types of the protocol: an event, and one with attachments, which old emitters tell apart.
const EVENT: u64 = 2;
const BINARY_EVENT: u64 = 5;

/// An event's packet. `arguments` is the text of a JSON array.
pub(crate) fn packet_json(event: &str, arguments: &str, namespace: Option<&str>) -> String {
    let mut packet = Object::default();
    packet.number("type", EVENT);
    push_event(packet.member("data"), event, arguments);
    if let Some(namespace) = namespace {
        packet.text("nsp", namespace);
    }
    packet.end()
}

fn is_event(kind: u64) -> bool {
    matches!(kind, EVENT | BINARY_EVENT)
}

/// An event's packet in msgpack: its namespace and its data. Without a namespace it is for `/`.
pub(crate) fn unpack(value: &[u8]) -> Result<(Cow<'_, str>, &[u8]), WireError> {
    let mut reader = Reader::new(value);
    let Head::Map(members) = reader.head()? else { return Err(WireError::Member("packet")) };
    let (mut namespace, mut data) = (Cow::Borrowed("/"), None);
    for _ in 0..members {
        let (key, value) = reader.member()?;
        match key.as_deref() {
            Some("type") if !matches!(Reader::new(value).head()?, Head::Unsigned(kind) if is_event(kind)) => {
                return Err(WireError::UnknownType);
            }
            Some("data") => data = Some(value),
            Some("nsp") => namespace = Reader::new(value).head()?.text().ok_or(WireError::Member("namespace"))?,
            _ => {}
        }
    }
    Ok((namespace, data.ok_or(WireError::Member("event"))?))
}

/// An event's packet in JSON.
#[derive(Deserialize)]
pub(crate) struct JsonPacket<'a> {
    #[serde(rename = "type")]
    kind: Option<u64>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
    nsp: Option<Text>,
}

impl JsonPacket<'_> {
    pub(crate) fn is_event(&self) -> bool {
        self.kind.is_none_or(is_event)
    }

    /// Whether it is for a namespace. Without one it is for `/`.
    pub(crate) fn is_for(&self, namespace: &str) -> bool {
        self.nsp.as_ref().map_or("/", |Text(nsp)| nsp) == namespace
    }
}
