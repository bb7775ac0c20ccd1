//! msgpack as JavaScript's libraries write it, and JSON text made of it and turned into it.
//!
//! The dialect is that of `notepack.io` 3, which `@socket.io/redis-adapter` and its emitters use, and of
//! `@msgpack/msgpack` 2, which the streams adapter uses.
//!
//! Neither direction builds values or recurses; [`Bounds`](crate::Bounds) hold. Numbers keep their digits where msgpack
//! can: integers of 64 bits are exact, others are doubles (notepack makes wrong integers of those: `1e300` becomes 0),
//! and a double that is an integer is written with its `.0`.

mod date;
mod from_json;
mod reader;
mod to_json;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use date::date_text;
pub(crate) use from_json::{write_event, write_json};
pub(crate) use reader::{Head, Reader};
pub(crate) use to_json::{Binary, read_event, read_json};
pub(crate) use writer::Writer;
