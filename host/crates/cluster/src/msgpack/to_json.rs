//! From msgpack to JSON text with attachments, in one pass. Attachments are parts of the message's own bytes.

use std::fmt::Write;

use bytes::Bytes;
use socket_io::Payload;

use super::date;
use super::reader::{Head, Reader};
use crate::bounds::{Bounds, WireError};
use crate::json::push_string;

/// What becomes of binary data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    /// An attachment.
    Attached,
    /// `{"type":"Buffer","data":[…]}`, as in Node's JSON, where there can be no attachments.
    Spelled,
}

/// Reads a value that is all of `value`, a part of `message`.
///
/// # Errors
///
/// It is not msgpack, or a bound is exceeded.
pub(crate) fn read_json(message: &Bytes, value: &[u8], binary: Binary, bounds: &Bounds) -> Result<Payload, WireError> {
    let mut reader = Reader::new(value);
    let head = reader.head()?;
    let mut decoder = Decoder::new(message, reader, binary, bounds);
    decoder.value(head)?;
    decoder.rest()
}

/// Reads an array that begins with an event's name, and returns the name and an array of the other values. A number is
/// a name, too, as it is spelled in JSON.
///
/// # Errors
///
/// As [`read_json`]; there is no name, or a reserved one.
pub(crate) fn read_event(message: &Bytes, value: &[u8], bounds: &Bounds) -> Result<(String, Payload), WireError> {
    let mut reader = Reader::new(value);
    let arguments = match reader.head()? {
        Head::Array(len) => len.checked_sub(1),
        _ => None,
    };
    let arguments = arguments.ok_or(WireError::Member("event"))?;
    let name = reader.head()?;
    let mut decoder = Decoder::new(message, reader, Binary::Attached, bounds);
    let name = match name {
        Head::Text(_) => name.text().unwrap_or_default().into_owned(),
        Head::Unsigned(_) | Head::Signed(_) | Head::Float(_) => {
            decoder.scalar(name)?;
            std::mem::take(&mut decoder.json)
        }
        _ => return Err(WireError::Member("event")),
    };
    if socket_io::is_reserved(&name) {
        return Err(WireError::ReservedName);
    }
    decoder.value(Head::Array(arguments))?;
    Ok((name, decoder.rest()?))
}

struct Decoder<'a> {
    message: &'a Bytes,
    reader: Reader<'a>,
    binary: Binary,
    bounds: &'a Bounds,
    json: String,
    attachments: Vec<Bytes>,
    /// Bytes of the attachments.
    attached: usize,
    /// The containers whose end has not been reached.
    open: Vec<Container>,
}

const GUESS: usize = 4 << 10;

struct Container {
    /// Elements or members that are still to come.
    left: u32,
    is_map: bool,
    /// Where the current member begins in the text, with the comma before it.
    member: usize,
}

impl<'a> Decoder<'a> {
    fn new(message: &'a Bytes, reader: Reader<'a>, binary: Binary, bounds: &'a Bounds) -> Self {
        // A guess that saves the first few reallocations; a large value may be binary.
        let json = String::with_capacity(message.len().min(GUESS));
        let (attachments, open) = (Vec::new(), Vec::new());
        Self { message, reader, binary, bounds, json, attachments, attached: 0, open }
    }

    /// What was read, once everything is.
    fn rest(self) -> Result<Payload, WireError> {
        if !self.reader.is_empty() {
            return Err(WireError::Msgpack);
        }
        if !self.attachments.is_empty() {
            // What looks like a placeholder, but is data, must not name an attachment that does not exist.
            socket_io::check_placeholders(&self.json, self.attachments.len()).map_err(|_| WireError::Placeholder)?;
        }
        Ok(Payload { json: self.json, attachments: self.attachments })
    }

    /// Writes a value with everything in it.
    fn value(&mut self, mut head: Head<'a>) -> Result<(), WireError> {
        loop {
            match head {
                Head::Array(left) => self.open(left, false)?,
                Head::Map(left) => self.open(left, true)?,
                scalar => self.scalar(scalar)?,
            }
            if self.json.len().saturating_add(self.attached) > self.bounds.bytes {
                return Err(WireError::TooLarge);
            }
            while let Some(container) = self.open.pop_if(|container| container.left == 0) {
                self.json.push(if container.is_map { '}' } else { ']' });
            }
            let Some(container) = self.open.last_mut() else { return Ok(()) };
            container.left -= 1;
            container.member = self.json.len();
            let is_map = container.is_map;
            // Only the start of the container ends with its bracket: a string would end with a quote.
            if !self.json.ends_with(['[', '{']) {
                self.json.push(',');
            }
            if is_map {
                let key = self.reader.head()?;
                self.key(key)?;
                self.json.push(':');
            }
            head = self.reader.head()?;
        }
    }

