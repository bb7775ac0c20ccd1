//! The decoder compared with the reference's, `socket.io-parser` 4.2.7: same inputs, same outcomes.

use std::str::FromStr;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;

/// The result of the reference's `Decoder` for each text: the packet that it emitted, none for an error. If attachments
/// were due, it got as many as it wanted, with the bytes `attachment 0` and so on; `data` has them as strings.
const REFERENCE: &[(&str, Option<&str>)] = &[
    ("0", Some(r#"{"type":0,"nsp":"/"}"#)),
    ("0/", Some(r#"{"type":0,"nsp":"/"}"#)),
    ("0/chat", Some(r#"{"type":0,"nsp":"/chat"}"#)),
    ("0/chat,", Some(r#"{"type":0,"nsp":"/chat"}"#)),
    (r#"0{"token":"x"}"#, Some(r#"{"type":0,"nsp":"/","data":{"token":"x"}}"#)),
    (r#"0/chat,{"token":"x"}"#, Some(r#"{"type":0,"nsp":"/chat","data":{"token":"x"}}"#)),
    ("0/chat?a=b,", Some(r#"{"type":0,"nsp":"/chat?a=b"}"#)),
    ("0[]", None),
    ("0null", None),
    (r#"0"x""#, None),
    ("0{", None),
    ("0{}x", None),
    ("07{}", Some(r#"{"type":0,"nsp":"/","id":7,"data":{}}"#)),
    ("0/a,{}  ", Some(r#"{"type":0,"nsp":"/a","data":{}}"#)),
    ("1", Some(r#"{"type":1,"nsp":"/"}"#)),
    ("1/chat", Some(r#"{"type":1,"nsp":"/chat"}"#)),
    ("1/chat,", Some(r#"{"type":1,"nsp":"/chat"}"#)),
    ("1{}", None),
    ("15", Some(r#"{"type":1,"nsp":"/","id":5}"#)),
    ("1/chat,5", Some(r#"{"type":1,"nsp":"/chat","id":5}"#)),
    ("1x", None),
    (r#"2["a"]"#, Some(r#"{"type":2,"nsp":"/","data":["a"]}"#)),
    (r#"2/,["a"]"#, Some(r#"{"type":2,"nsp":"/","data":["a"]}"#)),
    (r#"2//,["a"]"#, Some(r#"{"type":2,"nsp":"//","data":["a"]}"#)),
    (r#"2/chat,["a",1]"#, Some(r#"{"type":2,"nsp":"/chat","data":["a",1]}"#)),
    (r#"2/chat,12["a"]"#, Some(r#"{"type":2,"nsp":"/chat","id":12,"data":["a"]}"#)),
    (r#"212["a",{"b":[1,2]},null,"é"]"#, Some(r#"{"type":2,"nsp":"/","id":12,"data":["a",{"b":[1,2]},null,"é"]}"#)),
    (r#"2007["a"]"#, Some(r#"{"type":2,"nsp":"/","id":7,"data":["a"]}"#)),
    (r#"29007199254740991["a"]"#, Some(r#"{"type":2,"nsp":"/","id":9007199254740991,"data":["a"]}"#)),
    (r#"2[ "a" , 1 ]"#, Some(r#"{"type":2,"nsp":"/","data":["a",1]}"#)),
    ("212 [\"a\"]\n", Some(r#"{"type":2,"nsp":"/","id":12,"data":["a"]}"#)),
    (r#"2[1,"x"]"#, Some(r#"{"type":2,"nsp":"/","data":[1,"x"]}"#)),
    ("2[-5]", Some(r#"{"type":2,"nsp":"/","data":[-5]}"#)),
    (r#"2["\u0061\n"]"#, Some(r#"{"type":2,"nsp":"/","data":["a\n"]}"#)),
    (r#"2["a\"b",1]"#, Some(r#"{"type":2,"nsp":"/","data":["a\"b",1]}"#)),
    (r#"2[""]"#, Some(r#"{"type":2,"nsp":"/","data":[""]}"#)),
    (r#"2["$connect"]"#, Some(r#"{"type":2,"nsp":"/","data":["$connect"]}"#)),
    (r#"2["connect"]"#, None),
    (r#"2["connect_error"]"#, None),
    (r#"2["disconnect"]"#, None),
    (r#"2["disconnecting"]"#, None),
    (r#"2["newListener"]"#, None),
    (r#"2["removeListener"]"#, None),
    (r#"2["\u0063onnect"]"#, None),
    ("2[]", None),
    ("2[null]", None),
    ("2[true]", None),
    (r#"2[["a"]]"#, None),
    ("2[{}]", None),
    ("2{}", None),
    (r#"2"a""#, None),
    (r#"2["a",]"#, None),
    (r#"2["a""#, None),
    (r#"2["a"]]"#, None),
    ("2['a']", None),
    (r#"2["a",01]"#, None),
    (r#"2["a",NaN]"#, None),
    ("2[\"a\tb\"]", None),
    (r#"2-1["a"]"#, None),
    (
        r#"2["a",{"_placeholder":true,"num":9}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a",{"_placeholder":true,"num":9}]}"#),
    ),
    (r#"31["a"]"#, Some(r#"{"type":3,"nsp":"/","id":1,"data":["a"]}"#)),
    ("31[]", Some(r#"{"type":3,"nsp":"/","id":1,"data":[]}"#)),
    ("31", Some(r#"{"type":3,"nsp":"/","id":1}"#)),
    ("3/chat,1[1]", Some(r#"{"type":3,"nsp":"/chat","id":1,"data":[1]}"#)),
    ("31{}", None),
    ("31null", None),
    (r#"31["connect"]"#, Some(r#"{"type":3,"nsp":"/","id":1,"data":["connect"]}"#)),
    (r#"51-["a",{"_placeholder":true,"num":0}]"#, Some(r#"{"type":2,"nsp":"/","data":["a","attachment 0"]}"#)),
    (
        r#"51-/chat,7["a",{"_placeholder":true,"num":0}]"#,
        Some(r#"{"type":2,"nsp":"/chat","id":7,"data":["a","attachment 0"]}"#),
    ),
    (
        r#"52-["a",{"_placeholder":true,"num":1},{"x":[{"_placeholder":true,"num":0}]}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a","attachment 1",{"x":["attachment 0"]}]}"#),
    ),
    (
        r#"51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a","attachment 0","attachment 0"]}"#),
    ),
    (r#"52-["a",{"_placeholder":true,"num":0}]"#, Some(r#"{"type":2,"nsp":"/","data":["a","attachment 0"]}"#)),
    (r#"51-["a"]"#, Some(r#"{"type":2,"nsp":"/","data":["a"]}"#)),
    (r#"01-["a"]"#, None),
    (r#"501-["a",{"_placeholder":true,"num":0}]"#, Some(r#"{"type":2,"nsp":"/","data":["a","attachment 0"]}"#)),
    (r#"51-["a",{"_placeholder":true,"num":1}]"#, None),
    (r#"51-["a",{"_placeholder":true,"num":-1}]"#, None),
    (r#"51-["a",{"_placeholder":true,"num":"0"}]"#, None),
    (r#"51-["a",{"_placeholder":true}]"#, None),
    (r#"51-["a",{"_placeholder":1,"num":5}]"#, Some(r#"{"type":2,"nsp":"/","data":["a",{"_placeholder":1,"num":5}]}"#)),
    (
        r#"51-["a",{"_placeholder":false,"num":5}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a",{"_placeholder":false,"num":5}]}"#),
    ),
    (
        r#"51-["a",{"num":0,"_placeholder":true,"x":{"_placeholder":true,"num":9}}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a","attachment 0"]}"#),
    ),
    (r#"51-["a",{"_place\u0068older":true,"num":7}]"#, None),
    (
        r#"51-["a",{"_placeholder":true,"num":7,"_placeholder":false}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a",{"_placeholder":false,"num":7}]}"#),
    ),
    (
        r#"51-["a",{"_placeholder":[true],"num":7}]"#,
        Some(r#"{"type":2,"nsp":"/","data":["a",{"_placeholder":[true],"num":7}]}"#),
    ),
    (r#"51-[{"_placeholder":true,"num":0}]"#, None),
    (r#"51-["connect",{"_placeholder":true,"num":0}]"#, None),
    (r#"51["a"]"#, None),
    (r#"5-["a"]"#, None),
    (r#"50-["a"]"#, None),
    (r#"511-["a"]"#, None),
    (r#"510-["a"]"#, Some(r#"{"type":2,"nsp":"/","data":["a"]}"#)),
    (r#"5x-["a"]"#, None),
    ("51", None),
    (r#"51.5-["a"]"#, None),
    (r#"5-1-["a"]"#, None),
    (r#"61-3[{"_placeholder":true,"num":0}]"#, Some(r#"{"type":3,"nsp":"/","id":3,"data":["attachment 0"]}"#)),
    (
        r#"61-/chat,3[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
        Some(r#"{"type":3,"nsp":"/chat","id":3,"data":["attachment 0","attachment 0"]}"#),
    ),
    (r#"61-3[{"_placeholder":true,"num":1}]"#, None),
    ("61-3", Some(r#"{"type":3,"nsp":"/","id":3}"#)),
    ("7", None),
    ("x", None),
    ("-1", None),
    ("8[]", None),
];

/// Texts that the reference accepts and this decoder refuses on purpose.
const STRICTER: &[(&str, DecodeError)] = &[
    // The reference takes whitespace for a digit, and an empty text for type 0.
    ("", DecodeError::UnknownType),
    (" {}", DecodeError::UnknownType),
    (r#"2 1["a"]"#, DecodeError::Id),
    (r#"2 ["a"]"#, DecodeError::Id),
    (r#"21 2["a"]"#, DecodeError::Payload),
    ("0 ", DecodeError::Payload),
    // An event without a name, and an acknowledgement of nothing: the reference ignores them.
    ("2", DecodeError::Payload),
    ("21", DecodeError::Payload),
    (r#"2/chat["a"]"#, DecodeError::Payload),
    ("51-", DecodeError::Payload),
    (r#"3["a"]"#, DecodeError::Id),
    // The reference's server closes the connection, too.
    (r#"4{"message":"x"}"#, DecodeError::ConnectError),
    // Not exact in a double.
    (r#"29007199254740992["a"]"#, DecodeError::Id),
    // Numbers that are not spelled as integers.
    (r#"51e0-["a"]"#, DecodeError::AttachmentCount),
    (r#"5+1-["a"]"#, DecodeError::AttachmentCount),
    (r#"51-["a",{"_placeholder":true,"num":0.0}]"#, DecodeError::Placeholder),
    (r#"51-["a",{"_placeholder":true,"num":-0}]"#, DecodeError::Placeholder),
    (r#"51-["a",{"_placeholder":true,"num":0.5}]"#, DecodeError::Placeholder),
    // A duplicate member that a later one hides.
    (r#"51-["a",{"b":{"_placeholder":true,"num":7},"b":0}]"#, DecodeError::Placeholder),
];

#[test]
fn same_as_the_reference() {
    for (text, expected) in REFERENCE {
        let expected = expected.map(|json| normalized(Value::from_str(json).unwrap()));
        assert_eq!(decode(text).ok(), expected, "{text}");
    }
}

#[test]
fn stricter_than_the_reference() {
    for (text, error) in STRICTER {
        assert_eq!(decode(text), Err(*error), "{text}");
    }
}

/// Feeds a text and the attachments that it asks for.
fn decode(text: &str) -> Result<Value, DecodeError> {
    let mut decoder = Decoder::new(1000, 10);
    let mut packet = decoder.text(text)?;
    for index in 0.. {
        if !decoder.is_partial() {
            break;
        }
        packet = decoder.binary(Bytes::from(format!("attachment {index}")))?;
    }
    Ok(as_the_reference(packet.unwrap()))
}

fn as_the_reference(Packet { namespace: nsp, body }: Packet<'_>) -> Value {
    match body {
        Body::Connect { auth: None } => json!({ "type": 0, "nsp": nsp }),
        Body::Connect { auth: Some(auth) } => json!({ "type": 0, "nsp": nsp, "data": Value::from_str(&auth).unwrap() }),
        Body::Disconnect => json!({ "type": 1, "nsp": nsp }),
        Body::Event { name, payload, ack } => {
            let Value::Array(mut data) = with_attachments(&payload) else { panic!("arguments are an array") };
            data.insert(0, name.into());
            match ack {
                Some(id) => json!({ "type": 2, "nsp": nsp, "id": id, "data": data }),
                None => json!({ "type": 2, "nsp": nsp, "data": data }),
            }
        }
        Body::Ack { id, payload } => json!({ "type": 3, "nsp": nsp, "id": id, "data": with_attachments(&payload) }),
    }
}

/// The reference's packet in this decoder's terms: without meaningless ids, and with names and acknowledgements that
/// are always present and of one type.
fn normalized(mut packet: Value) -> Value {
    match packet["type"].as_u64() {
        Some(0 | 1) => {
            packet.as_object_mut().unwrap().remove("id");
        }
        Some(2) if packet["data"][0].is_number() => packet["data"][0] = packet["data"][0].to_string().into(),
        Some(3) if packet["data"].is_null() => packet["data"] = json!([]),
        _ => {}
    }
    packet
}

fn with_attachments(payload: &Payload) -> Value {
    fn replace(value: &mut Value, attachments: &[Bytes]) {
        match value {
            Value::Object(object) if object.get("_placeholder") == Some(&Value::Bool(true)) => {
                let num = object["num"].as_u64().unwrap() as usize;
                *value = String::from_utf8(attachments[num].to_vec()).unwrap().into();
            }
            Value::Object(object) => object.values_mut().for_each(|value| replace(value, attachments)),
            Value::Array(array) => array.iter_mut().for_each(|value| replace(value, attachments)),
            _ => {}
        }
    }
    let mut value = Value::from_str(&payload.json).unwrap();
    if !payload.attachments.is_empty() {
        replace(&mut value, &payload.attachments);
    }
    value
}
