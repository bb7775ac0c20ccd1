//! WebAssembly components on wasmtime: engines, compiled code, memory limits, instances at once. Nothing of Socket.IO.
//!
//! A [`Runtime`] is shared by all components of the process. A caller compiles a component once
//! ([`Runtime::compile`]), and for every call takes a [`Slot`], which is the right to one instance and the store for it.

mod cache;
mod compile;
mod engine;
mod failure;
mod fuse;
mod inspect;
mod limiter;
mod slot;

pub use cache::CodeCache;
pub use compile::CompileError;
pub use engine::{Calls, Runtime, RuntimeError, Usage};
pub use failure::trap_text;
pub use inspect::{InspectError, Interfaces, inspect};
pub use limiter::{Refused, StoreLimiter};
pub use slot::{Slot, StoreData};