    fn open(&mut self, left: u32, is_map: bool) -> Result<(), WireError> {
        if self.open.len() >= self.bounds.depth {
            return Err(WireError::TooDeep);
        }
        self.json.push(if is_map { '{' } else { '[' });
        self.open.push(Container { left, is_map, member: 0 });
        Ok(())
    }

    /// JSON's keys are strings; other values become what JavaScript makes of them.
    fn key(&mut self, key: Head<'_>) -> Result<(), WireError> {
        if let Some(text) = key.text() {
            push_string(&mut self.json, &text);
            return Ok(());
        }
        if matches!(key, Head::Array(_) | Head::Map(_) | Head::Binary(_) | Head::Extension { .. }) {
            return Err(WireError::Msgpack);
        }
        self.json.push('"');
        self.scalar(key)?;
        self.json.push('"');
        Ok(())
    }

    fn scalar(&mut self, head: Head<'_>) -> Result<(), WireError> {
        match head {
            Head::Nil => self.json.push_str("null"),
            Head::Bool(true) => self.json.push_str("true"),
            Head::Bool(false) => self.json.push_str("false"),
            Head::Unsigned(value) => self.print(format_args!("{value}")),
            Head::Signed(value) => self.print(format_args!("{value}")),
            // With a fraction or an exponent, so that it stays a double; it has the digits that tell it from others.
            Head::Float(value) if value.is_finite() => self.print(format_args!("{value:?}")),
            // As `JSON.stringify` has it.
            Head::Float(_) => self.json.push_str("null"),
            Head::Text(_) => push_string(&mut self.json, &head.text().unwrap_or_default()),
            Head::Binary(data) => self.binary(data)?,
            Head::Extension { kind, data, fixed } => self.extension(kind, data, fixed)?,
            Head::Array(_) | Head::Map(_) => return Err(WireError::Msgpack),
        }
        Ok(())
    }

    fn print(&mut self, text: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.json.write_fmt(text);
    }

    fn binary(&mut self, data: &[u8]) -> Result<(), WireError> {
        match self.binary {
            Binary::Attached => {
                if self.attachments.len() >= self.bounds.attachments {
                    return Err(WireError::TooManyAttachments);
                }
                self.print(format_args!(r#"{{"_placeholder":true,"num":{}}}"#, self.attachments.len()));
                self.attached += data.len();
                self.attachments.push(self.message.slice_ref(data));
            }
            Binary::Spelled => {
                // A byte takes at most four characters.
                if data.len().saturating_mul(4) > self.bounds.bytes {
                    return Err(WireError::TooLarge);
                }
                self.json.push_str(r#"{"type":"Buffer","data":["#);
                for (index, byte) in data.iter().enumerate() {
                    self.print(format_args!("{}{byte}", if index == 0 { "" } else { "," }));
                }
                self.json.push_str("]}");
            }
        }
        Ok(())
    }

    /// The extension types of both libraries: timestamps (−1), and notepack's old types (0).
    fn extension(&mut self, kind: i8, data: &[u8], fixed: bool) -> Result<(), WireError> {
        match (kind, fixed, data.len()) {
            (-1, _, _) => self.date(timestamp(data)?),
            (0, true, 1) => self.undefined(),
            (0, true, 8) => self.date(data.try_into().ok().map(i64::from_be_bytes)),
            (0, false, _) => self.binary(data)?,
            _ => return Err(WireError::Msgpack),
        }
        Ok(())
    }

    fn date(&mut self, milliseconds: Option<i64>) {
        match milliseconds.and_then(date::iso) {
            Some(text) => push_string(&mut self.json, &text),
            None => self.json.push_str("null"),
        }
    }

    /// As `JSON.stringify` has it: a member that is undefined is left out, elsewhere it is null.
    fn undefined(&mut self) {
        match self.open.last() {
            Some(Container { is_map: true, member, .. }) => self.json.truncate(*member),
            _ => self.json.push_str("null"),
        }
    }
}

/// Milliseconds since 1970 of a timestamp (msgpack's specification, "Timestamp extension type"); none if they are more
/// than 64 bits.
fn timestamp(data: &[u8]) -> Result<Option<i64>, WireError> {
    let (seconds, nanoseconds) = if let Ok(seconds) = data.try_into().map(u32::from_be_bytes) {
        (seconds.into(), 0)
    } else if let Ok(both) = data.try_into().map(u64::from_be_bytes) {
        let seconds = both & 0x3_ffff_ffff;
        (seconds as i64, (both >> 34) as u32)
    } else {
        let (nanoseconds, rest) = data.split_first_chunk().ok_or(WireError::Msgpack)?;
        let seconds = rest.try_into().map(i64::from_be_bytes).map_err(|_| WireError::Msgpack)?;
        (seconds, u32::from_be_bytes(*nanoseconds))
    };
    let milliseconds = i64::from(nanoseconds / 1_000_000);
    Ok(seconds.checked_mul(1_000).and_then(|whole| whole.checked_add(milliseconds)))
}
