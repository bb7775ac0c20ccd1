//! Reads msgpack step by step: each value's head, with what it holds if it is no container.

use std::borrow::Cow;

use rmp::Marker;

use crate::bounds::WireError;

/// What a value begins with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Head<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// UTF-8, unless the writer was careless: JavaScript's strings may hold lone surrogates.
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Extension {
        kind: i8,
        data: &'a [u8],
        /// Whether it is spelled with one of the fixed lengths. notepack tells its old types apart by that.
        fixed: bool,
    },
    /// So many values follow.
    Array(u32),
    /// So many pairs of values follow.
    Map(u32),
}

impl<'a> Head<'a> {
    /// A string, where the value is one.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            // `from_utf8_lossy` looks at each byte; texts that are UTF-8 can be checked faster.
            Self::Text(text) => {
                Some(str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed))
            }
            _ => None,
        }
    }
}

/// Reads values from bytes.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads a value, but for what is in a container.
    pub(crate) fn head(&mut self) -> Result<Head<'a>, WireError> {
        Ok(match Marker::from_u8(self.byte()?) {
            Marker::Null => Head::Nil,
            Marker::False => Head::Bool(false),
            Marker::True => Head::Bool(true),
            Marker::FixPos(value) => Head::Unsigned(value.into()),
            Marker::U8 => Head::Unsigned(self.byte()?.into()),
            Marker::U16 => Head::Unsigned(self.u16()?.into()),
            Marker::U32 => Head::Unsigned(self.u32()?.into()),
            Marker::U64 => Head::Unsigned(u64::from_be_bytes(self.chunk()?)),
            Marker::FixNeg(value) => Head::Signed(value.into()),
            Marker::I8 => Head::Signed(i8::from_be_bytes(self.chunk()?).into()),
            Marker::I16 => Head::Signed(i16::from_be_bytes(self.chunk()?).into()),
            Marker::I32 => Head::Signed(i32::from_be_bytes(self.chunk()?).into()),
            Marker::I64 => Head::Signed(i64::from_be_bytes(self.chunk()?)),
            Marker::F32 => Head::Float(f32::from_be_bytes(self.chunk()?).into()),
            Marker::F64 => Head::Float(f64::from_be_bytes(self.chunk()?)),
            Marker::FixStr(len) => Head::Text(self.bytes(len.into())?),
            Marker::Str8 => Head::Text(self.sized_u8()?),
            Marker::Str16 => Head::Text(self.sized_u16()?),
            Marker::Str32 => Head::Text(self.sized_u32()?),
            Marker::Bin8 => Head::Binary(self.sized_u8()?),
            Marker::Bin16 => Head::Binary(self.sized_u16()?),
            Marker::Bin32 => Head::Binary(self.sized_u32()?),
            Marker::FixArray(len) => Head::Array(len.into()),
            Marker::Array16 => Head::Array(self.u16()?.into()),
            Marker::Array32 => Head::Array(self.u32()?),
            Marker::FixMap(len) => Head::Map(len.into()),
            Marker::Map16 => Head::Map(self.u16()?.into()),
            Marker::Map32 => Head::Map(self.u32()?),
            Marker::FixExt1 => self.extension(1, true)?,
            Marker::FixExt2 => self.extension(2, true)?,
            Marker::FixExt4 => self.extension(4, true)?,
            Marker::FixExt8 => self.extension(8, true)?,
            Marker::FixExt16 => self.extension(16, true)?,
            Marker::Ext8 => {
                let len = self.byte()?.into();
                self.extension(len, false)?
            }
            Marker::Ext16 => {
                let len = self.u16()?.into();
                self.extension(len, false)?
            }
            Marker::Ext32 => {
                let len = self.u32()?;
                self.extension(len, false)?
            }
            Marker::Reserved => return Err(WireError::Msgpack),
        })
    }

    /// Passes over a value with all that is in it, and returns its bytes.
    pub(crate) fn value(&mut self) -> Result<&'a [u8], WireError> {
        let all = self.rest;
        let mut left = 1_u64;
        while left > 0 {
            // No overflow: each head takes a byte, and adds less than 2^33.
            left -= 1;
            left += match self.head()? {
                Head::Array(len) => len.into(),
                Head::Map(len) => 2 * u64::from(len),
                _ => 0,
            };
            // Each of those that follow has a byte at least.
            if left > self.rest.len() as u64 {
                return Err(WireError::Msgpack);
            }
        }
        all.get(..all.len() - self.rest.len()).ok_or(WireError::Msgpack)
    }

    /// Reads a member of a map: its key, where that is a string, and the bytes of its value.
    pub(crate) fn member(&mut self) -> Result<(Option<Cow<'a, str>>, &'a [u8]), WireError> {
        let key = Reader::new(self.value()?).head()?.text();
        Ok((key, self.value()?))
    }

    fn extension(&mut self, len: u32, fixed: bool) -> Result<Head<'a>, WireError> {
        let kind = i8::from_be_bytes(self.chunk()?);
        Ok(Head::Extension { kind, data: self.bytes(len)?, fixed })
    }

    fn sized_u8(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.byte()?;
        self.bytes(len.into())
    }

    fn sized_u16(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.u16()?;
        self.bytes(len.into())
    }

    fn sized_u32(&mut self) -> Result<&'a [u8], WireError> {
        let len = self.u32()?;
        self.bytes(len)
    }

    fn byte(&mut self) -> Result<u8, WireError> {
        Ok(u8::from_be_bytes(self.chunk()?))
    }

    fn u16(&mut self) -> Result<u16, WireError> {
        Ok(u16::from_be_bytes(self.chunk()?))
    }

    fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_be_bytes(self.chunk()?))
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(WireError::Msgpack)?;
        self.rest = rest;
        Ok(*chunk)
    }

    fn bytes(&mut self, len: u32) -> Result<&'a [u8], WireError> {
        let len = usize::try_from(len).map_err(|_| WireError::Msgpack)?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(WireError::Msgpack)?;
        self.rest = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_passed_over_whole() {
        let bytes = [0x92, 0x81, 0xa1, b'a', 0x91, 0xc0, 0xd6, 0xff, 0, 0, 0, 0, 0x07];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.value(), Ok(&bytes[..12]));
        assert_eq!(reader.head(), Ok(Head::Unsigned(7)));
        assert!(reader.is_empty());
        assert_eq!(reader.head(), Err(WireError::Msgpack));
    }

    #[test]
    fn counts_that_cannot_be_true_end_at_once() {
        let mut bytes = vec![0xdd, 0xff, 0xff, 0xff, 0xff];
        bytes.extend(vec![0x90; 1_000]);
        assert_eq!(Reader::new(&bytes).value(), Err(WireError::Msgpack));
        assert_eq!(Reader::new(&[0xdf, 0xff, 0xff, 0xff, 0xff]).value(), Err(WireError::Msgpack));
        assert_eq!(Reader::new(&vec![0x91; 1_000_000]).value(), Err(WireError::Msgpack), "depth takes no stack");
    }
}
