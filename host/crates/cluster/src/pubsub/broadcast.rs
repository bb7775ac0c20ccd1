//! An event for many sockets: `[uid, {type, data: [event, …], nsp}, {rooms, except, flags}]`, in msgpack.

use std::borrow::Cow;

use bytes::Bytes;
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::msgpack::{Head, Reader, Writer, read_event};
use crate::options::Options;
use crate::packet;

/// Bytes reserved for a message beside its payload.
const ENVELOPE: usize = 128;

/// A broadcast that was received. Its event is read on request.
#[derive(Debug, Clone)]
pub struct Broadcast<'a> {
    /// The node that sent it; `emitter`, or nothing, if it was none.
    pub uid: Cow<'a, str>,
    /// The namespace.
    pub namespace: Cow<'a, str>,
    /// Which sockets it is for.
    pub options: Options<'a>,
    message: &'a Bytes,
    data: &'a [u8],
}

impl<'a> Broadcast<'a> {
    /// Looks at a broadcast without reading its event.
    ///
    /// # Errors
    ///
    /// It is not msgpack, too large, or no event.
    pub fn look(message: &'a Bytes, bounds: &Bounds) -> Result<Self, WireError> {
        if message.len() > bounds.bytes {
            return Err(WireError::TooLarge);
        }
        let mut reader = Reader::new(message);
        let Head::Array(parts @ 2..) = reader.head()? else { return Err(WireError::Member("packet")) };
        let uid = Reader::new(reader.value()?).head()?.text().unwrap_or_default();
        let (namespace, data) = packet::unpack(reader.value()?)?;
        let options = if parts > 2 { Options::unpack(reader.value()?)? } else { Options::default() };
        for _ in 3..parts {
            reader.value()?;
        }
        if !reader.is_empty() {
            return Err(WireError::Msgpack);
        }
        Ok(Self { uid, namespace, options, message, data })
    }

    /// The event's name and arguments.
    ///
    /// # Errors
    ///
    /// It has no name or a reserved one, or a bound is exceeded.
    pub fn event(&self, bounds: &Bounds) -> Result<(String, Payload), WireError> {
        read_event(self.message, self.data, bounds)
    }

    /// A broadcast that is to be sent.
    ///
    /// # Errors
    ///
    /// A bound is exceeded, or the payload is not valid.
    pub fn encode(
        uid: &str,
        namespace: &str,
        options: &Options<'_>,
        event: &str,
        payload: &Payload,
        bounds: &Bounds,
    ) -> Result<Vec<u8>, WireError> {
        let mut out = Writer::with_capacity(payload.json.len().min(bounds.bytes) + ENVELOPE);
        out.array(3);
        out.text(uid);
        packet::pack(&mut out, event, payload, namespace, bounds)?;
        options.pack(&mut out);
        let message = out.into_vec();
        if message.len() > bounds.bytes { Err(WireError::TooLarge) } else { Ok(message) }
    }
}
