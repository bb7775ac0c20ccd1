//! The format of `@socket.io/redis-adapter` 8 and of its emitters ("pubsub"): broadcasts, requests and responses on
//! channels of Redis.
//!
//! At most once, in no order between nodes. A node gets its own messages, too: it passes over broadcasts and
//! server-side emits with its own `uid`, and over requests whose id is one of its own. Joins, leaves and disconnections
//! are executed when they come back, by all nodes alike.

mod broadcast;
mod channels;
mod request;
mod response;
#[cfg(test)]
mod tests;

pub use broadcast::Broadcast;
pub use channels::Channels;
pub use request::{Ask, Request};
pub use response::{Answer, Response};

use bytes::Bytes;
use socket_io::Payload;

use crate::bounds::{Bounds, WireError};
use crate::transcode::from_msgpack;

/// A request or response as JSON: it is JSON where its first byte is `{`, else msgpack.
fn to_json(message: &Bytes, bounds: &Bounds) -> Result<Payload, WireError> {
    if !message.starts_with(b"{") {
        return from_msgpack(message, bounds);
    }
    if message.len() > bounds.bytes {
        return Err(WireError::TooLarge);
    }
    let json = str::from_utf8(message).map_err(|_| WireError::Json)?.to_owned();
    Ok(Payload { json, attachments: Vec::new() })
}
