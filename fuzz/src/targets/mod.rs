//! One module a target. Each panics where a promise is broken.

pub mod decoder;
#[cfg(feature = "fuse")]
pub mod fuse;
pub mod json;
pub mod payload;
pub mod placeholders;
mod reference;
pub mod server;
pub mod session;
pub mod store;
pub mod transcode;
