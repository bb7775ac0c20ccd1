//! A Socket.IO server whose event handlers are sandboxed WebAssembly components.
//!
//! `ARCHITECTURE.md` has the map. Imports go one way: `main → cli → {app, build, config}`, `app → config`; `hint` is a
//! leaf. The parts are crates below `host/crates/`; `app` is the only place that knows all of them.

pub mod app;
pub mod build;
pub mod cli;
pub mod config;
pub mod hint;
