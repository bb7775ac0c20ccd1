//! Logs, and the process' counters.
//!
//! **Job.** [`init`] starts logging; [`text`] makes foreign text fit for a log; [`metrics`] are the process' counters.
//!
//! **Promises.** Counting never waits and never fails.
//!
//! **Must not know** any other part of the host; all parts may use it.

#![warn(missing_docs, unreachable_pub)]

mod logs;
mod metrics;
pub mod text;

pub use logs::{LogError, LogFormat, init};
pub use metrics::{Counter, Gauges, Metrics, metrics};
