//! JSON text: its tokens, and strings with their escapes.
//!
//! Strict as `JSON.parse`; builds no values and does not recurse. Unlike serde_json it takes what JavaScript writes but
//! Rust's strings and numbers cannot hold: lone surrogates, which become U+FFFD, and numbers beyond a double's range.

use std::borrow::Cow;

use crate::bounds::WireError;

/// A token of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Comma,
    Colon,
    /// A string without its quotes; escapes are not checked yet ([`unescape`] does).
    Text(&'a str),
    Number(&'a str),
    Bool(bool),
    Null,
}

/// Splits a text into tokens.
#[derive(Debug)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Whether nothing but whitespace is left.
    pub(crate) fn at_end(&self) -> bool {
        self.rest.trim_start_matches(WHITESPACE).is_empty()
    }

    /// The next token. The end of the text is an error.
    pub(crate) fn next(&mut self) -> Result<Token<'a>, WireError> {
        let text = self.rest.trim_start_matches(WHITESPACE);
        let first = *text.as_bytes().first().ok_or(WireError::Json)?;
        let (token, len) = match first {
            b'{' => (Token::ObjectStart, 1),
            b'}' => (Token::ObjectEnd, 1),
            b'[' => (Token::ArrayStart, 1),
            b']' => (Token::ArrayEnd, 1),
            b',' => (Token::Comma, 1),
            b':' => (Token::Colon, 1),
            b'"' => {
                let inside = string(text)?;
                (Token::Text(inside), inside.len() + 2)
            }
            _ => {
                let word = text.find(AFTER_WORD).and_then(|end| text.get(..end)).unwrap_or(text);
                let token = match word {
                    "true" => Token::Bool(true),
                    "false" => Token::Bool(false),
                    "null" => Token::Null,
                    _ if is_number(word.as_bytes()) => Token::Number(word),
                    _ => return Err(WireError::Json),
                };
                (token, word.len())
            }
        };
        self.rest = text.get(len..).unwrap_or_default();
        Ok(token)
    }
}

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];
const AFTER_WORD: [char; 11] = [',', ']', '}', ' ', '\t', '\n', '\r', ':', '[', '{', '"'];

/// The inside of the string that a text begins with.
fn string(text: &str) -> Result<&str, WireError> {
    let bytes = text.as_bytes();
    let mut end = 1;
    loop {
        end += plain(bytes.get(end..).unwrap_or_default());
        match bytes.get(end) {
            Some(b'"') => return text.get(1..end).ok_or(WireError::Json),
            Some(b'\\') => end += 2,
            // A control character, or the end of the text.
            _ => return Err(WireError::Json),
        }
    }
}

/// How many bytes a string begins with that stand for themselves in JSON.
fn plain(bytes: &[u8]) -> usize {
    /// Bytes that are looked at together, so that the compiler can use vector instructions.
    const BLOCK: usize = 32;
    let special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    let blocks = bytes.chunks_exact(BLOCK);
    let clean = blocks.take_while(|block| !block.iter().fold(false, |found, byte| found | special(*byte))).count();
    let rest = bytes.get(clean * BLOCK..).unwrap_or_default();
    clean * BLOCK + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match digits(text) {
        (0, _) => return false,
        (1, rest) => rest,
        _ if text.starts_with(b"0") => return false,
        (_, rest) => rest,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        let (count, after) = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = after;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            exponent => exponent,
        };
        let (count, after) = digits(exponent);
        return count > 0 && after.is_empty();
    }
    rest.is_empty()
}

/// How many digits a text begins with, and what follows them.
fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, text.get(count..).unwrap_or_default())
}

/// The value of a string, whose text has no quotes. A lone surrogate becomes U+FFFD.
pub(crate) fn unescape(inside: &str) -> Result<Cow<'_, str>, WireError> {
    let Some((plain, mut rest)) = inside.split_once('\\') else { return Ok(Cow::Borrowed(inside)) };
    let mut value = String::with_capacity(inside.len());
    value.push_str(plain);
    loop {
        rest = escape(rest, &mut value)?;
        match rest.split_once('\\') {
            Some((plain, after)) => {
                value.push_str(plain);
                rest = after;
            }
            None => {
                value.push_str(rest);
                return Ok(Cow::Owned(value));
            }
        }
    }
}

