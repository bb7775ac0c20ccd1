//! Connection state recovery: what a client that was cut off gets back when it returns in time.
//!
//! As in socket.io 4.6: the answer to CONNECT has a private id (`pid`), and every event that a client may miss ends
//! with one more argument, its *offset*. A client whose transport broke sends both when it connects again, and gets its
//! id, rooms and `data`, and the packets that it missed.

mod keeper;
mod log;
mod lost;
mod resume;
#[cfg(test)]
mod tests;

pub(crate) use keeper::{Departure, Recovery};
pub(crate) use log::Recipients;
pub(crate) use resume::{Resume, Resumed};
