//! What the key-value stores and the cluster share on their ways to Redis: where it is, and when it is tried again.
//!
//! **Job.** [`RedisAddress`] is an address with user and password, which it never shows, and makes clients, with TLS where the
//! address asks for it. [`Backoff`] is how long to wait before the next attempt.
//!
//! **Must not know** what is said to Redis: who connects keeps its own connection.

#![warn(missing_docs, unreachable_pub)]

mod address;
mod backoff;

pub use address::RedisAddress;
pub use backoff::Backoff;
