//! One module a target. Each panics where a promise is broken.

pub mod decoder;
pub mod payload;
pub mod placeholders;
mod reference;
pub mod server;
pub mod session;
