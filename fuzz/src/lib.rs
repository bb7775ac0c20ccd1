//! What the fuzz targets do, for `cargo fuzz` and for the replay of their seeds (`tests/seeds.rs`).
//!
//! They depend on the host's crates that do without wasmtime, which takes very long to build with sanitizers.

pub mod targets;
