//! WebAssembly components on wasmtime: engines, compiled code, limits on memory and on concurrent instances.
//!
//! **Job.** A [`Runtime`] is shared by all components of the process. A caller compiles a component once
//! ([`Runtime::compile`]), and for every call takes a [`Slot`], which is the right to one instance and the store for
//! it.
//!
//! A component is a [`Tenant`] of the runtime: places, memory and time to compute are shared fairly between tenants and,
//! within one, between the addresses of its clients.
//!
//! **Promises.** No more instances, memory and table elements than [`RuntimeLimits`] allow; a guest that computes
//! yields to other tasks of its thread, and can go on in the slow lane ([`Runtime::slow`]); one instance never sees what another had in its memory. Compiled code is kept
//! in a private folder and used only by the engine that it was made for.
//!
//! **Must not know** Socket.IO, HTTP or what a component imports.

#![warn(missing_docs, unreachable_pub)]

mod cache;
mod compile;
mod copies;
mod engine;
mod failure;
mod inspect;
mod limiter;
mod limits;
mod places;
pub mod private_dir;
mod recent;
mod shares;
mod slot;
mod slow_lane;
mod tenant;
mod turn;
mod turns;

pub use cache::CodeCache;
pub use compile::CompileError;
pub use copies::Copies;
pub use engine::{Calls, Runtime, RuntimeError, Usage};
pub use failure::trap_text;
pub use inspect::{InspectError, Interfaces, inspect};
pub use limiter::{Refused, StoreLimiter};
pub use limits::RuntimeLimits;
pub use slot::{Slot, StoreData};
pub use slow_lane::{Handler, SlowTask};
pub use tenant::Tenant;
pub use turn::Turn;
