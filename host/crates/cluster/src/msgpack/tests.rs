//! Both directions, compared with captured messages, with Node's libraries' rules, and with an independent reader.

use bytes::Bytes;
use proptest::prelude::*;
use rmpv::Value as Packed;
use serde_json::{Value, json};
use socket_io::Payload;

use crate::captured::hex;
use crate::{Bounds, WireError, from_base64, from_msgpack, to_base64, to_msgpack};

/// Messages of `notepack.io` (wire-formats.md §1), and their JSON.
const CAPTURED: &[(&str, &str)] = &[
    (
        "93a641695a49496983a47479706502a46461746193a1610181a16293c3c0cb3ff8000000000000a36e7370a52f6368617483a5726f6f6d7390\
         a665786365707490a5666c61677380",
        r#"["AiZIIi",{"type":2,"data":["a",1,{"b":[true,null,1.5]}],"nsp":"/chat"},{"rooms":[],"except":[],"flags":{}}]"#,
    ),
    (
        "93a641695a49496983a47479706502a46461746192a161c4020102a36e7370a52f6368617483a5726f6f6d7391a27231a66578636570749\
         0a5666c61677380",
        r#"["AiZIIi",{"type":2,"data":["a",{"_placeholder":true,"num":0}],"nsp":"/chat"},{"rooms":["r1"],"except":[],"flags":{}}]"#,
    ),
    (
        "93a641695a49496983a47479706502a46461746192a161a2c3a9a36e7370a52f6368617483a5726f6f6d7392a27231a27232a66578636570\
         7491a178a5666c61677381a8766f6c6174696c65c3",
        r#"["AiZIIi",{"type":2,"data":["a","é"],"nsp":"/chat"},{"rooms":["r1","r2"],"except":["x"],"flags":{"volatile":true}}]"#,
    ),
    (
        "85a3756964a641695a494969a9726571756573744964a66f62507a6443a47479706507a67061636b657483a47479706502a46461746192a3\
         61736ba171a36e7370a52f63686174a46f70747383a5726f6f6d7390a665786365707490a5666c61677381a774696d656f7574cd03e8",
        r#"{"uid":"AiZIIi","requestId":"obPzdC","type":7,"packet":{"type":2,"data":["ask","q"],"nsp":"/chat"},"opts":{"rooms":[],"except":[],"flags":{"timeout":1000}}}"#,
    ),
];

fn text(json: impl Into<String>) -> Payload {
    Payload { json: json.into(), attachments: Vec::new() }
}

