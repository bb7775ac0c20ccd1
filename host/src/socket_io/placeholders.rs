//! The objects that stand for attachments, `{"_placeholder":true,"num":N}`.
//!
//! The walk is a scan of text that is known to be JSON. It builds no values and does not recurse; a level of objects
//! takes 16 bytes. A serde visitor would have to refuse what `JSON.parse` accepts (lone surrogates, numbers beyond a
//! double's range) and stop at a fixed depth.

use super::decoder::DecodeError;

/// Checks that every placeholder in a JSON text refers to one of `attachments` attachments.
///
/// As in the reference, any object whose `_placeholder` is `true` is one, whatever else it contains; an attachment may
/// be referred to several times or not at all. Stricter: `num` must be spelled as an integer (not `1.0` or `-0`).
pub(super) fn check(json: &str, attachments: usize) -> Result<(), DecodeError> {
    let mut enclosing = Vec::new();
    let mut object = Object::default(); // at first, what is around the text
    for token in (Tokens { rest: json }) {
        match token {
            Token::Key(key) => object.member = Member::of(key),
            Token::Scalar(text) => object.set(text, attachments),
            Token::ArrayStart => {
                object.set("[", attachments);
                object.arrays += 1;
            }
            Token::ArrayEnd => object.arrays = object.arrays.saturating_sub(1),
            Token::ObjectStart => {
                object.set("{", attachments);
                enclosing.push(std::mem::take(&mut object));
            }
            Token::ObjectEnd => {
                let illegal = object.is_illegal();
                object = enclosing.pop().unwrap_or_default();
                object.illegal_inside |= illegal;
            }
        }
    }
    if object.is_illegal() { Err(DecodeError::Placeholder) } else { Ok(()) }
}

/// What is known of an object whose end has not been seen.
#[derive(Default)]
struct Object {
    /// Arrays that are open inside the current member.
    arrays: usize,
    member: Member,
    is_placeholder: bool,
    has_valid_num: bool,
    illegal_inside: bool,
}

impl Object {
    /// A value was met, in the current member or an array in it. Of duplicate members the last counts.
    fn set(&mut self, value: &str, attachments: usize) {
        if self.arrays > 0 {
            return;
        }
        match self.member {
            Member::Placeholder => self.is_placeholder = value == "true",
            Member::Num => self.has_valid_num = value.parse().is_ok_and(|num: usize| num < attachments),
            Member::Other => {}
        }
    }

    /// What is inside a placeholder is replaced with it.
    fn is_illegal(&self) -> bool {
        if self.is_placeholder { !self.has_valid_num } else { self.illegal_inside }
    }
}

#[derive(Default)]
enum Member {
    Placeholder,
    Num,
    #[default]
    Other,
}

impl Member {
    fn of(key: &str) -> Self {
        match key {
            r#""_placeholder""# => Self::Placeholder,
            r#""num""# => Self::Num,
            key if key.contains('\\') => match serde_json::from_str::<String>(key).as_deref() {
                Ok("_placeholder") => Self::Placeholder,
                Ok("num") => Self::Num,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }
}

enum Token<'a> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    /// With its quotes, as a string among the scalars.
    Key(&'a str),
    Scalar(&'a str),
}

/// The tokens of a JSON text; nonsense for any other text.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let text = self.rest.trim_start_matches([' ', '\t', '\n', '\r', ',', ':']);
        let first = text.bytes().next()?;
        let len = match first {
            b'{' | b'}' | b'[' | b']' => 1,
            b'"' => string_len(text),
            _ => text.find([',', '}', ']', ' ', '\t', '\n', '\r']).unwrap_or(text.len()),
        };
        let (token, rest) = text.split_at_checked(len)?;
        self.rest = rest;
        Some(match first {
            b'{' => Token::ObjectStart,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayStart,
            b']' => Token::ArrayEnd,
            b'"' if rest.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':') => Token::Key(token),
            _ => Token::Scalar(token),
        })
    }
}

/// Bytes of the string that a text starts with, quotes included.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}
