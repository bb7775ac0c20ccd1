//! Where stores get the time from.

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day; tests have their own.
pub trait Clock: Debug + Send + Sync {
    /// Milliseconds since 1970.
    fn now(&self) -> u64;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
