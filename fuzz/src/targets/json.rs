//! The Rust SDK's reader of JSON against that of serde_json: both read the same values, or both refuse.
//!
//! The input is a text. The host passes JSON to guests and nothing else, so for any other text the reader only has to
//! return: it may accept it, as it does not check what it skips.
//!
//! For JSON, the reader differs from serde_json in these points, and in no others:
//!
//! - half of a surrogate pair is replaced and not refused ([`whole`]);
//! - the most levels of nesting are 128, not 127 ([`MAX_DEPTH`]);
//! - a struct is an object and never an array ([`has_array_for_struct`]).
//!
//! It reads neither 128-bit integers nor keys that are booleans, floats or options, which serde_json does. An `f32` is
//! rounded from the `f64`. None of these are among the types here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use guest_sdk::json;

/// serde_json refuses what is nested deeper.
const MAX_DEPTH: usize = 127;

#[derive(Serialize, Deserialize)]
struct Record {
    text: Option<String>,
    #[serde(default)]
    count: u64,
    #[serde(rename = "camelCase")]
    delta: Option<i64>,
    ratio: Option<f64>,
    flag: Option<bool>,
    letter: Option<char>,
    bytes: Option<Vec<u8>>,
    pair: Option<(i8, String)>,
    unit: Option<()>,
    wrapped: Option<Wrapped>,
    shapes: Option<Vec<Shape>>,
    next: Option<Box<Record>>,
}

#[derive(Serialize, Deserialize)]
struct Wrapped(i32);

#[derive(Serialize, Deserialize)]
enum Shape {
    Empty,
    Dot(f64),
    Line(i8, i8),
    Circle { radius: u32 },
}

/// An object with the member `type`. serde reads such a value as any type first.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Tagged {
    Text { text: String },
    Number { number: f64 },
    List { list: Vec<Value> },
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    List(Vec<Untagged>),
    Object(BTreeMap<String, Untagged>),
}

#[derive(Serialize, Deserialize)]
struct Flat {
    text: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// As the SDK replaces placeholders.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholder {
    _placeholder: bool,
    num: u8,
}

/// Reads the text as every type.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let whole = serde_json::from_str::<IgnoredAny>(text).is_ok().then(|| whole(text));
    let whole = whole.as_deref().filter(|whole| depth(whole) <= MAX_DEPTH);

    read::<Value>(text, whole);
    read::<()>(text, whole);
    read::<bool>(text, whole);
    read::<i8>(text, whole);
    read::<i64>(text, whole);
    read::<u64>(text, whole);
    read::<f64>(text, whole);
    read::<char>(text, whole);
    read::<String>(text, whole);
    read::<Option<i16>>(text, whole);
    read::<Vec<String>>(text, whole);
    read::<Vec<Option<f64>>>(text, whole);
    read::<(u8, String)>(text, whole);
    read::<[u16; 3]>(text, whole);
    read::<BTreeMap<String, Value>>(text, whole);
    read::<BTreeMap<i16, Vec<u64>>>(text, whole);
    read::<BTreeMap<u64, bool>>(text, whole);
    read::<BTreeMap<char, Shape>>(text, whole);
    read::<Record>(text, whole);
    read::<Vec<Record>>(text, whole);
    read::<Shape>(text, whole);
    read::<Vec<Shape>>(text, whole);
    read::<Tagged>(text, whole);
    read::<Untagged>(text, whole);
    read::<Flat>(text, whole);

    take_apart(text);
    if let Some(whole) = whole {
        take_apart_as_serde_json(whole);
    }
}

