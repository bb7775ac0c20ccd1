//! The two spellings of requests and responses.

use bytes::Bytes;
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::transcode::from_msgpack;

/// A request or response as JSON: it is JSON where its first byte is `{`, else msgpack.
pub(super) fn to_json(message: &Bytes, bounds: &Bounds) -> Result<Payload, WireError> {
    if !message.starts_with(b"{") {
        return from_msgpack(message, bounds);
    }
    if message.len() > bounds.bytes {
        return Err(WireError::TooLarge);
    }
    let json = str::from_utf8(message).map_err(|_| WireError::Json)?.to_owned();
    Ok(Payload { json, attachments: Vec::new() })
}
