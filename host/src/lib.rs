//! A Socket.IO server whose event handlers are sandboxed WebAssembly components.
//!
//! `ARCHITECTURE.md` has the map. Imports go one way: `cli → app → {http, guest, adapter}`,
//! `http → engine_io::transport → engine_io`, `guest → {runtime, gateway}`, `adapter → gateway → {socket_io, engine_io}`;
//! `config` and `telemetry` are leaves.

pub mod config;
pub mod gateway;
pub mod socket_io;
