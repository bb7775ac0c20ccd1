//! Checks of what a handler says: its commands and what they cost, its acknowledgement, its rejection.
//!
//! A component, a worker and a test pass through the same ones, once; after them the gateway may send a payload as it
//! is. Texts are read in one pass that builds no values; only a payload with attachments is walked for its
//! placeholders.
//!
//! The commands of one event are bounded in number and bytes ([`GatewayLimits::commands`],
//! [`GatewayLimits::command_bytes`]); beyond that every call is an error to the handler. Calls that fail for another
//! reason count too, because they cost the host work.

use std::collections::HashSet;
use std::mem;

use serde_json::value::RawValue;
use socket_io::Payload;
use telemetry::text;

use super::command::{Command, Operation, Target};
use super::error::HandlerError;
use super::limits::GatewayLimits;
use super::names::CONNECT;

/// Bytes of a room's name.
const ROOM: usize = 1 << 10;
/// Bytes charged per name in a list for bookkeeping.
const NAME: usize = size_of::<String>();

/// Why a handler's call is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The payload is malformed. The text says what is wrong.
    #[error("invalid payload: {0}")]
    InvalidPayload(String),
    /// The name of an event that applications may not emit.
    #[error("the event `{0}` is reserved")]
    ReservedEvent(String),
    /// The payload has more bytes than this limit.
    #[error("more than {0} bytes")]
    PayloadTooLarge(usize),
    /// The event has used up one of its limits. The text names it.
    #[error("{0}")]
    RateLimited(String),
    /// Not possible. The text says why.
    #[error("{0}")]
    NotAllowed(String),
}

/// The checks of one event, and what it has used so far.
#[derive(Debug, Default)]
pub struct CommandChecks {
    commands: usize,
    bytes: usize,
    /// Whether the event was acknowledged.
    acknowledged: bool,
    tried_to_acknowledge: bool,
    /// The socket's rooms with this event's changes, once it has changed something.
    rooms: Option<HashSet<String>>,
}

impl CommandChecks {
    /// Checks and counts one packet for the socket itself.
    ///
    /// # Errors
    ///
    /// The name is reserved, the payload is malformed or too large, or a limit is used up.
    pub fn packet(&mut self, event: &str, payload: Payload, limits: &GatewayLimits) -> Result<Payload, CheckError> {
        self.packet_for(event, payload, 0, limits)
    }

    /// Checks and counts one packet for many sockets.
    ///
    /// # Errors
    ///
    /// As [`CommandChecks::packet`], and if the target names too many rooms.
    pub fn packet_to(
        &mut self,
        target: &Target,
        event: &str,
        payload: Payload,
        limits: &GatewayLimits,
    ) -> Result<Payload, CheckError> {
        let names = target_names(target, limits)?;
        self.packet_for(event, payload, names, limits)
    }

    /// Checks and counts a call that asks for sockets, or disconnects them.
    ///
    /// # Errors
    ///
    /// The target names too many rooms, or a limit is used up.
    pub fn target(&mut self, target: &Target, limits: &GatewayLimits) -> Result<(), CheckError> {
        self.spend(target_names(target, limits)?, limits)
    }

    /// Checks and counts rooms for many sockets.
    ///
    /// # Errors
    ///
    /// There are too many rooms, a name is too long, or a limit is used up.
    pub fn rooms_of(&mut self, target: &Target, rooms: &[String], limits: &GatewayLimits) -> Result<(), CheckError> {
        self.spend(target_names(target, limits)? + names_size(rooms), limits)?;
        check_rooms(rooms, limits)
    }

    /// Checks and counts rooms that the socket is to join; `now` are those that it was in when the event began.
    ///
    /// # Errors
    ///
    /// There are too many rooms, a name is too long, or a limit is used up.
    pub fn join(
        &mut self,
        rooms: Vec<String>,
        now: impl FnOnce() -> Vec<String>,
        limits: &GatewayLimits,
    ) -> Result<Command, CheckError> {
        self.spend(names_size(&rooms), limits)?;
        check_rooms(&rooms, limits)?;
        let joined = self.rooms.get_or_insert_with(|| now().into_iter().collect());
        let new: HashSet<&String> = rooms.iter().filter(|room| !joined.contains(*room)).collect();
        if joined.len() + new.len() > limits.rooms_per_socket {
            return Err(too_many_rooms(limits.rooms_per_socket));
        }
        let new: Vec<String> = new.into_iter().cloned().collect();
        joined.extend(new);
        Ok(Command::Join(rooms))
    }

