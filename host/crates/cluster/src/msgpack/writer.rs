//! Writes msgpack in the shortest forms, which are those that JavaScript's libraries choose.

use std::convert::Infallible;

use rmp::encode::{ByteBuf, ValueWriteError};

/// Writes values one after another. Memory is the only thing that could fail, so nothing returns an error.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    buffer: ByteBuf,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { buffer: ByteBuf::with_capacity(bytes) }
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.buffer.into_vec()
    }

    /// The bytes so far, for headers that are put right later.
    pub(crate) fn bytes(&mut self) -> &mut Vec<u8> {
        self.buffer.as_mut_vec()
    }

    pub(crate) fn nil(&mut self) {
        self.raw(rmp::Marker::Null.to_u8());
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.raw(if value { rmp::Marker::True } else { rmp::Marker::False }.to_u8());
    }

    pub(crate) fn unsigned(&mut self, value: u64) {
        done(rmp::encode::write_uint(&mut self.buffer, value).map(drop));
    }

    pub(crate) fn signed(&mut self, value: i64) {
        done(rmp::encode::write_sint(&mut self.buffer, value).map(drop));
    }

    pub(crate) fn float(&mut self, value: f64) {
        done(rmp::encode::write_f64(&mut self.buffer, value));
    }

    pub(crate) fn text(&mut self, value: &str) {
        done(rmp::encode::write_str(&mut self.buffer, value));
    }

    pub(crate) fn binary(&mut self, value: &[u8]) {
        done(rmp::encode::write_bin(&mut self.buffer, value));
    }

    /// The header of an array of so many values, which are to follow.
    pub(crate) fn array(&mut self, len: u32) {
        done(rmp::encode::write_array_len(&mut self.buffer, len).map(drop));
    }

    /// The header of a map of so many pairs, which are to follow.
    pub(crate) fn map(&mut self, len: u32) {
        done(rmp::encode::write_map_len(&mut self.buffer, len).map(drop));
    }

    /// One byte as it is.
    pub(crate) fn raw(&mut self, byte: u8) {
        self.bytes().push(byte);
    }
}

/// Says to the compiler that memory takes all bytes.
fn done(result: Result<(), ValueWriteError<Infallible>>) {
    match result {
        Ok(()) => {}
        Err(ValueWriteError::InvalidMarkerWrite(never) | ValueWriteError::InvalidDataWrite(never)) => match never {},
    }
}
