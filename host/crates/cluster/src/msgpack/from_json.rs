//! From JSON text with attachments to msgpack, in one pass.
//!
//! msgpack says how many values a container has before the values. They are counted while they are written: each
//! container gets a header of one byte, and the few that have more than 15 values get longer ones at the end, when
//! everything behind them is moved once.

use bytes::Bytes;
use socket_io::Payload;

use super::writer::Writer;
use crate::bounds::{Bounds, WireError};
use crate::json::{Token, Tokens, unescape};

/// Most values of a container whose header is one byte.
const SHORT: u32 = 15;

/// Writes a JSON text. With attachments, an object whose `_placeholder` is `true` becomes the attachment that its `num`
/// names; without, it is an object like others.
///
/// Duplicate members stay; whoever reads them takes the last, as with JSON.
///
/// # Errors
///
/// The text is not JSON, a placeholder has no attachment, or a bound is exceeded. What was written is meaningless then.
pub(crate) fn write_json(out: &mut Writer, payload: &Payload, bounds: &Bounds) -> Result<(), WireError> {
    write(out, None, payload, bounds)
}

/// Writes an event: an array of its name and of the elements of the payload's array.
///
/// # Errors
///
/// As [`write_json`], and if the payload is no array.
pub(crate) fn write_event(out: &mut Writer, name: &str, payload: &Payload, bounds: &Bounds) -> Result<(), WireError> {
    write(out, Some(name), payload, bounds)
}

fn write(out: &mut Writer, first: Option<&str>, payload: &Payload, bounds: &Bounds) -> Result<(), WireError> {
    if payload.json.len() > bounds.bytes {
        return Err(WireError::TooLarge);
    }
    let start = out.bytes().len();
    let attachments = &payload.attachments;
    let encoder = Encoder { out, first, attachments, bounds, start, open: Vec::new(), long: Vec::new(), copied: 0 };
    encoder.run(&payload.json)
}

struct Encoder<'a> {
    out: &'a mut Writer,
    /// What is put before the elements of the outermost array.
    first: Option<&'a str>,
    attachments: &'a [Bytes],
    bounds: &'a Bounds,
    /// Where the value begins.
    start: usize,
    /// The containers whose end has not been reached.
    open: Vec<Container>,
    /// Headers that need more than a byte.
    long: Vec<LongHeader>,
    /// Bytes of attachments that were written, also where a placeholder around them replaced them. Without a bound on
    /// these, a short text with many placeholders could cost any time.
    copied: usize,
}

struct Container {
    /// Where its header is.
    at: usize,
    /// Elements, or members, so far.
    count: u32,
    is_object: bool,
    /// How many long headers there were before it.
    long: usize,
    member: Member,
    is_placeholder: bool,
    num: Option<usize>,
}

struct LongHeader {
    at: usize,
    count: u32,
    is_object: bool,
}

/// The member whose value comes next.
enum Member {
    Placeholder,
    Num,
    Other,
}

/// What may come next.
#[derive(Clone, Copy)]
enum Expected {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

impl Encoder<'_> {
    fn run(mut self, json: &str) -> Result<(), WireError> {
        if self.first.is_some() && Tokens::new(json).next()? != Token::ArrayStart {
            return Err(WireError::Member("event"));
        }
        let mut tokens = Tokens::new(json);
        let mut expected = Expected::Value;
        loop {
            expected = self.token(expected, tokens.next()?)?;
            if self.size() > self.bounds.bytes {
                return Err(WireError::TooLarge);
            }
            if self.open.is_empty() {
                break;
            }
        }
        if !tokens.at_end() {
            return Err(WireError::Json);
        }
        lengthen(self.out.bytes(), &mut self.long);
        Ok(())
    }

    fn token(&mut self, expected: Expected, token: Token<'_>) -> Result<Expected, WireError> {
        match (expected, token) {
            (Expected::Value | Expected::ValueOrEnd, Token::ArrayStart) => {
                self.open(false)?;
                if let Some(first) = self.first.take() {
                    self.count(&Token::Text(first))?;
                    self.out.text(first);
                }
                Ok(Expected::ValueOrEnd)
            }
            (Expected::Value | Expected::ValueOrEnd, Token::ObjectStart) => {
                self.open(true)?;
                Ok(Expected::KeyOrEnd)
            }
            (Expected::ValueOrEnd | Expected::CommaOrEnd, Token::ArrayEnd) if !self.in_object() => self.close(),
            (Expected::KeyOrEnd | Expected::CommaOrEnd, Token::ObjectEnd) if self.in_object() => self.close(),
            (Expected::Value | Expected::ValueOrEnd, scalar) => {
                self.count(&scalar)?;
                self.scalar(scalar)?;
                Ok(Expected::CommaOrEnd)
            }
            (Expected::Key | Expected::KeyOrEnd, Token::Text(inside)) => {
                self.key(inside)?;
                Ok(Expected::Colon)
            }
            (Expected::Colon, Token::Colon) => Ok(Expected::Value),
            (Expected::CommaOrEnd, Token::Comma) => Ok(if self.in_object() { Expected::Key } else { Expected::Value }),
            _ => Err(WireError::Json),
        }
    }