    /// Checks and counts a room that the socket is to leave. It never leaves the room of its own id (`own`).
    ///
    /// # Errors
    ///
    /// A limit is used up.
    pub fn leave(
        &mut self,
        room: String,
        own: &str,
        now: impl FnOnce() -> Vec<String>,
        limits: &GatewayLimits,
    ) -> Result<Command, CheckError> {
        self.spend(room.len(), limits)?;
        if room != own {
            self.rooms.get_or_insert_with(|| now().into_iter().collect()).remove(&room);
        }
        Ok(Command::Leave(room))
    }

    /// Checks and counts a new value of the socket's `data`.
    ///
    /// # Errors
    ///
    /// The text is no JSON object or too large, or a limit is used up.
    pub fn set_data(&mut self, json: String, limits: &GatewayLimits) -> Result<Command, CheckError> {
        if json.len() > limits.socket_data {
            return Err(CheckError::PayloadTooLarge(limits.socket_data));
        }
        self.spend(json.len(), limits)?;
        check_object(&json).map_err(CheckError::InvalidPayload)?;
        Ok(Command::SetData(json))
    }

    /// Checks an acknowledgement of the event, which takes one at most; `wanted` if the client waits for it.
    ///
    /// The first call is beside the limits, as what a handler returns is: a handler that has used them up can still say
    /// so. Further calls count.
    ///
    /// # Errors
    ///
    /// The client waits for none, or has got one; the payload is malformed or too large; a limit is used up.
    pub fn acknowledge(
        &mut self,
        payload: Payload,
        wanted: bool,
        limits: &GatewayLimits,
    ) -> Result<Command, CheckError> {
        if mem::replace(&mut self.tried_to_acknowledge, true) {
            self.spend(payload.size(), limits)?;
        }
        if !wanted || self.acknowledged {
            let why = if wanted { "was acknowledged before" } else { "has no client that waits for it" };
            return Err(CheckError::NotAllowed(format!("the event {why}: nothing was acknowledged")));
        }
        check_size(&payload, 0, limits)?;
        check_arguments(&payload).map_err(CheckError::InvalidPayload)?;
        self.acknowledged = true;
        Ok(Command::Acknowledge(payload))
    }

    /// Whether a command has acknowledged the event. What the handler returns is not sent then.
    pub fn acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// Counts a disconnection of the socket.
    ///
    /// # Errors
    ///
    /// A limit is used up.
    pub fn disconnect(&mut self, close: bool, limits: &GatewayLimits) -> Result<Command, CheckError> {
        self.spend(0, limits)?;
        Ok(Command::Disconnect { close })
    }

    /// Checks and counts an operation on many sockets.
    ///
    /// # Errors
    ///
    /// As [`CommandChecks::packet_to`] and [`CommandChecks::rooms_of`].
    pub fn sockets(
        &mut self,
        target: Target,
        operation: Operation,
        limits: &GatewayLimits,
    ) -> Result<Command, CheckError> {
        let operation = match operation {
            Operation::Emit { event, payload } => {
                let payload = self.packet_to(&target, &event, payload, limits)?;
                Operation::Emit { event, payload }
            }
            Operation::Join(rooms) => {
                self.rooms_of(&target, &rooms, limits)?;
                Operation::Join(rooms)
            }
            Operation::Leave(rooms) => {
                self.rooms_of(&target, &rooms, limits)?;
                Operation::Leave(rooms)
            }
            Operation::Disconnect { close } => {
                self.target(&target, limits)?;
                Operation::Disconnect { close }
            }
        };
        Ok(Command::Sockets { target, operation })
    }

    fn packet_for(
        &mut self,
        event: &str,
        payload: Payload,
        names: usize,
        limits: &GatewayLimits,
    ) -> Result<Payload, CheckError> {
        let allowed = check_event(event).and_then(|()| check_size(&payload, event.len(), limits));
        let size = if allowed.is_ok() { event.len() + payload.size() + names } else { 0 };
        self.spend(size, limits)?;
        allowed?;
        check_arguments(&payload).map_err(CheckError::InvalidPayload)?;
        Ok(payload)
    }

    /// Counts one command with its bytes.
    fn spend(&mut self, bytes: usize, limits: &GatewayLimits) -> Result<(), CheckError> {
        if self.commands >= limits.commands {
            return Err(CheckError::RateLimited(format!("one event may call {} commands", limits.commands)));
        }
        if bytes > limits.command_bytes - self.bytes {
            let text = format!("the commands of one event may have {} bytes", limits.command_bytes);
            return Err(CheckError::RateLimited(text));
        }
        self.commands += 1;
        self.bytes += bytes;
        Ok(())
    }
}

