//! Bounds on stores.

use std::time::Duration;

/// What one namespace may keep, and one call may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a key, prefix or cursor.
    pub key: usize,
    /// Bytes of a value.
    pub value: usize,
    /// Entries of a batch.
    pub batch: usize,
    /// Bytes that a batch passes or returns. At least a key and a value.
    pub batch_bytes: usize,
    /// Entries of a page. A page also ends when it has [`Limits::batch_bytes`].
    pub page: usize,
    /// Bytes of all entries: keys, values, and [`Limits::ENTRY`] for each. Beyond: nothing can be added; reading,
    /// shrinking and deleting go on.
    pub quota: u64,
}

impl Limits {
    /// What an entry counts beside its key and its value.
    pub const ENTRY: u64 = 64;
}

impl Default for Limits {
    fn default() -> Self {
        Self { key: 1 << 10, value: 1 << 20, batch: 1_000, batch_bytes: 8 << 20, page: 1_000, quota: 1 << 30 }
    }
}

/// What may wait for the file of an embedded store. Beyond: calls wait for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedLimits {
    /// Calls that write, at once; they share one synchronisation of the disk.
    pub writers: usize,
    /// Bytes that these calls pass.
    pub written_bytes: usize,
    /// Calls that read, at once, each on a thread.
    pub readers: usize,
    /// Bytes of the file that are kept in memory.
    pub cache: usize,
}

impl Default for EmbeddedLimits {
    fn default() -> Self {
        Self { writers: 256, written_bytes: 64 << 20, readers: 32, cache: 64 << 20 }
    }
}

/// What may wait for a Redis. Beyond: calls wait for each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisLimits {
    /// Calls at once.
    pub calls: usize,
    /// Bytes that these calls pass.
    pub passed_bytes: usize,
    /// Calls at once that get many entries.
    pub pages: usize,
    /// Bytes of one answer, whatever else is allowed.
    pub answer_bytes: usize,
    /// Time that Redis may take to answer. Beyond: the call is [`Error::Unavailable`](crate::Error::Unavailable).
    pub time: Duration,
}

impl Default for RedisLimits {
    fn default() -> Self {
        Self { calls: 256, passed_bytes: 64 << 20, pages: 32, answer_bytes: 64 << 20, time: Duration::from_secs(5) }
    }
}
