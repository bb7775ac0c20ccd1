//! Reads JSON text: into whatever implements `Deserialize`, and apart into its elements and members.
//!
//! `serde_json` writes the JSON of this crate but does not read it. Its errors can show any number, and what that links
//! is 100 KB of a component that has 125 KB without, and 2.4 % (± 1.8 %) of what an echo costs the host in a fresh
//! instance; a small library cost 2.8 % (± 2.1 %). Errors here name the types of JSON only. The fuzz target `json` compares
//! the two readers.
//!
//! The host passes text that it has checked, so what is skipped is not checked again, only its strings and brackets are
//! matched. Text that is not JSON after all is an error, never a panic. Nesting deeper than [`MAX_DEPTH`] is an error.

mod deserializer;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::{self, DeserializeOwned, Expected, Unexpected};

/// As `serde_json`: deserialization recurses, and the stack is small.
const MAX_DEPTH: u8 = 128;

/// The value of a JSON text.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(Problem::new("more text after the value")),
    }
}

/// Where in the text of an array its elements are.
pub fn elements(text: &str) -> Result<Vec<Range<usize>>, Problem> {
    let mut reader = Reader::new(text);
    let mut elements = Vec::new();
    reader.open(b'[')?;
    while reader.more(b']', elements.is_empty())? {
        elements.push(reader.skip()?);
    }
    Ok(elements)
}

/// A member of an object.
pub struct Member<'de> {
    pub key: Cow<'de, str>,
    /// The text of the value.
    pub value: &'de str,
}

/// The members of an object.
pub fn members(text: &str) -> Result<Vec<Member<'_>>, Problem> {
    let mut reader = Reader::new(text);
    let mut members = Vec::new();
    reader.open(b'{')?;
    while reader.more(b'}', members.is_empty())? {
        let key = reader.string()?;
        reader.expect(b':')?;
        let value = reader.skip()?;
        members.push(Member { key, value: reader.slice(value) });
    }
    Ok(members)
}

/// The same text but for the objects in it that are a `T`, which may get another text. Those are objects of a few plain
/// members: anything else has to fail at its first members, or this would take quadratic time.
pub fn replace_objects<T: DeserializeOwned>(
    text: &str,
    mut replacement: impl FnMut(T) -> Option<String>,
) -> Result<String, Problem> {
    let mut reader = Reader::new(text);
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    while let Some(byte) = reader.peek() {
        let start = reader.at;
        match byte {
            b'"' => drop(reader.string()?),
            b'{' => match T::deserialize(&mut reader).ok().and_then(&mut replacement) {
                Some(replacement) => {
                    result.push_str(reader.slice(copied..start));
                    result.push_str(&replacement);
                    copied = reader.at;
                }
                None => {
                    reader.at = start + 1;
                    reader.depth = 0;
                }
            },
            _ => reader.at += 1,
        }
    }
    result.push_str(reader.slice(copied..text.len()));
    Ok(result)
}

/// Why a text is not what was asked for.
pub struct Problem(Cow<'static, str>);

impl Problem {
    const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    fn found(found: &str, expected: &dyn Expected) -> Self {
        Self(format!("expected {expected}, found {found}").into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not derived: that would link the escaping of text, 10 KB.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}

impl de::Error for Problem {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string().into())
    }

    // By default these two print the value, and so link what prints floats.

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::found(type_of(unexpected), expected)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(format!("expected {expected}, found {} that does not fit", type_of(unexpected)).into())
    }
}