/// Reads an escape, behind its backslash. Returns what follows it.
fn escape<'a>(text: &'a str, value: &mut String) -> Result<&'a str, WireError> {
    let mut chars = text.chars();
    let char = match chars.next().ok_or(WireError::Json)? {
        same @ ('"' | '\\' | '/') => same,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let (char, rest) = unicode(chars.as_str())?;
            value.push(char);
            return Ok(rest);
        }
        _ => return Err(WireError::Json),
    };
    value.push(char);
    Ok(chars.as_str())
}

/// Reads the digits behind `\u`, and a following escape if both are one character.
fn unicode(text: &str) -> Result<(char, &str), WireError> {
    let (unit, rest) = code_unit(text)?;
    let following = rest.strip_prefix("\\u").and_then(|rest| code_unit(rest).ok());
    let (code, rest) = match (unit, following) {
        (0xd800..0xdc00, Some((low @ 0xdc00..0xe000, after))) => {
            (0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), after)
        }
        _ => (unit, rest),
    };
    Ok((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

/// Four hexadecimal digits, and what follows them.
fn code_unit(text: &str) -> Result<(u32, &str), WireError> {
    let (digits, rest) = text.split_at_checked(4).ok_or(WireError::Json)?;
    // `from_str_radix` would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(WireError::Json);
    }
    Ok((u32::from_str_radix(digits, 16).map_err(|_| WireError::Json)?, rest))
}

/// Appends a string, with its quotes and the escapes that it needs.
pub(crate) fn push_string(out: &mut String, value: &str) {
    out.push('"');
    let mut rest = value;
    while let Some((plain, special)) = rest.split_at_checked(plain(rest.as_bytes())) {
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control @ ..' ') => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            Some(char) => out.extend(['\\', char]),
            None => break,
        }
        rest = chars.as_str();
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Number;

    use super::*;

    #[test]
    fn escapes() {
        for (text, value) in [
            (r#"a\n\t\r\b\f\/\\\"b"#, "a\n\t\r\u{8}\u{c}/\\\"b"),
            (r"\u00e9\uD83D\ude00", "é😀"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ude00\ud83dx", "\u{fffd}\u{fffd}x"),
            (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
            (r"\ud83d\n", "\u{fffd}\n"),
        ] {
            assert_eq!(unescape(text).as_deref(), Ok(value), "{text}");
        }
        for text in [r"\", r"\x", r"\u12", r"\u+123", r"\u12é", r"\ud83d\u"] {
            assert_eq!(unescape(text), Err(WireError::Json), "{text}");
        }
    }

    #[test]
    fn words() {
        for bad in ["", " ", "nul", "truee", "\"a", "\"\n\"", "\"\\\"", "01", "-", "1.", ".5", "1e", "1e+", "+1", "NaN"]
        {
            assert_eq!(Tokens::new(bad).next(), Err(WireError::Json), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_json(text in "-?[0-9.eE+-]{0,6}") {
            // serde_json does not take what is beyond a double's range; six characters are not.
            let is_json = text.parse::<Number>().is_ok() || text.contains(['e', 'E']) && is_number(text.as_bytes());
            prop_assert_eq!(is_number(text.as_bytes()), is_json);
        }

        #[test]
        fn strings_are_written_as_they_are_read(value in any::<String>()) {
            let mut text = String::new();
            push_string(&mut text, &value);
            prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value.clone());
            let inside = Tokens::new(&text).next();
            prop_assert_eq!(inside, Ok(Token::Text(&text[1..text.len() - 1])));
            prop_assert_eq!(unescape(&text[1..text.len() - 1]).unwrap(), value);
        }

        #[test]
        fn any_text_ends(text in r#"[\\u"dD8-9eE0-1{},:a-f]*"#) {
            let _ = unescape(&text);
            let mut tokens = Tokens::new(&text);
            while tokens.next().is_ok() {}
        }
    }
}
