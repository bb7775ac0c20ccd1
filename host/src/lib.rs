//! A Socket.IO server whose event handlers are sandboxed WebAssembly components.
//!
//! `ARCHITECTURE.md` has the map. Imports go one way: `cli → app → {http, guest, adapter}`,
//! `http → engine_io::transport → engine_io`, `guest → {runtime, gateway}`, `adapter → gateway → {socket_io, engine_io}`;
//! `cli → build`; `config`, `hint`, `machine`, `private_dir` and `telemetry` are leaves.

pub mod adapter;
pub mod app;
pub mod build;
pub mod cli;
pub mod config;
pub mod engine_io;
pub mod gateway;
pub mod guest;
pub mod hint;
pub mod http;
pub mod machine;
pub mod private_dir;
pub mod runtime;
pub mod socket_io;
pub mod telemetry;
