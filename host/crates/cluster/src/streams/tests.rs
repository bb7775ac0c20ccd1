//! What the real package has sent, read and written again.

use base64::Engine;
use bytes::Bytes;
use serde_json::Value;
use socket_io::Payload;

use super::*;
use crate::captured::{self, all};
use crate::{Bounds, Options, WireError};

fn bounds() -> Bounds {
    Bounds::default()
}

/// The fields of an entry.
fn fields(message: &Value) -> Vec<(String, String)> {
    let message = message.as_object().unwrap();
    ["uid", "nsp", "type", "data"]
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), message.get(*name)?.as_str()?.to_owned())))
        .collect()
}

fn entry(fields: &[(String, String)]) -> Result<Entry<'_>, WireError> {
    Entry::from_fields(fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())), &bounds())
}

#[test]
fn entries_of_the_real_package_are_read_and_written_alike() {
    let stream = all()["streams"]["stream"].as_array().unwrap().clone();
    for message in &stream {
        let fields = fields(&message["message"]);
        let entry = entry(&fields).unwrap();
        let body = entry.body(&bounds()).unwrap_or_else(|error| panic!("{error}: {message}"));
        let (Body::Emit(options, ..) | Body::Join(options, _) | Body::Leave(options, _) | Body::Disconnect(options, _)) =
            &body
        else {
            panic!("{body:?}")
        };
        assert_eq!(entry.options(&bounds()).as_ref(), Ok(options), "the look at it tells the same");
        let again = Entry::encode(&entry.uid, &entry.namespace, &body, &bounds()).unwrap();
        let written: Vec<_> =
            again.fields().into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
        assert_eq!(written, fields);
    }
    assert!(stream.len() > 8, "{}", stream.len());
}

#[test]
fn messages_of_the_real_package_are_read_and_written_alike() {
    let published = captured::published("streams");
    for captured::Published { channel, message } in &published {
        let bytes = Bytes::copy_from_slice(message);
        let message = Message::decode(&bytes, &bounds()).unwrap_or_else(|error| panic!("{error}: {bytes:?}"));
        let channels = Channels::new("socket.io", "/chat");
        assert!(*channel == channels.requests || channel.starts_with(&channels.requests));
        let written = Bytes::from(message.encode(&bounds()).unwrap());
        match message.body {
            Body::Sockets(..) => {
                let value = |bytes: &Bytes| {
                    let json = crate::from_msgpack(bytes, &bounds()).unwrap().json;
                    let mut value: Value = json.parse().unwrap();
                    value["data"]["sockets"][0]["handshake"].as_object_mut().unwrap().remove("time").unwrap();
                    value
                };
                assert_eq!(value(&written), value(&bytes));
            }
            _ => assert_eq!(written, bytes),
        }
    }
    assert!(published.len() > 6, "{}", published.len());
}

#[test]
fn sessions_of_the_real_package_are_read_and_written_alike() {
    let keys = all()["streams"]["keys"].as_object().unwrap().clone();
    for (key, value) in &keys {
        let session = Session::decode(value.as_str().unwrap(), &bounds()).unwrap();
        assert_eq!(*key, session_key(&session.pid));
        assert_eq!(session.rooms[0], session.sid);
        assert!(session.data.contains("\"nested\":[1.5,null]"), "{}", session.data);
        assert_eq!(session.encode(&bounds()).unwrap(), value.as_str().unwrap());
        let session = Session { since: Some("1-0".into()), ..session };
        assert_eq!(Session::decode(&session.encode(&bounds()).unwrap(), &bounds()), Ok(session));
    }
    assert!(!keys.is_empty());
    let binary = crate::to_msgpack(
        &Payload {
            json: r#"{"sid":"s","pid":"p","rooms":[],"data":{"b":{"_placeholder":true,"num":0}}}"#.to_owned(),
            attachments: vec![Bytes::from_static(&[1, 255])],
        },
        &bounds(),
    );
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(binary.unwrap());
    let data = r#"{"b":{"type":"Buffer","data":[1,255]}}"#;
    assert_eq!(Session::decode(&base64, &bounds()).unwrap().data, data);
}

#[test]
fn malformed_entries() {
    let read = |fields: &[(&str, &str)]| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let entry = entry(&fields)?;
        entry.options(&bounds())?;
        entry.body(&bounds()).map(|body| format!("{body:?}"))
    };
    let with = |kind: &str, data: &str| read(&[("uid", "u"), ("nsp", "/"), ("type", kind), ("data", data), ("x", "y")]);
    assert_eq!(read(&[("nsp", "/"), ("type", "1")]), Err(WireError::Member("uid")));
    assert_eq!(read(&[("uid", "u"), ("nsp", "/"), ("type", "x")]), Err(WireError::UnknownType));
    assert_eq!(read(&[("uid", "u"), ("nsp", "/"), ("type", "3")]), Err(WireError::Member("data")));
    assert_eq!(read(&[("uid", "u"), ("nsp", "/"), ("type", "2")]), Ok("Heartbeat".to_owned()));
    assert_eq!(with("14", "{}"), Err(WireError::UnknownType));
    assert_eq!(with("3", "{"), Err(WireError::Member("data")));
    assert_eq!(with("3", "{}"), Err(WireError::Member("packet")));
    assert_eq!(with("3", r#"{"packet":{"type":3,"data":["a"]}}"#), Err(WireError::Member("packet")));
    assert_eq!(with("3", r#"{"packet":{"data":["connect"]}}"#), Err(WireError::ReservedName));
    assert_eq!(with("7", r#"{"opts":{}}"#), Err(WireError::Member("requestId")));
    assert_eq!(with("3", "?"), Err(WireError::Base64));
    assert_eq!(with("3", "wA=="), Err(WireError::Member("data")));
    assert!(with("3", r#"{"packet":{"data":["a"]}}"#).is_ok());
    let bytes = Bytes::from(
        crate::to_msgpack(
            &Payload {
                json: r#"{"type":8,"uid":"u","nsp":"/","data":{"requestId":"x","sockets":7}}"#.into(),
                attachments: vec![],
            },
            &bounds(),
        )
        .unwrap(),
    );
    assert_eq!(Message::decode(&bytes, &bounds()).unwrap_err(), WireError::Member("sockets"));
    assert_eq!(Message::decode(&bytes, &Bounds { bytes: 9, ..bounds() }).unwrap_err(), WireError::TooLarge);
}

#[test]
fn bodies_without_data_and_options() {
    for (body, kind) in [(Body::InitialHeartbeat, "1"), (Body::Heartbeat, "2"), (Body::Close, "13")] {
        let entry = Entry::encode("u", "/", &body, &bounds()).unwrap();
        assert_eq!(entry.fields(), [("uid", "u".into()), ("nsp", "/".into()), ("type", kind.into())]);
        assert_eq!(entry.options(&bounds()), Ok(Options::default()));
    }
}
