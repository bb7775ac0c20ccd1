//! A guest that knows no other store than `wasi:keyvalue`.
//!
//! The event `kv` acks `{ok}` or `{error}` of a call. Values are texts.
//!
//! | call | arguments | answer |
//! |---|---|---|
//! | `open` | identifier | null |
//! | `get`, `exists`, `delete` | key | |
//! | `set` | key, value | null |
//! | `page` | cursor or null | keys and cursor, of a bucket that was just opened |
//! | `keys` | | all keys, page by page |
//! | `increment` | key, delta | the sum |
//! | `getMany`, `deleteMany` | keys | pairs or nulls; null |
//! | `setMany` | pairs | null |

use serde_json::{Value, json};

use exports::realtime::gateway::event_handler::Guest;
use realtime::gateway::types::{Description, Event, HandlerError, Payload};
use wasi::keyvalue::store::{Bucket, Error};
use wasi::keyvalue::{atomics, batch, store};

wit_bindgen::generate!({
    inline: "
        package tests:keyvalue;

        world guest {
            include realtime:gateway/handler@0.1.1;
            import wasi:keyvalue/store@0.2.0-draft;
            import wasi:keyvalue/atomics@0.2.0-draft;
            import wasi:keyvalue/batch@0.2.0-draft;
        }
    ",
    path: ["wit", "../../../wit"],
    world: "tests:keyvalue/guest",
    generate_all,
});

struct Component;

export!(Component);

impl Guest for Component {
    fn describe() -> Description {
        Description { namespace: Some("/keyvalue".to_owned()), events: vec!["kv".to_owned()], any_event: false }
    }

    fn handle(event: Event) -> Result<Option<Payload>, HandlerError> {
        let (call, args): (String, Vec<Value>) = serde_json::from_str(&event.payload.json)
            .map_err(|error| HandlerError::InvalidArguments(error.to_string()))?;
        let answer = match answer(&call, &args) {
            Ok(value) => json!({ "ok": value }),
            Err(Error::NoSuchStore) => json!({ "error": "no such store" }),
            Err(Error::AccessDenied) => json!({ "error": "access denied" }),
            Err(Error::Other(why)) => json!({ "error": why }),
        };
        Ok(Some(Payload { json: json!([answer]).to_string(), attachments: Vec::new() }))
    }
}

fn answer(call: &str, args: &[Value]) -> Result<Value, Error> {
    let text = |index: usize| args.get(index).and_then(Value::as_str).unwrap_or_default().to_owned();
    let texts = || -> Vec<String> { serde_json::from_value(args[0].clone()).unwrap_or_default() };
    let shown = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
    if call == "open" {
        return store::open(&text(0)).map(|_| Value::Null);
    }
    let bucket = store::open("default")?;
    Ok(match call {
        "get" => json!(bucket.get(&text(0))?.map(shown)),
        "exists" => json!(bucket.exists(&text(0))?),
        "delete" => json!(bucket.delete(&text(0))?),
        "set" => json!(bucket.set(&text(0), text(1).as_bytes())?),
        "page" => {
            let page = bucket.list_keys(args[0].as_u64())?;
            json!([page.keys, page.cursor])
        }
        "keys" => json!(all_keys(&bucket)?),
        "increment" => json!(atomics::increment(&bucket, &text(0), args[1].as_u64().unwrap_or_default())?),
        "getMany" => {
            let pairs = batch::get_many(&bucket, &texts())?;
            json!(pairs.into_iter().map(|pair| pair.map(|(key, value)| (key, shown(value)))).collect::<Vec<_>>())
        }
        "setMany" => {
            let pairs: Vec<(String, String)> = serde_json::from_value(args[0].clone()).unwrap_or_default();
            let pairs: Vec<_> = pairs.into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
            json!(batch::set_many(&bucket, &pairs)?)
        }
        "deleteMany" => json!(batch::delete_many(&bucket, &texts())?),
        _ => return Err(Error::Other(format!("no such call: {call}"))),
    })
}

fn all_keys(bucket: &Bucket) -> Result<Vec<String>, Error> {
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let page = bucket.list_keys(cursor)?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(keys);
        }
    }
}
