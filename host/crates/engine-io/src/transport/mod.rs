//! Sessions on HTTP: long-polling, WebSocket, and the upgrade from one to the other.
//!
//! Every session has one task ([`task`]), which owns its WebSocket and its handler. Requests of long-polling sessions
//! reach it through the session's shared half.

mod endpoint;
mod handshake;
mod patient;
mod polling;
mod registry;
mod request;
mod stream;
mod task;
mod unjoined;
mod upgrade;
mod websocket;

pub use endpoint::Endpoint;
pub use patient::PatientStream;
pub use request::HttpResponse;