fn with(json: &str, attachments: &[&'static [u8]]) -> Payload {
    Payload { json: json.to_owned(), attachments: attachments.iter().map(|data| Bytes::from_static(data)).collect() }
}

fn packed(payload: &Payload) -> Result<Vec<u8>, WireError> {
    to_msgpack(payload, &Bounds::default())
}

fn unpacked(hexadecimal: &str) -> Result<Payload, WireError> {
    from_msgpack(&hex(hexadecimal), &Bounds::default())
}

fn json_of(hexadecimal: &str) -> String {
    unpacked(hexadecimal).unwrap().json
}

#[test]
fn captured_messages() {
    for (bytes, json) in CAPTURED {
        let attachments: &[&[u8]] = if json.contains("_placeholder") { &[&[1, 2]] } else { &[] };
        let payload = with(json, attachments);
        assert_eq!(packed(&payload).unwrap(), hex(bytes), "{json}");
        assert_eq!(unpacked(bytes), Ok(payload));
    }
    let message = with(
        r#"{"packet":{"type":2,"data":["b",{"_placeholder":true,"num":0}]},"opts":{"rooms":[],"except":[],"flags":{}}}"#,
        &[&[1]],
    );
    let base64 = "gqZwYWNrZXSCpHR5cGUCpGRhdGGSoWLEAQGkb3B0c4Olcm9vbXOQpmV4Y2VwdJClZmxhZ3OA";
    assert_eq!(to_base64(&message, &Bounds::default()).unwrap(), base64);
    assert_eq!(from_base64(base64, &Bounds::default()), Ok(message));
}

/// `.emit('d', new Date(0), undefined, 2**40, -5)`.
#[test]
fn what_json_does_not_have() {
    let packet = "83a47479706502a46461746195a164d6ff00000000c0cf0000010000000000fba36e7370a52f63686174";
    let json = r#"{"type":2,"data":["d","1970-01-01T00:00:00.000Z",null,1099511627776,-5],"nsp":"/chat"}"#;
    assert_eq!(json_of(packet), json);
    // Values of notepack, encoded by it or by its old versions, and `JSON.stringify` of what it decodes.
    for (bytes, json) in [
        ("d40000", "null"),
        ("93d4000001d40000", "[null,1,null]"),
        ("83a161d40000a16201a163d40000", r#"{"b":1}"#),
        ("82a16101a162d40000", r#"{"a":1}"#),
        ("81a16181a162d40000", r#"{"a":{}}"#),
        ("d7000000000000000001", r#""1970-01-01T00:00:00.001Z""#),
        ("d7ff0ee6b28000000001", r#""1970-01-01T00:00:01.062Z""#),
        ("c70cff000f4240ffffffffffffffff", r#""1969-12-31T23:59:59.001Z""#),
        ("c70cff000000007fffffffffffffff", "null"),
        ("ca3fc00000", "1.5"),
        ("ca3dcccccd", "0.10000000149011612"),
        ("cb7ff0000000000000", "null"),
        ("cb7ff8000000000000", "null"),
        ("82c0a16101a162", r#"{"null":"a","1":"b"}"#),
    ] {
        assert_eq!(json_of(bytes), json, "{bytes}");
    }
    assert_eq!(unpacked("c7020001ff"), Ok(with(r#"{"_placeholder":true,"num":0}"#, &[&[1, 0xff]])), "an ArrayBuffer");
}

#[test]
fn numbers_keep_their_digits() {
    for number in [
        "0",
        "127",
        "128",
        "255",
        "256",
        "65535",
        "65536",
        "4294967295",
        "4294967296",
        "9007199254740993",
        "18446744073709551615",
        "-1",
        "-32",
        "-33",
        "-128",
        "-129",
        "-32768",
        "-32769",
        "-2147483648",
        "-2147483649",
        "-9223372036854775808",
        "1.5",
        "0.1",
        "1.0",
        "-0.0",
        "5e-324",
        "1.7976931348623157e308",
    ] {
        let bytes = Bytes::from(packed(&text(number)).unwrap());
        assert_eq!(from_msgpack(&bytes, &Bounds::default()).unwrap().json, number);
    }
    for (number, bytes) in [
        ("-0", "cb8000000000000000"),
        ("1e2", "cb4059000000000000"),
        ("1e999", "cb7ff0000000000000"),
        ("18446744073709551616", "cb43f0000000000000"),
    ] {
        assert_eq!(packed(&text(number)).unwrap(), hex(bytes), "{number}");
    }
}

#[test]
fn strings_of_javascript() {
    assert_eq!(packed(&text(r#""\ud800\u00e9\n""#)).unwrap(), [&[0xa6], "\u{fffd}é\n".as_bytes()].concat());
    assert_eq!(json_of("a4ff22eda0"), "\"\u{fffd}\\\"\u{fffd}\u{fffd}\"");
}

#[test]
fn placeholders_are_attachments_where_there_are_any() {
    let fake = r#"[{"_placeholder":true,"num":0}]"#;
    assert_eq!(packed(&text(fake)).unwrap(), hex("9182ac5f706c616365686f6c646572c3a36e756d00"), "data");
    assert_eq!(packed(&with(fake, &[b"x"])).unwrap(), hex("91c40178"));
    // As the reference's parser has it: other members and what is inside do not matter, the last of a name counts.
    let odd = r#"[{"x":[{"_placeholder":true,"num":0}],"num":7,"_placeholder":true,"n\u0075m":1},{"_placeholder":1}]"#;
    assert_eq!(packed(&with(odd, &[b"x", b"y"])).unwrap(), hex("92c4017981ac5f706c616365686f6c64657201"));
    for bad in
        [r#"[{"_placeholder":true,"num":1}]"#, r#"[{"_placeholder":true,"num":"0"}]"#, r#"[{"_placeholder":true}]"#]
    {
        assert_eq!(packed(&with(bad, &[b"x"])), Err(WireError::Placeholder), "{bad}");
    }
    // `[Buffer, {_placeholder: true, num: 1}]` would make a client wait for an attachment that does not come.
    assert_eq!(unpacked("92c4017882ac5f706c616365686f6c646572c3a36e756d01"), Err(WireError::Placeholder));
}

#[test]
fn malformed_texts_and_messages() {
    for json in [
        "",
        " ",
        "[",
        "]",
        "[1",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "{}}",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{,}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "[:]",
        "1 2",
        "[\"\\x\"]",
        "nulll",
        "[01]",
        ":",
        ",",
    ] {
        assert_eq!(packed(&text(json)), Err(WireError::Json), "{json}");
    }
    for bytes in ["", "c1", "91", "92c0", "81a161", "a2c3", "c0c0", "dc0001", "cf00", "d40500", "c702ff0000", "8190c0"]
    {
        assert_eq!(unpacked(bytes), Err(WireError::Msgpack), "{bytes}");
    }
    assert_eq!(from_base64("=x", &Bounds::default()), Err(WireError::Base64));
}

#[test]
fn bounds_hold() {
    let bounds = Bounds { bytes: 100, depth: 3, attachments: 2 };
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(to_msgpack(&text(nested(3)), &bounds).is_ok());
    assert_eq!(to_msgpack(&text(nested(4)), &bounds), Err(WireError::TooDeep));
    assert_eq!(to_msgpack(&text(format!("{:101}", 1)), &bounds), Err(WireError::TooLarge));
    // One attachment may be there several times.
    let big = Payload {
        json: r#"[{"_placeholder":true,"num":0},1]"#.replace('1', r#"{"_placeholder":true,"num":0}"#),
        attachments: vec![Bytes::from(vec![0; 60])],
    };
    assert_eq!(to_msgpack(&big, &bounds), Err(WireError::TooLarge));
    // Also inside another placeholder, from which nothing is left.
    let hidden = Payload {
        json: format!(r#"{{"a":{},"_placeholder":true,"num":1}}"#, big.json),
        attachments: vec![Bytes::from(vec![0; 60]), Bytes::new()],
    };
    assert_eq!(to_msgpack(&hidden, &Bounds { bytes: 119, ..bounds }), Err(WireError::TooLarge));

    let read = |bytes: &[u8]| from_msgpack(&Bytes::copy_from_slice(bytes), &bounds);
    assert!(read(&[0x91, 0x91, 0x90]).is_ok());
    assert_eq!(read(&[0x91, 0x91, 0x91, 0x90]), Err(WireError::TooDeep));
    assert_eq!(read(&[0xc0; 101]), Err(WireError::TooLarge));
    assert_eq!(read(&[0x93, 0xc4, 0, 0xc4, 0, 0xc4, 0]), Err(WireError::TooManyAttachments));
    let controls = [&[0xd9, 20][..], &[1; 20]].concat();
    assert_eq!(read(&controls), Err(WireError::TooLarge), "six characters each");
    let deep = Bounds { depth: usize::MAX, bytes: usize::MAX, ..bounds };
    let bytes = to_msgpack(&text(nested(300_000)), &deep).unwrap();
    assert_eq!(from_msgpack(&bytes.into(), &deep).unwrap().json, nested(300_000), "depth takes no stack");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-300..300i64).prop_map(Value::from),
        any::<i32>().prop_map(|half| Value::from(f64::from(half) / 2.0)),
        any::<String>().prop_map(Value::from),
        "[a-z]{250,260}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 200, 40, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..40)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// An independent reader's value as JSON.
fn as_json(value: Packed) -> Value {
    match value {
        Packed::Nil => Value::Null,
        Packed::Boolean(value) => value.into(),
        Packed::Integer(value) => value.as_u64().map_or_else(|| value.as_i64().into(), Value::from),
        Packed::F64(value) => value.into(),
        Packed::String(value) => value.into_str().into(),
        Packed::Array(values) => values.into_iter().map(as_json).collect(),
        Packed::Map(members) => Value::Object(
            members.into_iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), as_json(value))).collect(),
        ),
        other => panic!("{other}"),
    }
}

proptest! {
    #[test]
    fn any_value(value in value(), pretty in any::<bool>()) {
        let json = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let bytes = packed(&text(json.unwrap())).unwrap();
        let independent = rmpv::decode::read_value(&mut &*bytes).unwrap();
        // The forms are the shortest, as the independent writer's are.
        let mut written = Vec::new();
        rmpv::encode::write_value(&mut written, &independent).unwrap();
        prop_assert_eq!(&written, &bytes);
        prop_assert_eq!(as_json(independent), value.clone());
        let back = from_msgpack(&bytes.into(), &Bounds::default()).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&back.json).unwrap(), value);
    }

    #[test]
    fn attachments_anywhere(value in value(), data in prop::collection::vec(any::<Vec<u8>>(), 1..20)) {
        let placeholders = (0..data.len()).map(|num| json!({ "a": [value, { "_placeholder": true, "num": num }] }));
        let json = Value::from_iter(placeholders).to_string();
        let payload = Payload { json, attachments: data.into_iter().map(Bytes::from).collect() };
        let bounds = Bounds { bytes: usize::MAX, ..Bounds::default() };
        let back = from_msgpack(&to_msgpack(&payload, &bounds).unwrap().into(), &bounds).unwrap();
        prop_assert_eq!(back.attachments, payload.attachments);
        prop_assert_eq!(back.json.parse::<Value>().unwrap(), payload.json.parse::<Value>().unwrap());
    }
}
