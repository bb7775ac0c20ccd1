//! What handlers do and return, and the bounds of the gateway that they do it on.

use arbitrary::Arbitrary;
use engine_io::{CloseReason, SessionLimits};
use gateway::model::GatewayLimits;

const ROOMS: usize = 3;

/// What a running handler does.
#[derive(Debug, Arbitrary)]
pub enum Order {
    Do(Operation),
    Ask { wait: u8 },
    AskMany { to: To, wait: u8 },
    Fetch { to: To },
    Return(Outcome),
}

#[derive(Debug, Arbitrary)]
pub enum Operation {
    Emit { volatile: bool, size: u8, attachments: u8 },
    Broadcast { to: To, size: u8, attachments: u8 },
    Join(Vec<u8>),
    Leave(u8),
    Disconnect { close: bool },
    SetData(u8),
    SocketsJoin { to: To, rooms: Vec<u8> },
    SocketsLeave { to: To, rooms: Vec<u8> },
    DisconnectSockets { to: To, close: bool },
}

#[derive(Debug, Arbitrary)]
pub struct To {
    pub rooms: Vec<u8>,
    pub except: Option<u8>,
    pub exclude_sender: bool,
    pub volatile: bool,
}

#[derive(Debug, Arbitrary)]
pub enum Outcome {
    Nothing,
    Ack { size: u8, attachments: u8 },
    Rejected { data: bool },
    Failed,
    TimedOut,
}

/// Small, so that they are reached.
pub fn limits() -> GatewayLimits {
    GatewayLimits {
        session: SessionLimits { payload: 1500, unsent_bytes: 4000, ..SessionLimits::default() },
        attachments: 2,
        waiting_events: 3,
        unhandled_bytes: 2000,
        namespaces_per_session: 2,
        rooms_per_socket: ROOMS,
        ..GatewayLimits::default()
    }
}

/// The type and the number of attachments, and how many of these follow.
pub fn binary(text: char, binary: char, attachments: u8, whole: bool) -> (String, usize) {
    match usize::from(attachments % 4) {
        0 => (text.to_string(), 0),
        count => (format!("{binary}{count}-"), if whole { count } else { count - 1 }),
    }
}

pub fn close_reason(number: u8) -> CloseReason {
    match number % 7 {
        0 => CloseReason::TransportClose,
        1 => CloseReason::TransportError,
        2 => CloseReason::PingTimeout,
        3 => CloseReason::ParseError,
        4 => CloseReason::ForcedClose,
        5 => CloseReason::ForcedServerClose,
        _ => CloseReason::ServerShuttingDown,
    }
}
