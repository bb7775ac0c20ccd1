//! What the fuzz targets do, for `cargo fuzz` and for the replay of their seeds (`tests/seeds.rs`).
//!
//! The host's modules are compiled here from their source: a dependency on the host would bring wasmtime, which takes
//! very long to build with sanitizers and has no part in what is fuzzed.

#[path = "../../host/src/adapter/mod.rs"]
pub mod adapter;
#[path = "../../host/src/config.rs"]
pub mod config;
#[path = "../../host/src/engine_io/mod.rs"]
pub mod engine_io;
#[path = "../../host/src/gateway/mod.rs"]
pub mod gateway;
#[path = "../../host/src/socket_io/mod.rs"]
pub mod socket_io;
pub mod targets;
#[path = "../../host/src/telemetry.rs"]
pub mod telemetry;