/// Checks a handler's acknowledgement.
///
/// # Errors
///
/// [`HandlerError::Failed`] if it cannot be sent.
pub fn check_ack(payload: Payload, limits: &GatewayLimits) -> Result<Payload, HandlerError> {
    let sized = check_size(&payload, 0, limits);
    match sized.and_then(|()| check_arguments(&payload).map_err(CheckError::InvalidPayload)) {
        Ok(()) => Ok(payload),
        Err(CheckError::InvalidPayload(why)) => Err(HandlerError::Failed(format!("its acknowledgement: {why}"))),
        Err(error) => Err(HandlerError::Failed(format!("its acknowledgement has {error}"))),
    }
}

/// Checks a rejection, which only `$connect` can make; `data` is JSON text. One that is not valid becomes
/// [`HandlerError::Failed`].
pub fn check_rejection(event: &str, message: String, data: Option<String>, limits: &GatewayLimits) -> HandlerError {
    if event != CONNECT {
        return HandlerError::Failed(format!("only `{CONNECT}` can reject: {}", text::message(&message)));
    }
    let (size, limit) = (message.len() + data.as_ref().map_or(0, String::len), limits.session.payload);
    match data.as_deref().map_or(Ok(()), check_value) {
        _ if size > limit => HandlerError::Failed(format!("it rejects with {size} bytes; at most {limit}")),
        Ok(()) => HandlerError::Rejected { message, data },
        Err(error) => HandlerError::Failed(format!("it rejects with data that is {error}")),
    }
}

/// The name's length counts with the payload's.
fn check_event(event: &str) -> Result<(), CheckError> {
    if socket_io::is_reserved(event) { Err(CheckError::ReservedEvent(event.to_owned())) } else { Ok(()) }
}

/// Checks lengths only; `name` is the number of further bytes in the same packet.
fn check_size(payload: &Payload, name: usize, limits: &GatewayLimits) -> Result<(), CheckError> {
    if payload.size() + name > limits.session.payload {
        return Err(CheckError::PayloadTooLarge(limits.session.payload));
    }
    let attachments = payload.attachments.len();
    if attachments > limits.attachments {
        let text = format!("{attachments} attachments, at most {}", limits.attachments);
        return Err(CheckError::InvalidPayload(text));
    }
    Ok(())
}

/// Bytes of the rooms that a target names. Each is looked up while the namespace's rooms are locked, so their number is
/// bounded, too.
fn target_names(target: &Target, limits: &GatewayLimits) -> Result<usize, CheckError> {
    let most = limits.rooms_per_socket;
    if target.rooms.len() + target.except.len() > most {
        return Err(CheckError::NotAllowed(format!(
            "an operator may name {most} rooms; join the sockets to one room first"
        )));
    }
    Ok(names_size(&target.rooms) + names_size(&target.except))
}

fn names_size(names: &[String]) -> usize {
    names.iter().map(|name| NAME + name.len()).sum()
}

fn check_rooms(rooms: &[String], limits: &GatewayLimits) -> Result<(), CheckError> {
    if rooms.len() > limits.rooms_per_socket {
        return Err(too_many_rooms(limits.rooms_per_socket));
    }
    match rooms.iter().find(|room| room.len() > ROOM) {
        Some(room) => Err(CheckError::NotAllowed(format!(
            "a room's name of {} bytes; at most {ROOM}: put long values into `data`",
            room.len()
        ))),
        None => Ok(()),
    }
}

fn too_many_rooms(most: usize) -> CheckError {
    CheckError::NotAllowed(format!("a socket may be in {most} rooms; leave some first"))
}

fn check_arguments(payload: &Payload) -> Result<(), String> {
    let Payload { json, attachments } = payload;
    check_json(json, "[", "an array")?;
    if attachments.is_empty() {
        return Ok(());
    }
    socket_io::check_placeholders(json, attachments.len()).map_err(|error| error.to_string())
}

fn check_object(json: &str) -> Result<(), String> {
    check_json(json, "{", "an object")
}

fn check_value(json: &str) -> Result<(), String> {
    check_json(json, "", "a value")
}

/// Checks that the text is that of one JSON value that begins with `start`.
fn check_json(json: &str, start: &str, name: &str) -> Result<(), String> {
    let value: &RawValue = serde_json::from_str(json).map_err(|error| format!("not JSON: {error}"))?;
    if value.get().starts_with(start) { Ok(()) } else { Err(format!("not {name} of JSON")) }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
