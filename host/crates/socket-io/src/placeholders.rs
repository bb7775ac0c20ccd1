//! The objects that stand for attachments, `{"_placeholder":true,"num":N}`.
//!
//! The check scans text that is known to be JSON. It builds no values and does not recurse; each level of objects takes
//! 16 bytes. A serde visitor would have to refuse what `JSON.parse` accepts (lone surrogates, numbers beyond a double's
//! range) and stop at a fixed depth.

use crate::error::DecodeError;

/// Checks that every placeholder in a JSON text refers to one of `attachments` attachments.
///
/// As for the reference server, any object whose `_placeholder` is `true` is a placeholder, whatever else it contains;
/// an attachment may be referred to several times or not at all. Stricter than the reference server: `num` must be
/// spelled as an integer (not `1.0` or `-0`).
///
/// # Errors
///
/// [`DecodeError::Placeholder`].
pub fn check(json: &str, attachments: usize) -> Result<(), DecodeError> {
    let mut enclosing = Vec::new();
    let mut object = Object::default(); // at first, a stand-in around the whole text
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

/// The state of an object whose end has not been reached.
#[derive(Default)]
struct Object {
    /// Number of open arrays inside the current member.
    arrays: usize,
    member: Member,
    is_placeholder: bool,
    has_valid_num: bool,
    illegal_inside: bool,
}

impl Object {
    /// Notes a value of the current member, or of an array in it. If a member is repeated, the last one counts.
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

    /// Anything inside a placeholder is replaced together with it.
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
    /// With its quotes, like strings among the scalars.
    Key(&'a str),
    Scalar(&'a str),
}

/// The tokens of a JSON text; meaningless for any other text.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn tokens_inside_strings_do_not_count() {
        assert!(check(r#"["{\"_placeholder\":true,\"num\":9}","\\",{"a\\":"_placeholder"}]"#, 1).is_ok());
        assert!(check(r#"["\\",{"_placeholder" :true , "num":1}]"#, 1).is_err());
    }

    #[test]
    fn any_spelling_of_the_members() {
        assert!(check("[{ \"\\u005fplaceholder\"\n:\ttrue,\"n\\u0075m\" : 0 }]", 1).is_ok());
        assert!(check("[{ \"\\u005fplaceholder\"\n:\ttrue,\"n\\u0075m\" : 1 }]", 1).is_err());
        assert!(check(r#"[{"\ud800":1,"_placeholder":true,"num":1}]"#, 1).is_err());
    }

    #[test]
    fn members_are_values_of_the_object_itself() {
        assert!(check(r#"[{"_placeholder":[true],"num":9}]"#, 1).is_ok());
        assert!(check(r#"[{"_placeholder":true,"num":[0]}]"#, 1).is_err());
        assert!(check(r#"[{"_placeholder":true,"num":{"num":0}}]"#, 1).is_err());
        assert!(check(r#"[{"_placeholder":true,"num":18446744073709551616}]"#, 1).is_err());
    }

    #[test]
    fn depth_takes_no_stack() {
        let deep = format!("{}{}", r#"{"a":["#.repeat(200_000), "]}".repeat(200_000));
        assert!(check(&deep, 1).is_ok());
    }

    /// The reference server's rule, on parsed values.
    fn is_legal(value: &Value, attachments: u64) -> bool {
        match value {
            Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => {
                object.get("num").and_then(Value::as_u64).is_some_and(|num| num < attachments)
            }
            Value::Object(object) => object.values().all(|value| is_legal(value, attachments)),
            Value::Array(array) => array.iter().all(|value| is_legal(value, attachments)),
            _ => true,
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1..4i64).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            (0..4u64).prop_map(|num| json!({ "_placeholder": true, "num": num })),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            let key = prop_oneof![Just("_placeholder".to_owned()), Just("num".to_owned()), any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn as_on_values(value in json_value(), attachments in 0..4u64, pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            prop_assert_eq!(check(&text.unwrap(), attachments as usize).is_ok(), is_legal(&value, attachments));
        }

        #[test]
        fn any_text_ends(text in "[{}\\[\\]\",:\\\\ a0té]*") {
            let _ = check(&text, 1);
        }
    }
}
