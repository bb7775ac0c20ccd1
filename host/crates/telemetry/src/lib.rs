//! Logs, and the process' counters.
//!
//! **Job.** [`init`] starts logging; [`summary`] sums up lines that would say the same again and again; [`text`] makes foreign
//! text fit for a log; [`metrics`] are the process' counters.
//!
//! **Promises.** Logging and counting never wait, never fail and never end anything: lines that nobody takes are dropped and
//! counted.
//!
//! **Must not know** any other part of the host; all parts may use it.

#![warn(missing_docs, unreachable_pub)]

mod logs;
mod metrics;
pub mod summary;
pub mod text;

pub use logs::{LogError, LogFormat, Logging, init, write_stderr};
pub use metrics::{Counter, Gauges, Metrics, metrics};
