//! Key-value stores for handlers.
//!
//! **Job.** A [`KeyValue`] is one namespace's store: it checks what a handler passes and hands it to a [`Backend`],
//! which keeps the entries of all namespaces, each in a [`Space`] of its own. [`Embedded`] keeps them in one file,
//! [`Memory`] in memory, and [`Redis`] where several hosts share them; [`Local`] asks another process, which has the file.
//!
//! **Promises.** A call takes effect as a whole or not at all, except [`KeyValue::clear`], which removes a bounded number
//! of entries at a time. What a call has changed is durable when it returns, and every later call sees it; in Redis
//! it is as durable as Redis is set up to be. Keys are in the order of their bytes. An entry whose time is up is not
//! there any more, to the millisecond. No key, prefix or cursor reaches an entry of another space.
//!
//! **Bounds** are in [`Limits`] (what one namespace may keep and one call may pass) [`EmbeddedLimits`] and
//! [`RedisLimits`] (what waits for the file, and for Redis). Calls wait without blocking a thread of the asynchronous
//! runtime.
//!
//! Files import each other in this order, never back: `error`, `limits`, `clock` → `model` → `rows` → `semantics` →
//! `backend` → `memory`, `embedded`, `on_redis`, `key_value` → `local`.

#![warn(missing_docs, unreachable_pub)]

mod backend;
mod clock;
mod embedded;
mod error;
mod key_value;
mod limits;
mod local;
mod memory;
mod model;
mod on_redis;
mod rows;
mod semantics;

pub use backend::{Answer, Backend};
pub use clock::{Clock, SystemClock};
pub use embedded::Embedded;
pub use error::{Error, OpenError};
pub use key_value::KeyValue;
pub use limits::{EmbeddedLimits, Limits, RedisLimits};
pub use local::{Local, LocalServer};
pub use memory::Memory;
pub use model::{Entry, Expected, Listed, Page, Put, Query, Space, Swap, Swapped};
pub use on_redis::{ConnectError, Redis, RedisAddress, ServerState};
