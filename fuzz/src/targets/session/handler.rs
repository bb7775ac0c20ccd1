//! Handlers that do what the script says, while it says so.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::log::Log;
use super::steps::{Operation, Order, Outcome};
use gateway::EventContext;
use gateway::handler::{EventHandler, HandlerFuture};
use gateway::model::{self, Command, Description, Event, HandlerError};
use socket_io::Payload;

/// The handlers of one namespace.
pub struct Handlers {
    pub description: Description,
    pub log: Arc<Mutex<Log>>,
    pub calls: Arc<Mutex<Vec<UnboundedSender<Order>>>>,
}

impl EventHandler for Handlers {
    fn description(&self) -> &Description {
        &self.description
    }

    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture {
        let number = self.log.lock().begin(&self.description, &event, &context);
        let (orders, mut receiver) = unbounded_channel();
        self.calls.lock().push(orders);
        let mut running = Running { number, log: self.log.clone(), ok: false };
        Box::pin(async move {
            while let Some(order) = receiver.recv().await {
                if let Some(result) = running.follow(order, &context).await {
                    return result;
                }
            }
            Err(HandlerError::Failed("no more orders".into()))
        })
    }
}

/// A handler that has not returned.
struct Running {
    number: usize,
    log: Arc<Mutex<Log>>,
    ok: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.log.lock().end(self.number, self.ok);
    }
}

impl Running {
    async fn follow(&mut self, order: Order, context: &EventContext) -> Option<Result<Option<Payload>, HandlerError>> {
        match order {
            Order::Do(operation) => {
                assert!(context.apply(vec![command(&self.log, Some(self.number), operation)]).is_done());
            }
            Order::Ask { wait } => {
                let payload = payload(&self.log, Some(self.number), 0, 0);
                self.log.lock().asked = true;
                let _ = context.emit_with_ack("e", &payload, seconds(wait)).await;
            }
            Order::AskMany { to, wait } => {
                let target = self.log.lock().target(&to);
                let payload = payload(&self.log, Some(self.number), 0, 0);
                self.log.lock().asked = true;
                let _ = context.broadcast_with_ack(&target, "e", &payload, seconds(wait)).await;
            }
            Order::Fetch { to } => {
                let target = self.log.lock().target(&to);
                for socket in context.fetch_sockets(&target, usize::MAX).await.expect("nothing can fail") {
                    assert!(!socket.rooms.iter().any(|room| **room == *socket.id), "the own room is understood");
                }
            }
            Order::Return(outcome) => {
                let result = self.result(outcome);
                self.ok = result.is_ok();
                return Some(result);
            }
        }
        None
    }

    fn result(&self, outcome: Outcome) -> Result<Option<Payload>, HandlerError> {
        match outcome {
            Outcome::Nothing => Ok(None),
            Outcome::Ack { size, attachments } => Ok(Some(payload(&self.log, Some(self.number), size, attachments))),
            Outcome::Rejected { data } => Err(HandlerError::Rejected {
                message: "no \"entry\"".into(),
                data: data.then(|| r#"{"code":1}"#.into()),
            }),
            Outcome::Failed => Err(HandlerError::Failed("failed".into())),
            Outcome::TimedOut => Err(HandlerError::TimedOut(seconds(1))),
        }
    }
}

pub fn command(log: &Mutex<Log>, run: Option<usize>, operation: Operation) -> Command {
    let target = |to| log.lock().target(&to);
    let on = |to, operation| Command::Sockets { target: target(to), operation };
    let rooms = |rooms: Vec<u8>| rooms.into_iter().take(4).map(|room| log.lock().room(room)).collect();
    match operation {
        Operation::Emit { volatile, size, attachments } => {
            Command::Emit { event: "e".into(), payload: payload(log, run, size, attachments), volatile }
        }
        Operation::Broadcast { to, size, attachments } => {
            Command::broadcast(target(to), "e", payload(log, run, size, attachments))
        }
        Operation::Join(names) => Command::Join(rooms(names)),
        Operation::Leave(room) => Command::Leave(log.lock().room(room)),
        Operation::Disconnect { close } => Command::Disconnect { close },
        Operation::SetData(size) => Command::SetData(format!(r#"{{"a":"{}"}}"#, "x".repeat(size.into()))),
        Operation::SocketsJoin { to, rooms: names } => on(to, model::Operation::Join(rooms(names))),
        Operation::SocketsLeave { to, rooms: names } => on(to, model::Operation::Leave(rooms(names))),
        Operation::DisconnectSockets { to, close } => on(to, model::Operation::Disconnect { close }),
    }
}

/// The first argument tells who sent the packet, the second is a number that grows with each that the same run sends.
fn payload(log: &Mutex<Log>, run: Option<usize>, size: u8, attachments: u8) -> Payload {
    let attachments = usize::from(attachments % 3);
    let head = match run {
        Some(number) => {
            let mut log = log.lock();
            let run = log.run(number);
            run.sent += 1;
            format!("{number},{}", run.sent)
        }
        None => "null,0".to_owned(),
    };
    let placeholders = (0..attachments).map(|num| format!(r#",{{"_placeholder":true,"num":{num}}}"#));
    let json = format!(r#"[{head},"{}"{}]"#, "x".repeat(usize::from(size) * 4), placeholders.collect::<String>());
    Payload { json, attachments: vec![vec![b'x'; size.into()].into(); attachments] }
}

pub fn seconds(seconds: u8) -> Duration {
    Duration::from_secs(seconds.into())
}
