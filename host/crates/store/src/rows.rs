//! The tables that a store consists of, as the semantics see them, and the format of what is in them.
//!
//! - *rows*: [`row_key`] → [`Row`]. The name of the space ends with the byte 0xFF, which UTF-8 does not have, so that no
//!   key of one space begins with another space.
//! - *expiring*: ([`Row::expires`], row key), for rows that have a time to live.
//! - *spaces*: name → bytes in use.
//! - the last version.

use std::ops::ControlFlow;

use crate::Error;

/// The contents of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) version: u64,
    /// Milliseconds since 1970; 0: never.
    pub(crate) expires: u64,
    pub(crate) value: &'a [u8],
}

/// Bytes of a row before its value.
const HEADER: usize = 16;

impl<'a> Row<'a> {
    pub(crate) fn is_alive(&self, now: u64) -> bool {
        self.expires == 0 || self.expires > now
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + self.value.len());
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(&self.expires.to_be_bytes());
        bytes.extend_from_slice(self.value);
        bytes
    }

    /// # Errors
    ///
    /// If these are not the bytes of a row.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let row = bytes.split_first_chunk().and_then(|(version, rest)| {
            let (expires, value) = rest.split_first_chunk()?;
            Some(Self { version: u64::from_be_bytes(*version), expires: u64::from_be_bytes(*expires), value })
        });
        row.ok_or_else(|| Error::Unavailable("a row has no header; the file is damaged".to_owned()))
    }
}

/// The end of a space's name.
const END: u8 = 0xFF;

pub(crate) fn row_key(space: &str, key: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(space.len() + 1 + key.len());
    bytes.extend_from_slice(space.as_bytes());
    bytes.push(END);
    bytes.extend_from_slice(key.as_bytes());
    bytes
}

/// The space and the key of a row.
pub(crate) fn split(row_key: &[u8]) -> Option<(&str, &str)> {
    let end = row_key.iter().position(|&byte| byte == END)?;
    let (space, key) = (row_key.get(..end)?, row_key.get(end + 1..)?);
    Some((std::str::from_utf8(space).ok()?, std::str::from_utf8(key).ok()?))
}

/// Reads a row.
pub(crate) type See<'a> = dyn FnMut(Row<'_>) + 'a;

/// Reads a row of several, and says whether it wants another.
pub(crate) type SeeMany<'a> = dyn FnMut(&[u8], Row<'_>) -> ControlFlow<()> + 'a;

/// Access to the tables as they are at one moment. Every error is [`Error::Unavailable`].
pub(crate) trait Rows {
    /// Shows the row with this key, if there is one.
    fn see(&self, key: &[u8], see: &mut See<'_>) -> Result<(), Error>;

    /// Shows rows in the order of their keys, from this key on.
    fn see_from(&self, key: &[u8], see: &mut SeeMany<'_>) -> Result<(), Error>;
}

/// Changes to the tables, all of which are kept or none.
pub(crate) trait RowsMut: Rows {
    fn put(&mut self, key: &[u8], row: Row<'_>) -> Result<(), Error>;
    fn remove(&mut self, key: &[u8]) -> Result<(), Error>;

    fn add_expiring(&mut self, expires: u64, key: &[u8]) -> Result<(), Error>;
    fn remove_expiring(&mut self, expires: u64, key: &[u8]) -> Result<(), Error>;
    /// The keys of at most `most` rows whose time is up.
    fn expired(&self, now: u64, most: usize) -> Result<Vec<Vec<u8>>, Error>;

    fn used(&self, space: &str) -> Result<u64, Error>;
    fn set_used(&mut self, space: &str, bytes: u64) -> Result<(), Error>;

    /// A larger number than any before.
    fn next_version(&mut self) -> u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let row = Row { version: 7, expires: u64::MAX, value: b"abc" };
        assert_eq!(Row::decode(&row.encode()), Ok(row));
        assert!(Row::decode(&[0; HEADER - 1]).is_err());
        assert_eq!(split(&row_key("/a", "b")), Some(("/a", "b")));
        assert_eq!(split(b"no end"), None);
    }

    #[test]
    fn an_entry_ends_with_its_last_millisecond() {
        let row = Row { version: 1, expires: 100, value: b"" };
        assert!(row.is_alive(99));
        assert!(!row.is_alive(100));
    }
}
