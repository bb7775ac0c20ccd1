//! How much the handlers of one namespace may print.

use std::time::Instant;

use parking_lot::Mutex;

/// Bytes that the handlers of one namespace may print in a second, and at once after a pause.
const RATE: usize = 256 << 10;
const BURST: usize = 1 << 20;
/// What a line costs beside its bytes.
const ENTRY: usize = 128;
/// How much the handlers of one namespace may still print: [`RATE`] bytes a second, and [`BURST`] at once.
#[derive(Debug)]
pub(crate) struct OutputRate(Mutex<Tokens>);

#[derive(Debug)]
struct Tokens {
    bytes: usize,
    at: Instant,
}

impl OutputRate {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(Tokens { bytes: BURST, at: now }))
    }

    /// Whether a line of so many bytes may be logged.
    pub(super) fn take(&self, bytes: usize, now: Instant) -> bool {
        let mut tokens = self.0.lock();
        let since = now.saturating_duration_since(tokens.at).as_millis();
        let earned = usize::try_from(since).unwrap_or(BURST).saturating_mul(RATE) / 1_000;
        if earned > 0 {
            tokens.bytes = tokens.bytes.saturating_add(earned).min(BURST);
            tokens.at = now;
        }
        match tokens.bytes.checked_sub(bytes + ENTRY) {
            Some(left) => {
                tokens.bytes = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_a_rate() {
        let start = Instant::now();
        let rate = OutputRate::new(start);
        let lines = |now| (0..100_000).filter(|_| rate.take(1_000, now)).count();
        assert_eq!(lines(start), BURST / (1_000 + ENTRY));
        let later = lines(start + std::time::Duration::from_secs(1));
        assert!(later.abs_diff(RATE / (1_000 + ENTRY)) <= 1, "{later}");
        assert_eq!(lines(start + std::time::Duration::from_secs(3600)), BURST / (1_000 + ENTRY));
    }
}
