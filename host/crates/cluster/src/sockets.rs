//! A socket as other nodes see it: `{"id":…,"handshake":{…},"rooms":[…],"data":…}`.
//!
//! What Node's handshake has and the host's has not (`time` and `secure`) is made, and passed over.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use engine_io::handler::ClientRequest;
use gateway::model::{Handshake, RemoteSocket};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::event::text;
use crate::msgpack::date_text;
use crate::object::{Object, push_list, push_texts};
use crate::options::Text;

/// Appends a socket.
pub(crate) fn push_socket(out: &mut String, socket: &RemoteSocket) {
    let RemoteSocket { id, rooms, handshake, data } = socket;
    let mut object = Object::default();
    object.text("id", id);
    push_handshake(object.member("handshake"), handshake);
    push_texts(object.member("rooms"), std::iter::once(&**id).chain(rooms.iter().map(|room| &**room)));
    object.raw("data", data);
    out.push_str(&object.end());
}

fn push_handshake(out: &mut String, Handshake { request, auth, issued }: &Handshake) {
    let since_1970 = issued.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_millis());
    let issued = u64::try_from(since_1970).unwrap_or(u64::MAX);
    let mut object = Object::default();
    push_pairs(object.member("headers"), &request.headers);
    object.text("time", &i64::try_from(issued).ok().and_then(date_text).unwrap_or_default());
    object.text("address", &request.address.to_string());
    let xdomain = request.headers.iter().any(|(name, _)| name == "origin");
    object.raw("xdomain", if xdomain { "true" } else { "false" });
    object.raw("secure", "false");
    object.number("issued", issued);
    object.text("url", &request.url);
    push_pairs(object.member("query"), &request.query);
    object.raw("auth", auth);
    out.push_str(&object.end());
}

/// Appends pairs as an object; the values of a repeated name are an array, as Node has them.
fn push_pairs(out: &mut String, pairs: &engine_io::Pairs) {
    let pairs: Vec<(&str, &str)> = pairs.iter().collect();
    let mut object = Object::default();
    for (index, (name, value)) in pairs.iter().enumerate() {
        let same = |(other, _): &&(&str, &str)| other == name;
        if pairs.iter().take(index).any(|pair| same(&pair)) {
            continue;
        }
        let mut values = pairs.iter().filter(same).map(|(_, value)| *value);
        match values.clone().count() {
            1 => object.text(name, value),
            _ => push_texts(object.member(name), &mut values),
        }
    }
    out.push_str(&object.end());
}

/// Appends sockets.
pub(crate) fn push_sockets(out: &mut String, sockets: &[RemoteSocket]) {
    push_list(out, sockets, push_socket);
}

/// A socket as JSON has it.
#[derive(Debug, Deserialize)]
pub(crate) struct JsonSocket<'a> {
    id: Text,
    #[serde(default)]
    handshake: Option<JsonHandshake<'a>>,
    #[serde(default)]
    rooms: Option<Vec<Text>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JsonHandshake<'a> {
    headers: Pairs,
    address: Option<Text>,
    issued: Option<f64>,
    url: Option<Text>,
    query: Pairs,
    #[serde(borrow)]
    auth: Option<&'a RawValue>,
}

impl From<JsonSocket<'_>> for RemoteSocket {
    fn from(JsonSocket { id: Text(id), handshake, rooms, data }: JsonSocket<'_>) -> Self {
        let handshake = handshake.unwrap_or_default();
        let rooms = rooms.into_iter().flatten().filter(|Text(room)| *room != id).map(|Text(room)| room.into());
        let text = |text: Option<Text>| text.map_or_else(String::new, |Text(text)| text);
        let address = text(handshake.address).parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let request = ClientRequest {
            headers: handshake.headers.0.into_iter().collect(),
            query: handshake.query.0.into_iter().collect(),
            address,
            url: text(handshake.url).into(),
        };
        let issued = Duration::try_from_secs_f64(handshake.issued.unwrap_or_default() / 1_000.0).unwrap_or_default();
        let handshake = Handshake {
            request: Arc::new(request),
            auth: object(handshake.auth).to_owned(),
            issued: SystemTime::UNIX_EPOCH.checked_add(issued).unwrap_or(SystemTime::UNIX_EPOCH),
        };
        Self { rooms: Arc::new(rooms.collect()), handshake: Arc::new(handshake), data: object(data).into(), id }
    }
}

/// The text of an object; `{}` for other values, which the host's sockets do not have.
fn object(json: Option<&RawValue>) -> &str {
    json.map(RawValue::get).filter(|json| json.starts_with('{')).unwrap_or("{}")
}

/// The members of an object whose values are texts or arrays of texts; others are left out.
#[derive(Debug, Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<Cow<'de, str>, &RawValue>()? {
            let json = value.get();
            if let Some(value) = text(json) {
                pairs.push((name.into_owned(), value));
            } else if let Ok(values) = serde_json::from_str::<Vec<Text>>(json) {
                pairs.extend(values.into_iter().map(|Text(value)| (name.clone().into_owned(), value)));
            }
        }
        Ok(Pairs(pairs))
    }
}