/// `whole` is the text for serde_json, if it is JSON.
fn read<T: Serialize + DeserializeOwned>(text: &str, whole: Option<&str>) {
    let ours = json::from_str::<T>(text);
    let Some(whole) = whole else { return };
    match (ours, serde_json::from_str::<T>(whole)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(value(&ours), value(&theirs), "{text}"),
        (Ok(ours), Err(error)) => panic!("accepted as {}: {text}: {error}", value(&ours)),
        (Err(problem), Ok(theirs)) => {
            // A `Value` has no number that is out of range, but what is skipped may.
            let Ok(given) = serde_json::from_str(whole) else { return };
            assert!(has_array_for_struct(&given, &value(&theirs)), "refused: {text}: {problem}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// No text must do harm, JSON or not.
fn take_apart(text: &str) {
    let _ = json::elements(text);
    let _ = json::members(text);
    let _ = json::replace_objects(text, |_: Placeholder| Some(String::new()));
}

fn take_apart_as_serde_json(text: &str) {
    let elements: Option<Vec<_>> =
        json::elements(text).ok().map(|spans| spans.into_iter().map(|span| &text[span]).collect());
    let expected: Option<Vec<&RawValue>> = serde_json::from_str(text).ok();
    assert_eq!(elements, expected.map(|raws| raws.into_iter().map(RawValue::get).collect()), "{text}");

    let members = json::members(text).ok();
    let members: Option<Vec<_>> =
        members.map(|members| members.into_iter().map(|member| (member.key.into_owned(), member.value)).collect());
    assert_eq!(members, raw_members(text), "{text}");

    let replacement = |placeholder: Placeholder| placeholder._placeholder.then(|| placeholder.num.to_string());
    let replaced = json::replace_objects(text, replacement).ok().unwrap();
    if serde_json::from_str::<Value>(text).is_ok() {
        assert_eq!(serde_json::from_str::<Value>(&replaced).unwrap(), with_numbers(text), "{text}");
    }
}

/// The text with the halves of surrogate pairs replaced, as the SDK replaces them.
fn whole(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        whole.push_str(&rest[..start]);
        let escape = &rest[start..];
        let length = match (half(escape), escape.get(6..).and_then(half)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => 0,
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        if length == 0 {
            whole.push_str("\\ufffd");
            rest = &escape[6..];
        } else {
            whole.push_str(&escape[..length]);
            rest = &escape[length..];
        }
    }
    whole + rest
}

/// The code of an escape such as `\ud83d`.
fn half(escape: &str) -> Option<u32> {
    u32::from_str_radix(escape.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Levels of brackets outside strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut inside, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => inside = !inside,
            b'[' | b'{' if !inside => {
                depth += 1;
                most = most.max(depth);
            }
            b']' | b'}' if !inside => depth -= 1,
            _ => {}
        }
    }
    most
}

/// Whether an array of the text was read as a struct, which is written as an object.
fn has_array_for_struct(given: &Value, written: &Value) -> bool {
    match (given, written) {
        (Value::Array(_), Value::Object(_)) => true,
        (Value::Array(given), Value::Array(written)) => {
            given.iter().zip(written).any(|(given, written)| has_array_for_struct(given, written))
        }
        (Value::Object(given), Value::Object(written)) => written
            .iter()
            .any(|(key, written)| given.get(key).is_some_and(|given| has_array_for_struct(given, written))),
        _ => false,
    }
}

/// The members of an object in their order, with those of one key.
fn raw_members(text: &str) -> Option<Vec<(String, &str)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de str)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<_, &RawValue>()? {
                members.push((key, value.get()));
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(text).deserialize_map(Members).ok()
}

/// The value of a text, with numbers in place of its placeholders.
fn with_numbers(text: &str) -> Value {
    if let Some(members) = raw_members(text) {
        return match serde_json::from_str::<Placeholder>(text) {
            Ok(Placeholder { _placeholder: true, num }) => num.into(),
            _ => members.into_iter().map(|(key, value)| (key, with_numbers(value))).collect(),
        };
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(elements) => elements.into_iter().map(|element| with_numbers(element.get())).collect(),
        Err(_) => serde_json::from_str(text).unwrap(),
    }
}
