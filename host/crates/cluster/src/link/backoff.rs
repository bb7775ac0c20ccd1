//! How long to wait before Redis is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Pauses that double from 100 ms to 5 s. Each is cut by up to half at random, so that the nodes of a cluster do not come
/// back all at once.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The next pause. `random` is any number.
    pub(crate) fn pause(&mut self, random: u32) -> Duration {
        let longest = self.next;
        self.next = (longest * 2).min(LONGEST);
        longest - (longest / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }

    /// The same, with a number from the operating system.
    pub(crate) fn random_pause(&mut self) -> Duration {
        let mut random = [0; 4];
        // Without random numbers the pauses are the longest.
        let _ = getrandom::fill(&mut random);
        self.pause(u32::from_ne_bytes(random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut backoff = Backoff::default();
        let longest: Vec<u128> = (0..8).map(|_| backoff.pause(0).as_millis()).collect();
        assert_eq!(longest, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(backoff.pause(u32::MAX).as_millis(), 2_500);
        assert!(Backoff::default().random_pause() <= FIRST);
    }
}
