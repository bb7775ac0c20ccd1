//! Socket.IO packets, and the encoding of the server's packets: the "Packet encoding" section of the protocol, revision
//! 5.
//!
//! ```text
//! <packet type>[<# of binary attachments>-][<namespace>,][<acknowledgment id>][JSON-stringified payload]
//! ```

use std::borrow::Cow;

use serde_json::Value;

use super::payload::Payload;

/// A packet that a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<'a> {
    /// As on the wire: starts with `/`, may be the path of a namespace that does not exist.
    pub namespace: Cow<'a, str>,
    /// What it asks for.
    pub body: Body,
}

/// What a client's packet asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// CONNECT.
    Connect {
        /// Text of a JSON object.
        auth: Option<String>,
    },
    /// DISCONNECT.
    Disconnect,
    /// EVENT, or BINARY_EVENT with all its attachments.
    Event {
        /// Not reserved.
        name: String,
        /// The arguments after the name.
        payload: Payload,
        /// The id of the acknowledgement, if one is wanted.
        ack: Option<u64>,
    },
    /// ACK, or BINARY_ACK with all its attachments.
    Ack {
        /// The id that the event had.
        id: u64,
        /// The answer's arguments.
        payload: Payload,
    },
}

/// Whether a name is reserved: no event may have it, because it means something else to the client or server libraries.
pub fn is_reserved(name: &str) -> bool {
    matches!(name, "connect" | "connect_error" | "disconnect" | "disconnecting" | "newListener" | "removeListener")
}

/// Appends a CONNECT packet. `recovery_id` is the private id (`pid`) with which a client can recover its state.
pub fn write_connect(out: &mut String, namespace: &str, socket_id: &str, recovery_id: Option<&str>) {
    out.push('0');
    push_namespace(out, namespace);
    out.push_str("{\"sid\":");
    push_json_string(out, socket_id);
    if let Some(recovery_id) = recovery_id {
        out.push_str(",\"pid\":");
        push_json_string(out, recovery_id);
    }
    out.push('}');
}

/// Appends a CONNECT_ERROR packet. `data_json` is the text of any JSON value.
pub fn write_connect_error(out: &mut String, namespace: &str, message: &str, data_json: Option<&str>) {
    out.push('4');
    push_namespace(out, namespace);
    out.push_str("{\"message\":");
    push_json_string(out, message);
    if let Some(data_json) = data_json {
        out.push_str(",\"data\":");
        out.push_str(data_json);
    }
    out.push('}');
}

/// Appends a DISCONNECT packet.
pub fn write_disconnect(out: &mut String, namespace: &str) {
    out.push('1');
    push_namespace(out, namespace);
}

/// Appends an EVENT packet, or a BINARY_EVENT packet if the payload has attachments. The caller sends these after it,
/// in order, as binary messages.
///
/// The payload's `json` must be the text of a JSON array: it is inserted without another check. `offset` is one more
/// argument, for connection state recovery.
pub fn write_event(
    out: &mut String,
    namespace: &str,
    ack: Option<u64>,
    name: &str,
    payload: &Payload,
    offset: Option<&str>,
) {
    push_type(out, '2', '5', payload);
    push_namespace(out, namespace);
    if let Some(ack) = ack {
        push_number(out, ack);
    }
    out.push('[');
    push_json_string(out, name);
    let arguments = payload.json.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
    if !arguments.trim_start().is_empty() {
        out.push(',');
        out.push_str(arguments);
    }
    if let Some(offset) = offset {
        out.push(',');
        push_json_string(out, offset);
    }
    out.push(']');
}

/// Appends an ACK packet, or a BINARY_ACK packet; as [`write_event`] otherwise.
pub fn write_ack(out: &mut String, namespace: &str, id: u64, payload: &Payload) {
    push_type(out, '3', '6', payload);
    push_namespace(out, namespace);
    push_number(out, id);
    out.push_str(&payload.json);
}

fn push_type(out: &mut String, text: char, binary: char, payload: &Payload) {
    match payload.attachments.len() {
        0 => out.push(text),
        count => {
            out.push(binary);
            push_number(out, count as u64);
            out.push('-');
        }
    }
}

/// The default namespace is omitted, as the protocol says.
fn push_namespace(out: &mut String, namespace: &str) {
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
}

fn push_number(out: &mut String, number: u64) {
    out.push_str(&number.to_string());
}

/// Names and ids hardly ever need escapes, so a serializer is used only if they do.
fn push_json_string(out: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        out.push_str(&Value::from(text).to_string());
    } else {
        out.push('"');
        out.push_str(text);
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = "4".to_owned();
        write(&mut out);
        out
    }

    fn payload(json: &str, attachments: usize) -> Payload {
        Payload { json: json.to_owned(), attachments: vec![Bytes::new(); attachments] }
    }

    #[test]
    fn connect() {
        assert_eq!(written(|out| write_connect(out, "/", "id", None)), r#"40{"sid":"id"}"#);
        assert_eq!(written(|out| write_connect(out, "/chat", "id", Some("p"))), r#"40/chat,{"sid":"id","pid":"p"}"#);
    }

    #[test]
    fn connect_error() {
        assert_eq!(written(|out| write_connect_error(out, "/", "no", None)), r#"44{"message":"no"}"#);
        assert_eq!(
            written(|out| write_connect_error(out, "/chat", "say \"x\"\n", Some("[1]"))),
            r#"44/chat,{"message":"say \"x\"\n","data":[1]}"#
        );
    }

    #[test]
    fn disconnect() {
        assert_eq!(written(|out| write_disconnect(out, "/")), "41");
        assert_eq!(written(|out| write_disconnect(out, "/chat")), "41/chat,");
    }

    #[test]
    fn event() {
        let event =
            |namespace, ack, name, payload| written(|out| write_event(out, namespace, ack, name, &payload, None));
        assert_eq!(event("/", None, "a", payload("[]", 0)), r#"42["a"]"#);
        assert_eq!(event("/", None, "a", payload(" [ ] ", 0)), r#"42["a"]"#);
        assert_eq!(event("/chat", Some(12), "é\"", payload("[1, 2.0]", 0)), r#"42/chat,12["é\"",1, 2.0]"#);
        assert_eq!(
            event("/", Some(0), "a", payload(r#"[{"_placeholder":true,"num":0}]"#, 1)),
            r#"451-0["a",{"_placeholder":true,"num":0}]"#
        );
    }

    #[test]
    fn event_with_an_offset() {
        let event = |json| written(|out| write_event(out, "/", None, "a", &payload(json, 0), Some("7")));
        assert_eq!(event("[]"), r#"42["a","7"]"#);
        assert_eq!(event(" [ ] "), r#"42["a","7"]"#);
        assert_eq!(event(r#"[1, "x]" ]"#), r#"42["a",1, "x]" ,"7"]"#);
    }

    #[test]
    fn ack() {
        assert_eq!(written(|out| write_ack(out, "/", 7, &payload("[]", 0))), "437[]");
        assert_eq!(written(|out| write_ack(out, "/chat", 7, &payload("[1]", 2))), "462-/chat,7[1]");
    }

    #[test]
    fn reserved_names() {
        assert!(["connect", "connect_error", "disconnect", "disconnecting"].into_iter().all(is_reserved));
        assert!(["newListener", "removeListener"].into_iter().all(is_reserved));
        assert!(!["", "error", "Connect", "$connect", "message"].into_iter().any(is_reserved));
    }
}
