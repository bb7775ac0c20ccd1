//! Handlers that do something of everything, each event by its name.

use std::sync::Arc;
use std::time::Duration;

use gateway::EventContext;
use gateway::handler::{EventHandler, HandlerFuture};
use gateway::model::{Command, Description, Event, HandlerError, Target};
use socket_io::Payload;

pub const NAMES: [&str; 8] = ["echo", "slow", "ask", "all", "large", "leave", "close", "unhandled"];
/// More than the WebSocket sends in one frame.
const LARGE: usize = 40_000;

pub struct Handlers(Description);

impl Handlers {
    pub fn new(path: &str) -> Self {
        let events = NAMES[..7].iter().chain(&["$connect", "$disconnect"]).map(ToString::to_string).collect();
        Self(Description { namespace: Some(path.to_owned()), events, ..Description::default() })
    }
}

impl EventHandler for Handlers {
    fn description(&self) -> &Description {
        &self.0
    }

    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture {
        Box::pin(async move {
            let payload = event.payload;
            let emit = |payload| Command::Emit { event: "e".into(), payload, volatile: false };
            let command = match event.name.as_str() {
                "$connect" if context.handshake().is_some_and(|handshake| handshake.auth.contains("no")) => {
                    return Err(HandlerError::Rejected { message: "no".into(), data: None });
                }
                "$connect" => Command::Join(vec!["room".into()]),
                "echo" => emit(payload.clone()),
                "large" => emit(Payload { json: format!("[\"{}\"]", "x".repeat(LARGE)), attachments: Vec::new() }),
                "all" => Command::broadcast(Target::default(), "e", payload.clone()),
                "leave" => Command::Disconnect { close: false },
                "close" => Command::Disconnect { close: true },
                "ask" => {
                    let answer = context.emit_with_ack("e", &payload, Duration::from_secs(5)).await;
                    return answer.map(Some).map_err(|error| HandlerError::Failed(error.to_string()));
                }
                _ => {
                    tokio::time::sleep(Duration::from_secs(3)).await;
                    return Ok(None);
                }
            };
            context.apply(vec![command]).await;
            Ok(Some(payload))
        })
    }
}
