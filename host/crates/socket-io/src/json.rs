//! Payloads as text: validated as JSON, but never parsed into values.
//!
//! `RawValue` is checked without recursion, so only the text's length bounds its depth. As `JSON.parse` does, the check
//! accepts lone surrogates (`"\ud800"`) and numbers beyond a double's range.

use serde_json::Deserializer;
use serde_json::value::RawValue;

use crate::error::DecodeError;

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The text of a JSON object, without the whitespace around it.
pub(super) fn object(text: &str) -> Result<&str, DecodeError> {
    value(text).filter(|json| json.starts_with('{')).ok_or(DecodeError::Payload)
}

/// The text of a JSON array, without the whitespace around it.
pub(super) fn array(text: &str) -> Result<&str, DecodeError> {
    value(text).filter(|json| json.starts_with('[')).ok_or(DecodeError::Payload)
}

/// Splits an event's array into the name and the text of an array of the remaining elements, kept exactly as on the
/// wire.
pub(super) fn event(text: &str) -> Result<(String, String), DecodeError> {
    let inside = array(text)?.strip_prefix('[').ok_or(DecodeError::Payload)?;
    let mut values = Deserializer::from_str(inside).into_iter::<&RawValue>();
    let name = match values.next() {
        Some(Ok(name)) => event_name(name.get())?,
        Some(Err(_)) | None => return Err(DecodeError::Payload), // an empty array
    };
    let rest = inside.get(values.byte_offset()..).unwrap_or_default().trim_start_matches(WHITESPACE);
    let arguments = rest.strip_prefix(',').unwrap_or("]");
    Ok((name, format!("[{arguments}")))
}

/// A number is a name, too, as it is spelled. No handler can be registered for a name with a lone surrogate, so such a
/// name is kept as it is spelled, with its escapes, and finds no handler.
fn event_name(json: &str) -> Result<String, DecodeError> {
    match json.strip_prefix('"') {
        Some(rest) => {
            let spelled = rest.strip_suffix('"').unwrap_or(rest);
            Ok(serde_json::from_str(json).unwrap_or_else(|_| spelled.to_owned()))
        }
        None if json.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => Ok(json.to_owned()),
        None => Err(DecodeError::Payload),
    }
}

fn value(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Option<(String, String)> {
        event(text).ok()
    }

    fn parts(name: &str, arguments: &str) -> Option<(String, String)> {
        Some((name.to_owned(), arguments.to_owned()))
    }

    #[test]
    fn arguments_stay_as_they_are_on_the_wire() {
        assert_eq!(split(r#"["a"]"#), parts("a", "[]"));
        assert_eq!(split(" [ \"a\" \n] "), parts("a", "[]"));
        assert_eq!(split(r#"["a", 1.0,1e999 ,"\ud800\u0061" ]"#), parts("a", r#"[ 1.0,1e999 ,"\ud800\u0061" ]"#));
        assert_eq!(split(r#"["a" ,["]"]]"#), parts("a", r#"[["]"]]"#));
    }

    #[test]
    fn names() {
        assert_eq!(split(r#"["\u00e9\"\ud83d\ude00"]"#), parts("é\"😀", "[]"));
        assert_eq!(split(r#"["\ud800\"",1]"#), parts(r#"\ud800\""#, "[1]"));
        assert_eq!(split("[-1.50,2]"), parts("-1.50", "[2]"));
        for text in ["[]", "[ ]", "[null]", "[true]", "[[]]", "[{}]", "{}", "", "\"a\"", r#"["a",]"#, r#"["a"]]"#] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn depth_takes_no_stack() {
        let deep = format!("[\"a\",{}{}]", "[".repeat(500_000), "]".repeat(500_000));
        assert!(event(&deep).is_ok());
        assert_eq!(array(&"[".repeat(1_000_000)), Err(DecodeError::Payload));
    }
}
