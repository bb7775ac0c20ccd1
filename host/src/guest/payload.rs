//! Checks of what a guest sends, before it goes to a client as it is: JSON texts, attachments, names of events.
//!
//! Texts are read in one pass that builds no values; only a payload with attachments is walked for its placeholders.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::bindings::types;
use crate::config::HandlerLimits;
use crate::socket_io::Payload;

/// Names that mean something else at the reference server and its clients.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

pub(super) fn is_reserved(event: &str) -> bool {
    RESERVED.contains(&event)
}

/// Checks the name of an event that a guest emits. Its length counts with the payload's.
pub(super) fn check_event(event: &str) -> Result<(), types::Error> {
    if is_reserved(event) { Err(types::Error::ReservedEvent(event.to_owned())) } else { Ok(()) }
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
    if attachments == 0 {
        return read(json, Array).map_err(|error| format!("not a JSON array: {error}"));
    }
    let mut used = vec![false; attachments];
    // Placeholders can only be found by looking into everything, so this also checks the text.
    read(json, Arguments { used: &mut used }).map_err(|error| error.to_string())?;
    match used.iter().position(|used| !used) {
        Some(number) => Err(format!("attachment {number} has no placeholder")),
        None => Ok(()),
    }
}

/// Checks that the text is that of one JSON object.
pub(super) fn check_object(json: &str) -> Result<(), String> {
    read(json, Object).map_err(|error| format!("not a JSON object: {error}"))
}

/// Checks that the text is that of one JSON value.
pub(super) fn check_value(json: &str) -> Result<(), String> {
    read(json, Anything).map_err(|error| format!("not JSON: {error}"))
}

fn read<'de>(json: &'de str, seed: impl DeserializeSeed<'de, Value = ()>) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    seed.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// Takes an array of anything.
struct Array;

impl<'de> DeserializeSeed<'de> for Array {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Array {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Takes an object of anything.
struct Object;

impl<'de> DeserializeSeed<'de> for Object {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

struct Anything;

impl<'de> DeserializeSeed<'de> for Anything {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ())
    }
}

/// Takes an array, and looks for placeholders in it at any depth that `serde_json` reads (127).
struct Arguments<'a> {
    used: &'a mut [bool],
}

impl<'de> DeserializeSeed<'de> for Arguments<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Arguments<'_> {
    type Value = ();
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        while array.next_element_seed(Placeholders { used: self.used })?.is_some() {}
        Ok(())
    }
}

/// Looks for placeholders in a value of any kind.
struct Placeholders<'a> {
    used: &'a mut [bool],
}

/// A value inside an object, as far as it says whether the object is a placeholder.
enum Member {
    True,
    Number(Option<u64>),
    Other,
}

impl<'de> DeserializeSeed<'de> for Placeholders<'_> {
    type Value = Member;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Placeholders<'_> {
    type Value = Member;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Member, E> {
        Ok(if value { Member::True } else { Member::Other })
    }
    fn visit_u64<E>(self, value: u64) -> Result<Member, E> {
        Ok(Member::Number(Some(value)))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Member, E> {
        Ok(Member::Number(None))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Number(None))
    }
    fn visit_str<E>(self, _: &str) -> Result<Member, E> {
        Ok(Member::Other)
    }
    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Member, A::Error> {
        while array.next_element_seed(Placeholders { used: self.used })?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        let mut is_placeholder = false;
        let mut number = None;
        while let Some(key) = map.next_key_seed(ReadKey)? {
            let value = map.next_value_seed(Placeholders { used: self.used })?;
            // Of a key that comes twice, the last one counts, as for JavaScript's parser.
            match key {
                Key::Placeholder => is_placeholder = matches!(value, Member::True),
                Key::Num => number = if let Member::Number(number) = value { number } else { None },
                Key::Other => {}
            }
        }
        if is_placeholder {
            let used = number.and_then(|number| self.used.get_mut(usize::try_from(number).ok()?));
            *used.ok_or_else(|| A::Error::custom("a placeholder names an attachment that is not there"))? = true;
        }
        Ok(Member::Other)
    }
}

/// A key of an object.
enum Key {
    Placeholder,
    Num,
    Other,
}

struct ReadKey;

impl<'de> DeserializeSeed<'de> for ReadKey {
    type Value = Key;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ReadKey {
    type Value = Key;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }
    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(match key {
            "_placeholder" => Key::Placeholder,
            "num" => Key::Num,
            _ => Key::Other,
        })
    }
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
        assert!(check_arguments(&deep, 1).unwrap_err().contains("recursion limit"));
    }

    #[test]
    fn placeholders_and_attachments_fit() {
        let deep = r#"[1,{"a":[true,{"num":1,"_placeholder":true}]},{"_placeholder":true,"num":0}]"#;
        assert_eq!(check_arguments(deep, 2), Ok(()));
        let escaped = r#"[{"_\u0070laceholder":true,"num":0}]"#;
        assert_eq!(check_arguments(escaped, 1), Ok(()));
        let plain = r#"[{"_placeholder":false,"num":9},{"_placeholder":true,"num":0},{"num":9}]"#;
        assert_eq!(check_arguments(plain, 1), Ok(()));
        assert_eq!(check_arguments(deep, 3), Err("attachment 2 has no placeholder".into()));
        for bad in [
            r#"[{"_placeholder":true,"num":1}]"#,
            r#"[{"_placeholder":true}]"#,
            r#"[{"_placeholder":true,"num":-1}]"#,
            r#"[{"_placeholder":true,"num":0.5}]"#,
            r#"[{"_placeholder":true,"num":"0"}]"#,
            r#"[{"_placeholder":true,"num":0,"num":null}]"#,
        ] {
            let error = check_arguments(bad, 1).unwrap_err();
            assert!(error.starts_with("a placeholder names an attachment that is not there"), "{bad}: {error}");
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
