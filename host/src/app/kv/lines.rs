//! An entry as a line of JSON.
//!
//! `{"key":"visits","value":3}`; a value that is no JSON on one line is `{"key":"picture","base64":"AIlQTkc="}`. An entry
//! with a time to live also has `"ttl_ms":59000`, what is left of it. What was written reads as the same bytes.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use store::{Listed, Put};

#[derive(Serialize)]
struct Written<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    key: String,
    #[serde(default, deserialize_with = "also_null")]
    value: Option<Box<RawValue>>,
    base64: Option<String>,
    ttl_ms: Option<u64>,
}

/// `null` is a value, too.
fn also_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

pub(super) fn write(listed: &Listed, keys_only: bool) -> serde_json::Result<String> {
    let bytes = &listed.entry.value;
    let value = json(bytes).filter(|_| !keys_only);
    let base64 = (value.is_none() && !keys_only).then(|| STANDARD.encode(bytes));
    let ttl_ms = listed.ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
    serde_json::to_string(&Written { key: &listed.key, value, base64, ttl_ms })
}

/// The value as JSON, if that is exactly these bytes, on one line.
fn json(bytes: &[u8]) -> Option<&RawValue> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains(['\n', '\r']))?;
    serde_json::from_str::<&RawValue>(text).ok().filter(|value| value.get().len() == text.len())
}

/// # Errors
///
/// What is wrong, without the line's number.
pub(super) fn read(line: &[u8]) -> Result<Put, String> {
    let Read { key, value, base64, ttl_ms } = serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        format!("{what}, at column {}", error.column())
    })?;
    let value = match (value, base64) {
        (Some(value), None) => value.get().as_bytes().to_vec(),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|error| format!("`base64` is wrong: {error}"))?,
        _ => return Err("an entry has either `value` or `base64`".to_owned()),
    };
    Ok(Put { key, value, ttl: ttl_ms.map(Duration::from_millis) })
}

#[cfg(test)]
mod tests {
    use store::Entry;

    use super::*;

    fn listed(value: &[u8], ttl: Option<u64>) -> Listed {
        let entry = Entry { value: value.to_vec(), version: 1 };
        Listed { key: "a\n\"\u{0}é".to_owned(), entry, ttl: ttl.map(Duration::from_millis) }
    }

    #[test]
    fn what_was_written_reads_as_the_same_bytes() {
        let values: [&[u8]; 13] = [
            b"3",
            b"null",
            b"1.0",
            b"-0",
            b"\"x\"",
            br#"{"a":1,"a":2}"#,
            br#""\ud800""#,
            b"[1,\n2]",
            b" 1",
            b"",
            b"\x00\x01",
            b"\xFF",
            b"12345678901234567890123",
        ];
        for value in values {
            let line = write(&listed(value, None), false).unwrap();
            assert!(!line.contains('\n'));
            let put = read(line.as_bytes()).unwrap();
            assert_eq!((put.key.as_str(), put.value.as_slice(), put.ttl), ("a\n\"\u{0}é", value, None), "{line}");
        }
    }

    #[test]
    fn lines_are_for_people_too() {
        let line = |value: &[u8], ttl| {
            let listed = Listed { key: "k".to_owned(), ..listed(value, ttl) };
            (write(&listed, false).unwrap(), write(&listed, true).unwrap())
        };
        assert_eq!(line(b"[1.50]", Some(5)).0, r#"{"key":"k","value":[1.50],"ttl_ms":5}"#);
        assert_eq!(line(b"\x00abc", None).0, r#"{"key":"k","base64":"AGFiYw=="}"#);
        assert_eq!(line(b"null", Some(5)).1, r#"{"key":"k","ttl_ms":5}"#);
    }

    #[test]
    fn what_is_no_entry_is_told() {
        for (line, says) in [
            ("", "EOF while parsing a value, at column 0"),
            (r#"{"key":"a"}"#, "an entry has either `value` or `base64`"),
            (r#"{"key":"a","value":1,"base64":""}"#, "an entry has either `value` or `base64`"),
            (r#"{"value":1}"#, "missing field `key`, at column 11"),
            (
                r#"{"key":"a","value":1,"vaule":2}"#,
                "unknown field `vaule`, expected one of `key`, `value`, `base64`, `ttl_ms`, at column 28",
            ),
            (r#"{"key":"a","base64":"AA"}"#, "`base64` is wrong: Invalid padding"),
            (r#"{"key":"a","value":01}"#, "invalid number, at column 21"),
        ] {
            assert_eq!(read(line.as_bytes()).unwrap_err(), says);
        }
    }
}