    fn in_object(&self) -> bool {
        self.open.last().is_some_and(|container| container.is_object)
    }

    /// Bytes so far, those of longer headers included.
    fn size(&mut self) -> usize {
        self.out.bytes().len() - self.start + 4 * self.long.len()
    }

    fn open(&mut self, is_object: bool) -> Result<(), WireError> {
        self.count(if is_object { &Token::ObjectStart } else { &Token::ArrayStart })?;
        if self.open.len() >= self.bounds.depth {
            return Err(WireError::TooDeep);
        }
        let at = self.out.bytes().len();
        self.out.raw(0);
        self.open.push(Container {
            at,
            count: 0,
            is_object,
            long: self.long.len(),
            member: Member::Other,
            is_placeholder: false,
            num: None,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<Expected, WireError> {
        let Container { at, count, is_object, long, is_placeholder, num, .. } =
            self.open.pop().ok_or(WireError::Json)?;
        if is_placeholder {
            let attachment = num.and_then(|num| self.attachments.get(num)).ok_or(WireError::Placeholder)?;
            self.copied = self.copied.saturating_add(attachment.len());
            if self.copied > self.bounds.bytes {
                return Err(WireError::TooLarge);
            }
            self.out.bytes().truncate(at);
            self.long.truncate(long);
            self.out.binary(attachment);
        } else if count > SHORT {
            self.long.push(LongHeader { at, count, is_object });
        } else if let Some(header) = self.out.bytes().get_mut(at) {
            let short = u8::try_from(count).unwrap_or_default();
            *header = if is_object { rmp::Marker::FixMap(short) } else { rmp::Marker::FixArray(short) }.to_u8();
        }
        Ok(Expected::CommaOrEnd)
    }

    fn key(&mut self, inside: &str) -> Result<(), WireError> {
        let key = unescape(inside)?;
        self.out.text(&key);
        if let Some(object) = self.open.last_mut()
            && !self.attachments.is_empty()
        {
            object.member = match &*key {
                "_placeholder" => Member::Placeholder,
                "num" => Member::Num,
                _ => Member::Other,
            };
        }
        Ok(())
    }

    /// Counts a value in the container that it is in. Of a member that is repeated, the last one counts.
    fn count(&mut self, value: &Token<'_>) -> Result<(), WireError> {
        let Some(container) = self.open.last_mut() else { return Ok(()) };
        container.count = container.count.checked_add(1).ok_or(WireError::TooLarge)?;
        match container.member {
            Member::Placeholder => container.is_placeholder = *value == Token::Bool(true),
            Member::Num => {
                container.num = if let Token::Number(text) = value { text.parse().ok() } else { None };
            }
            Member::Other => {}
        }
        Ok(())
    }

    fn scalar(&mut self, token: Token<'_>) -> Result<(), WireError> {
        match token {
            Token::Text(inside) => self.out.text(&unescape(inside)?),
            Token::Number(text) => self.number(text)?,
            Token::Bool(value) => self.out.bool(value),
            Token::Null => self.out.nil(),
            _ => return Err(WireError::Json),
        }
        Ok(())
    }

    fn number(&mut self, text: &str) -> Result<(), WireError> {
        if let Ok(value) = text.parse() {
            self.out.unsigned(value);
        } else if let Some(value) = text.parse().ok().filter(|_| text != "-0") {
            self.out.signed(value);
        } else {
            // With a fraction or an exponent, a negative zero, or more digits than 64 bits have.
            self.out.float(text.parse().map_err(|_| WireError::Json)?);
        }
        Ok(())
    }
}

/// Puts the longer headers in, from the last to the first, so that each byte is moved once.
fn lengthen(out: &mut Vec<u8>, long: &mut [LongHeader]) {
    long.sort_unstable_by_key(|header| header.at);
    let headers: Vec<_> = long.iter().map(|header| (header.at, header.bytes())).collect();
    let extra: usize = headers.iter().map(|(_, bytes)| bytes.len() - 1).sum();
    let mut end = out.len(); // of what has not been moved
    out.resize(end + extra, 0);
    let mut to = out.len(); // where that ends afterwards
    for (at, bytes) in headers.into_iter().rev() {
        let behind = at + 1..end;
        to -= behind.len();
        out.copy_within(behind, to);
        to -= bytes.len();
        for (place, byte) in out.iter_mut().skip(to).zip(bytes) {
            *place = byte;
        }
        end = at;
    }
}

impl LongHeader {
    fn bytes(&self) -> Vec<u8> {
        let mut header = Writer::default();
        if self.is_object {
            header.map(self.count)
        } else {
            header.array(self.count)
        }
        header.into_vec()
    }
}