fn type_of(value: Unexpected<'_>) -> &'static str {
    match value {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "binary data",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

/// A place in JSON text.
struct Reader<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

enum Number {
    Unsigned(u64),
    Signed(i64),
    /// A fraction, an exponent, or too large for the others.
    Other,
}

/// The number of a text that JSON has for an integer. A key may be another one, such as `+1` or `01`. `-0` is a float, as
/// in serde_json and in JavaScript.
fn integer(digits: &str) -> Number {
    let number = match digits.as_bytes() {
        [b'0'] | [b'1'..=b'9', ..] => digits.parse().map(Number::Unsigned),
        [b'-', b'1'..=b'9', ..] => digits.parse().map(Number::Signed),
        _ => return Number::Other,
    };
    number.unwrap_or(Number::Other)
}

/// Takes [`Reader::digits`]: `NaN` and the like are not made of them.
fn float(digits: &str) -> Result<f64, Problem> {
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err(Problem::new("number out of range")),
        Err(_) => Err(Problem::new("not JSON")),
    }
}

impl<'de> Reader<'de> {
    fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    fn slice(&self, span: Range<usize>) -> &'de str {
        self.text.get(span).unwrap_or_default()
    }

    /// The byte at this place.
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space, which is this place then.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    fn next(&mut self) -> Result<u8, Problem> {
        let byte = self.byte().ok_or(Problem::new("unexpected end"))?;
        self.at += 1;
        Ok(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Problem> {
        if self.peek() != Some(byte) {
            return Err(Problem(format!("expected `{}`", byte as char).into()));
        }
        self.at += 1;
        Ok(())
    }

    /// Passes over a word if it is here.
    fn word(&mut self, word: &str) -> bool {
        self.peek();
        let here = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        if here {
            self.at += word.len();
        }
        here
    }

    fn string(&mut self) -> Result<Cow<'de, str>, Problem> {
        self.expect(b'"')?;
        let mut unescaped = String::new();
        let mut start = self.at;
        loop {
            match self.next()? {
                b'"' => {
                    let rest = self.slice(start..self.at - 1);
                    if unescaped.is_empty() {
                        return Ok(Cow::Borrowed(rest));
                    }
                    unescaped.push_str(rest);
                    return Ok(Cow::Owned(unescaped));
                }
                b'\\' => {
                    unescaped.push_str(self.slice(start..self.at - 1));
                    unescaped.push(self.escape()?);
                    start = self.at;
                }
                _ => {}
            }
        }
    }

    /// The character of an escape after its backslash.
    fn escape(&mut self) -> Result<char, Problem> {
        Ok(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                if let 0xd800..0xdc00 = code {
                    let after = self.at;
                    let low = if self.next()? == b'\\' && self.next()? == b'u' { self.hex()? } else { 0 };
                    if let 0xdc00..0xe000 = low {
                        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        self.at = after;
                    }
                }
                // JavaScript's strings can have half of a surrogate pair, Rust's cannot.
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(Problem::new("no such escape")),
        })
    }

    fn hex(&mut self) -> Result<u32, Problem> {
        let digits = self.slice(self.at..self.at + 4);
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Problem::new("no such escape"))
    }

    /// The text of a number, as far as its characters can tell.
    fn digits(&mut self) -> &'de str {
        let start = self.at;
        while let Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') = self.byte() {
            self.at += 1;
        }
        self.slice(start..self.at)
    }

    fn open(&mut self, bracket: u8) -> Result<(), Problem> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Problem::new("nested too deep"));
        }
        Ok(())
    }

    fn close(&mut self, bracket: u8) -> Result<(), Problem> {
        self.depth -= 1;
        if self.peek() == Some(b',') {
            return Err(Problem::new("more elements than expected"));
        }
        self.expect(bracket)
    }

    /// Whether there is another element before the bracket that closes them.
    fn more(&mut self, bracket: u8, first: bool) -> Result<bool, Problem> {
        if self.peek() == Some(bracket) {
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// Passes over a value, at any depth, and tells where it is.
    fn skip(&mut self) -> Result<Range<usize>, Problem> {
        self.peek();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => drop(self.string()?),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']' | b',' | b':') if depth == 0 => return Err(Problem::new("a value is missing")),
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) => self.skip_word(),
                None => return Err(Problem::new("unexpected end")),
            }
            if depth == 0 {
                return Ok(start..self.at);
            }
        }
    }

    fn skip_word(&mut self) {
        while let Some(byte) = self.byte()
            && !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':')
        {
            self.at += 1;
        }
    }

    /// The error that there is something else here.
    fn unexpected(&mut self, expected: &dyn Expected) -> Problem {
        let found = match self.peek() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9') => "a number",
            _ => return Problem::new("not JSON"),
        };
        Problem::found(found, expected)
    }
}
