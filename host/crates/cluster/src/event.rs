//! An event in JSON: the array of its name and its arguments, as all formats carry it.

use serde_json::Deserializer;
use serde_json::value::RawValue;
use socket_io::Payload;

use crate::bounds::WireError;
use crate::json::{push_string, unescape};

const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Appends an event. `arguments` is the text of a JSON array.
pub(crate) fn push_event(out: &mut String, name: &str, arguments: &str) {
    out.push('[');
    push_string(out, name);
    let inside = arguments.trim_start_matches(WHITESPACE).strip_prefix('[').unwrap_or("]");
    if !inside.trim_start_matches(WHITESPACE).starts_with(']') {
        out.push(',');
    }
    out.push_str(inside);
}

/// As [`split_event`], for an event that clients get.
///
/// # Errors
///
/// As [`split_event`], and if the name is one that only the protocol uses.
pub(crate) fn split_client_event(event: &str) -> Result<(String, String), WireError> {
    let (name, arguments) = split_event(event)?;
    if socket_io::is_reserved(&name) { Err(WireError::ReservedName) } else { Ok((name, arguments)) }
}

/// Splits an event into its name and an array of its arguments, whose text stays as it is. A number is a name, too, as
/// it is spelled.
///
/// # Errors
///
/// It is no array, or has no name.
pub(crate) fn split_event(event: &str) -> Result<(String, String), WireError> {
    let inside = event.strip_prefix('[').ok_or(WireError::Member("event"))?;
    let mut values = Deserializer::from_str(inside).into_iter::<&RawValue>();
    let Some(Ok(name)) = values.next() else { return Err(WireError::Member("event")) };
    let name = text(name.get()).ok_or(WireError::Member("event"))?;
    let rest = inside.get(values.byte_offset()..).unwrap_or_default().trim_start_matches(WHITESPACE);
    Ok((name, format!("[{}", rest.strip_prefix(',').unwrap_or("]"))))
}

/// A string's value, or a number as it is spelled; none for other JSON. JavaScript takes numbers for names of rooms and
/// events.
pub(crate) fn text(json: &str) -> Option<String> {
    match json.strip_prefix('"') {
        Some(rest) => unescape(rest.strip_suffix('"').unwrap_or(rest)).ok().map(std::borrow::Cow::into_owned),
        None if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => Some(json.to_owned()),
        None => None,
    }
}

/// The first argument of an acknowledgement, the only one that travels between nodes; none where there is none.
pub(crate) fn first_argument(payload: &Payload) -> Option<&str> {
    let inside = payload.json.trim_start_matches(WHITESPACE).strip_prefix('[')?;
    let first = Deserializer::from_str(inside).into_iter::<&RawValue>().next()?;
    first.ok().map(RawValue::get)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for (name, arguments) in [("a", "[]"), ("é\"", "[1.0, {\"b\":[]} ]"), ("\u{1}", "[ null]")] {
            let mut event = String::new();
            push_event(&mut event, name, arguments);
            assert!(serde_json::from_str::<&RawValue>(&event).is_ok(), "{event}");
            assert_eq!(split_event(&event), Ok((name.to_owned(), arguments.to_owned())));
        }
        let mut event = String::new();
        push_event(&mut event, "a", " [ ]");
        assert_eq!(event, "[\"a\" ]");
    }

    #[test]
    fn names() {
        assert_eq!(split_event(r#"[1.50,2]"#), Ok(("1.50".to_owned(), "[2]".to_owned())));
        assert_eq!(split_event(r#"["\ud800"]"#), Ok(("\u{fffd}".to_owned(), "[]".to_owned())));
        for bad in ["{}", "[]", "[null]", "[[]]", "\"a\""] {
            assert_eq!(split_event(bad), Err(WireError::Member("event")), "{bad}");
        }
        assert_eq!(split_client_event(r#"["c\u006fnnect"]"#), Err(WireError::ReservedName));
    }

    #[test]
    fn the_first_argument() {
        let first = |json: &str| {
            first_argument(&Payload { json: json.to_owned(), attachments: Vec::new() }).map(ToOwned::to_owned)
        };
        assert_eq!(first("[]"), None);
        assert_eq!(first(" [ 1.0 ,2]").as_deref(), Some("1.0"));
        assert_eq!(first("[{\"a\":[1]}]").as_deref(), Some("{\"a\":[1]}"));
    }
}
