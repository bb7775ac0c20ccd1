//! Checks of what a guest sends, before it goes to a client as it is: JSON texts, attachments, names of events.
//!
//! Texts are read in one pass that builds no values; only a payload with attachments is walked for its placeholders.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::bindings::types;
use crate::config::HandlerLimits;
use crate::socket_io::{self, Payload};

/// Checks the name of an event that a guest emits. Its length counts with the payload's.
pub(super) fn check_event(event: &str) -> Result<(), types::Error> {
    if socket_io::is_reserved(event) { Err(types::Error::ReservedEvent(event.to_owned())) } else { Ok(()) }
}

/// Checks a payload's size, with `name` bytes that go into the same packet. Cheap: it looks at lengths only.
pub(super) fn check_size(payload: &types::Payload, name: usize, limits: &HandlerLimits) -> Result<(), types::Error> {
    if size(payload) + name > limits.payload {
        return Err(types::Error::PayloadTooLarge(limits.payload as u64));
    }
    let attachments = payload.attachments.len();
    if attachments > limits.attachments {
        return Err(types::Error::InvalidPayload(format!("{attachments} attachments, at most {}", limits.attachments)));
    }
    Ok(())
}

pub(super) fn size(payload: &types::Payload) -> usize {
    payload.json.len() + payload.attachments.iter().map(Vec::len).sum::<usize>()
}

/// Checks a payload's text and placeholders.
pub(super) fn check(payload: types::Payload) -> Result<Payload, types::Error> {
    check_arguments(&payload.json, payload.attachments.len()).map_err(types::Error::InvalidPayload)?;
    let attachments = payload.attachments.into_iter().map(Bytes::from).collect();
    Ok(Payload { json: payload.json, attachments })
}

fn check_arguments(json: &str, attachments: usize) -> Result<(), String> {
    check_json(json, "[", "an array")?;
    if attachments == 0 {
        return Ok(());
    }
    socket_io::check_placeholders(json, attachments).map_err(|error| error.to_string())
}

/// Checks that the text is that of one JSON object.
pub(super) fn check_object(json: &str) -> Result<(), String> {
    check_json(json, "{", "an object")
}

/// Checks that the text is that of one JSON value.
pub(super) fn check_value(json: &str) -> Result<(), String> {
    check_json(json, "", "a value")
}

/// Checks that the text is that of one JSON value that begins so.
fn check_json(json: &str, start: &str, name: &str) -> Result<(), String> {
    let value: &RawValue = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
    if value.get().starts_with(start) { Ok(()) } else { Err(format!("not {name} of JSON")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_array_is_needed() {
        for good in ["[]", " [1, {\"a\": [null]}] ", r#"["\u00e9"]"#, r#"[{"_placeholder":true,"num":7}]"#] {
            assert_eq!(check_arguments(good, 0), Ok(()), "{good}");
        }
        for bad in ["", "{}", "1", "[1", "[1] 2", "[1,]", "[nul]", "[\"\n\"]", "['a']", "[01]"] {
            assert!(check_arguments(bad, 0).is_err(), "{bad}");
            assert!(check_arguments(bad, 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = "[".repeat(500_000) + &"]".repeat(500_000);
        assert_eq!(check_arguments(&deep, 0), Ok(()));
        assert_eq!(check_arguments(&deep, 1), Ok(()));
    }

    #[test]
    fn placeholders_and_attachments_fit() {
        let deep = r#"[1,{"a":[true,{"num":1,"_placeholder":true}]},{"_placeholder":true,"num":0}]"#;
        assert_eq!(check_arguments(deep, 2), Ok(()));
        let escaped = r#"[{"_\u0070laceholder":true,"num":0}]"#;
        assert_eq!(check_arguments(escaped, 1), Ok(()));
        let plain = r#"[{"_placeholder":false,"num":9},{"_placeholder":true,"num":0},{"num":9}]"#;
        assert_eq!(check_arguments(plain, 1), Ok(()));
        assert_eq!(check_arguments(deep, 3), Ok(()), "an attachment that nothing refers to is sent all the same");
        for bad in [
            r#"[{"_placeholder":true,"num":1}]"#,
            r#"[{"_placeholder":true}]"#,
            r#"[{"_placeholder":true,"num":-1}]"#,
            r#"[{"_placeholder":true,"num":0.5}]"#,
            r#"[{"_placeholder":true,"num":"0"}]"#,
            r#"[{"_placeholder":true,"num":0,"num":null}]"#,
        ] {
            assert!(check_arguments(bad, 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn objects_and_values() {
        assert_eq!(check_object(r#" {"a":[1]} "#), Ok(()));
        assert!(check_object("[]").is_err());
        assert!(check_object("{} {}").is_err());
        assert_eq!(check_value("null"), Ok(()));
        assert!(check_value("nul").is_err());
        assert!(check_value("").is_err());
    }

    #[test]
    fn sizes_are_bounded_before_anything_is_read() {
        let limits = HandlerLimits { payload: 10, attachments: 2, ..HandlerLimits::default() };
        let payload = |json: &str, attachments: &[usize]| types::Payload {
            json: json.to_owned(),
            attachments: attachments.iter().map(|length| vec![0; *length]).collect(),
        };
        assert!(check_size(&payload("[1,2]", &[2, 1]), 2, &limits).is_ok());
        let too_large = check_size(&payload("[1,2]", &[2, 1]), 3, &limits);
        assert!(matches!(too_large, Err(types::Error::PayloadTooLarge(10))));
        let too_many = check_size(&payload("[]", &[0, 0, 0]), 0, &limits);
        assert!(matches!(too_many, Err(types::Error::InvalidPayload(_))));
    }

    proptest! {
        #[test]
        fn texts_are_judged_as_the_parser_does(text in r#"[\[\]{}:,"a1 .e-]{0,12}"#) {
            let expected = serde_json::from_str::<Vec<Value>>(&text).is_ok();
            prop_assert_eq!(check_arguments(&text, 0).is_ok(), expected);
        }

        #[test]
        fn any_text_is_safe_to_check(text in any::<String>(), attachments in 0_usize..3) {
            let _ = check_arguments(&text, attachments);
        }
    }
}
