//! Messages that the real packages have sent, read and written again: the bytes stay the same.

use std::borrow::Cow;

use bytes::Bytes;
use socket_io::Payload;

use super::*;
use crate::captured::{self, hex};
use crate::{Bounds, Options, WireError};

fn bounds() -> Bounds {
    Bounds::default()
}

fn names(names: &[&'static str]) -> Vec<Cow<'static, str>> {
    names.iter().map(|name| Cow::Borrowed(*name)).collect()
}

fn payload(json: &str) -> Payload {
    Payload { json: json.to_owned(), attachments: Vec::new() }
}

/// Every captured broadcast, request and response.
#[test]
fn what_the_real_packages_send_is_read_and_written_alike() {
    let (mut broadcasts, mut requests, mut responses) = (0, 0, 0);
    for captured::Published { channel, message } in captured::published("pubsub") {
        let bytes = Bytes::from(message);
        let shown = format!("{channel}: {}", String::from_utf8_lossy(&bytes));
        let written = if channel.starts_with("socket.io-request#/chat#") {
            requests += 1;
            let request =
                Request::decode(&bytes, "/chat", &bounds()).unwrap_or_else(|error| panic!("{error}: {shown}"));
            request.encode("/chat", &bounds())
        } else if channel.starts_with("socket.io-response#/chat#") {
            responses += 1;
            let response =
                Response::decode(&bytes, |_| true, &bounds()).unwrap_or_else(|error| panic!("{error}: {shown}"));
            response.unwrap().encode(&bounds())
        } else {
            broadcasts += 1;
            let broadcast = Broadcast::look(&bytes, &bounds()).unwrap_or_else(|error| panic!("{error}: {shown}"));
            assert_eq!(broadcast.namespace, "/chat");
            let channels = Channels::new("socket.io", "/chat", "");
            assert_eq!(channels.broadcast(&broadcast.options.rooms), channel, "{shown}");
            let (event, payload) = broadcast.event(&bounds()).unwrap();
            let Broadcast { uid, namespace, options, .. } = &broadcast;
            // The emitter's order is another one.
            if uid == "emitter" {
                continue;
            }
            Broadcast::encode(uid, namespace, options, &event, &payload, &bounds())
        };
        let written = written.unwrap();
        assert_eq!(readable(&written), readable(&bytes), "{shown}");
    }
    assert!(broadcasts > 5 && requests > 8 && responses > 3, "{broadcasts} {requests} {responses}");
}

/// Bytes for a failed assertion. What Node's handshake has in other orders and forms is compared as a value.
fn readable(bytes: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(mut value) if value["sockets"][0].is_object() => {
            for socket in value["sockets"].as_array_mut().unwrap() {
                let handshake = socket["handshake"].as_object_mut().unwrap();
                // `Date.toString` in the local time zone there, in UTC here.
                assert!(handshake.remove("time").is_some_and(|time| time.as_str().unwrap().contains(" GMT")));
            }
            value.to_string()
        }
        _ => bytes.escape_ascii().to_string(),
    }
}

#[test]
fn a_broadcast_is_looked_at() {
    let bytes = hex(
        "93a641695a49496983a47479706502a46461746192a161a2c3a9a36e7370a52f6368617483a5726f6f6d7392a27231a27232a6657863657074\
         91a178a5666c61677381a8766f6c6174696c65c3",
    );
    let broadcast = Broadcast::look(&bytes, &bounds()).unwrap();
    assert_eq!((&*broadcast.uid, &*broadcast.namespace), ("AiZIIi", "/chat"));
    let expected = Options { rooms: names(&["r1", "r2"]), except: names(&["x"]), volatile: true, timeout: None };
    assert_eq!(broadcast.options, expected);
    assert!(broadcast.options.may_reach(|room| room == "r2"));
    assert!(!broadcast.options.may_reach(|room| room == "x"));
    assert_eq!(broadcast.event(&bounds()), Ok(("a".to_owned(), payload(r#"["é"]"#))));
}

#[test]
fn a_broadcast_that_cannot_be_sent() {
    let encode = |json: &str, bytes| {
        let bounds = Bounds { bytes, ..bounds() };
        Broadcast::encode("u", "/", &Options::default(), "e", &payload(json), &bounds)
    };
    assert!(encode(" [1]", 60).is_ok());
    assert_eq!(encode(" [1]", 40), Err(WireError::TooLarge), "with all that is around the event");
    for json in ["{}", "1"] {
        assert_eq!(encode(json, 60), Err(WireError::Member("event")), "{json}");
    }
    for json in ["", "[", "[1,", "[]1"] {
        assert_eq!(encode(json, 60), Err(WireError::Json), "{json}");
    }
}

/// Emitters in other languages leave out what is empty, use numbers for rooms, and tell events with attachments apart.
#[test]
fn what_other_emitters_send() {
    let look = |json: &str| {
        let bytes = crate::to_msgpack(&payload(json), &bounds()).unwrap().into();
        let broadcast = Broadcast::look(&bytes, &bounds())?;
        let (event, payload) = broadcast.event(&bounds())?;
        let rooms: Vec<String> = broadcast.options.rooms.iter().map(ToString::to_string).collect();
        Ok((broadcast.namespace.into_owned(), rooms, event, payload.json))
    };
    let read = |namespace: &str, rooms: &[&str], event: &str, json: &str| {
        let rooms = rooms.iter().map(ToString::to_string).collect();
        Ok((namespace.to_owned(), rooms, event.to_owned(), json.to_owned()))
    };
    assert_eq!(look(r#"["emitter",{"data":["a",1]}]"#), read("/", &[], "a", "[1]"));
    assert_eq!(
        look(r#"[null,{"type":5,"data":[1],"nsp":"/x"},{"rooms":[7,"b",-1]}]"#),
        read("/x", &["7", "b", "-1"], "1", "[]")
    );
    assert_eq!(look(r#"["e",{"data":["a"]},{"rooms":null,"except":null,"flags":null},9]"#), read("/", &[], "a", "[]"));
    for (json, error) in [
        ("[]", WireError::Member("packet")),
        ("{}", WireError::Member("packet")),
        (r#"["e",[]]"#, WireError::Member("packet")),
        (r#"["e",{"type":2}]"#, WireError::Member("event")),
        (r#"["e",{"type":3,"data":[]}]"#, WireError::UnknownType),
        (r#"["e",{"type":"2","data":[]}]"#, WireError::UnknownType),
        (r#"["e",{"data":{}}]"#, WireError::Member("event")),
        (r#"["e",{"data":[]}]"#, WireError::Member("event")),
        (r#"["e",{"data":[null]}]"#, WireError::Member("event")),
        (r#"["e",{"data":["disconnect"]}]"#, WireError::ReservedName),
        (r#"["e",{"data":["a"],"nsp":1}]"#, WireError::Member("namespace")),
        (r#"["e",{"data":["a"]},{"rooms":[[]]}]"#, WireError::Member("rooms")),
    ] {
        assert_eq!(look(json), Err(error), "{json}");
    }
}

#[test]
fn requests_of_old_senders() {
    let decode = |json: &str| Request::decode(&Bytes::copy_from_slice(json.as_bytes()), "/chat", &bounds());
    let request = decode(r#"{"requestId":"x","type":2,"sid":"s","room":1}"#).unwrap();
    let options = Options { rooms: names(&["s"]), ..Options::default() };
    assert_eq!(request, Request { uid: None, id: Some("x".into()), ask: Ask::Join(options.clone(), vec!["1".into()]) });
    let request = decode(r#"{"requestId":"x","type":4,"sid":"s","close":true}"#).unwrap();
    assert_eq!(request.ask, Ask::Disconnect(options, true));
    assert_eq!(
        decode(r#"{"type":0,"uid":"u","requestId":"x","rooms":["a"]}"#).unwrap().ask,
        Ask::SocketIds(vec!["a".into()])
    );
    for (json, error) in [
        ("{", WireError::Member("request")),
        ("{}", WireError::Member("request")),
        (r#"{"type":10}"#, WireError::UnknownType),
        (r#"{"type":2}"#, WireError::Member("opts")),
        (r#"{"type":6}"#, WireError::Member("event")),
        (r#"{"type":7}"#, WireError::Member("packet")),
        (r#"{"type":7,"packet":{"data":["connect"],"nsp":"/chat"}}"#, WireError::ReservedName),
        (r#"{"type":7,"packet":{"data":["a"],"nsp":"/other"}}"#, WireError::Member("packet")),
    ] {
        assert_eq!(decode(json), Err(error), "{json}");
    }
    let server_side = decode(r#"{"type":6,"data":["disconnect",1.0]}"#).unwrap().ask;
    assert_eq!(server_side, Ask::ServerSideEmit("disconnect".into(), payload("[1.0]")), "no client gets it");
    let timeout = decode(r#"{"type":5,"opts":{"flags":{"timeout":1.5,"volatile":true}}}"#).unwrap().ask;
    assert_eq!(timeout, Ask::Sockets(Options { timeout: Some(1), volatile: true, ..Options::default() }));
    let small = Bounds { bytes: 10, ..bounds() };
    assert_eq!(Request::decode(&Bytes::from_static(br#"{"type":100}"#), "/", &small), Err(WireError::TooLarge));
}

#[test]
fn responses_of_others_are_passed_over() {
    let decode = |json: &str, id: &str| {
        Response::decode(&Bytes::copy_from_slice(json.as_bytes()), |request| request == id, &bounds())
    };
    assert!(decode(r#"{"requestId":"a","sockets":[1]}"#, "b").unwrap().is_none());
    assert_eq!(decode(r#"{"requestId":"a","sockets":[1]}"#, "a").unwrap_err(), WireError::Member("sockets"));
    assert_eq!(decode(r#"{"sockets":[]}"#, "a").unwrap_err(), WireError::Member("response"));
    assert_eq!(decode(r#"{"type":3,"requestId":"a"}"#, "a").unwrap_err(), WireError::UnknownType);
    let answer = |json: &str| decode(json, "a").unwrap().unwrap().answer;
    assert!(matches!(answer(r#"{"requestId":"a"}"#), Answer::Done));
    assert!(matches!(answer(r#"{"requestId":"a","sockets":["x"]}"#), Answer::SocketIds(ids) if ids == ["x"]));
    assert!(matches!(answer(r#"{"requestId":"a","sockets":[]}"#), Answer::Sockets(sockets) if sockets.is_empty()));
    let acknowledged = |json: &str| match answer(json) {
        Answer::Acknowledged(payload) | Answer::ServerSideEmit(payload) => payload.json,
        other => panic!("{other:?}"),
    };
    assert_eq!(acknowledged(r#"{"type":9,"requestId":"a"}"#), "[]");
    assert_eq!(acknowledged(r#"{"type":9,"requestId":"a","packet":null}"#), "[null]");
    assert_eq!(acknowledged(r#"{"type":6,"requestId":"a","data":null}"#), "[null]");
    let answer = answer(
        r#"{"requestId":"a","sockets":[{"id":"s","handshake":{"address":"?","headers":{"a":["1","2"],"b":null}},"data":7}]}"#,
    );
    let Answer::Sockets(sockets) = answer else { panic!("sockets") };
    assert_eq!(sockets[0].handshake.request.headers, [("a", "1"), ("a", "2")].into_iter().collect());
    assert_eq!((&*sockets[0].data, &*sockets[0].handshake.auth), ("{}", "{}"));
}

#[test]
fn channels_of_a_namespace() {
    let channels = Channels::new("p*", "/a[b]", "uid");
    assert_eq!(channels.pattern, r"p\*#/a\[b\]#*");
    assert_eq!(channels.requests, "p*-request#/a[b]#");
    assert_eq!(channels.own_responses, "p*-response#/a[b]#uid#");
    let channels = Channels::new("socket.io", "/a", "uid");
    assert_eq!(channels.broadcast(&["r"]), "socket.io#/a#r#");
    assert_eq!(channels.broadcast(&["r", "s"]), "socket.io#/a#");
    assert!(channels.may_reach("socket.io#/a#", |_| false));
    assert!(channels.may_reach("socket.io#/a#r#s#", |room| room == "r#s"));
    assert!(!channels.may_reach("socket.io#/a#r#", |_| false));
    assert!(!channels.may_reach("socket.io#/b#", |_| true));
}
