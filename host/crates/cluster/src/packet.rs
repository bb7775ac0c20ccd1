//! An event's packet: `{type, data: [event, …], nsp}`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::event::push_event;
use crate::json::push_string;
use crate::msgpack::{Head, Reader, Writer, write_event};
use crate::options::Text;

/// Packet types of the protocol: an event, and one with attachments, which old emitters tell apart.
const EVENT: u64 = 2;
const BINARY_EVENT: u64 = 5;

/// Appends an event's packet. `arguments` is the text of a JSON array.
pub(crate) fn push_packet(out: &mut String, event: &str, arguments: &str, namespace: Option<&str>) {
    out.push_str("{\"type\":2,\"data\":");
    push_event(out, event, arguments);
    if let Some(namespace) = namespace {
        out.push_str(",\"nsp\":");
        push_string(out, namespace);
    }
    out.push('}');
}

/// The same in msgpack.
pub(crate) fn pack(
    out: &mut Writer,
    event: &str,
    payload: &Payload,
    namespace: &str,
    bounds: &Bounds,
) -> Result<(), WireError> {
    out.map(3);
    out.text("type");
    out.unsigned(EVENT);
    out.text("data");
    write_event(out, event, payload, bounds)?;
    out.text("nsp");
    out.text(namespace);
    Ok(())
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
