//! A guest without an SDK: what `wit/README.md` explains step by step.
//!
//! | event | does |
//! |---|---|
//! | `$connect` | refuses clients without `auth.name`; the others join `lobby`, and their name is kept in `data` |
//! | `say` text | sends `said` `{from, text}` to the other sockets in `lobby`; acks how many characters it had |
//! | `blob` bytes | acks the same bytes |

use serde_json::{Value, json};

use realtime::gateway::types::{
    Description, Error, Event, HandlerError, Operator, OperatorOptions, Payload, Rejection,
};
use realtime::gateway::{broadcast_operator, socket};

// The types, the imports and the trait to implement: all from the contract.
wit_bindgen::generate!({ path: "../../../wit", world: "handler" });

struct Component;

export!(Component);

impl exports::realtime::gateway::event_handler::Guest for Component {
    fn describe() -> Description {
        let events = ["$connect", "say", "blob"];
        Description {
            namespace: Some("/bare".to_owned()),
            events: events.map(str::to_owned).to_vec(),
            any_event: false,
        }
    }

    fn handle(event: Event) -> Result<Option<Payload>, HandlerError> {
        match event.name.as_str() {
            "$connect" => connect().map(|()| None),
            "say" => say(&event.payload).map(Some),
            // Attachments and their placeholders pass through as they are.
            "blob" => Ok(Some(event.payload)),
            _ => Ok(None),
        }
    }
}

fn connect() -> Result<(), HandlerError> {
    let auth: Value = serde_json::from_str(&socket::handshake().auth).map_err(invalid)?;
    let Some(name) = auth["name"].as_str() else {
        let data = Some(json!({ "missing": "auth.name" }).to_string());
        return Err(HandlerError::Rejected(Rejection { message: "who are you?".to_owned(), data }));
    };
    socket::set_data(&json!({ "name": name }).to_string()).map_err(failed)?;
    socket::join(&["lobby".to_owned()]).map_err(failed)
}

fn say(payload: &Payload) -> Result<Payload, HandlerError> {
    let (text,): (String,) = serde_json::from_str(&payload.json).map_err(invalid)?;
    let data: Value = serde_json::from_str(&socket::data()).map_err(invalid)?;
    let others =
        Operator { rooms: vec!["lobby".to_owned()], except: Vec::new(), options: OperatorOptions::EXCLUDE_SENDER };
    let said = arguments(&json!([{ "from": data["name"], "text": text }]));
    broadcast_operator::emit(&others, "said", &said).map_err(failed)?;
    Ok(arguments(&json!([text.chars().count()])))
}

/// Arguments, or an acknowledgement, without attachments.
fn arguments(array: &Value) -> Payload {
    Payload { json: array.to_string(), attachments: Vec::new() }
}

fn invalid(error: serde_json::Error) -> HandlerError {
    HandlerError::InvalidArguments(error.to_string())
}

fn failed(error: Error) -> HandlerError {
    HandlerError::Failed(format!("{error:?}"))
}
