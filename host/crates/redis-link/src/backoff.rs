//! How long to wait before Redis is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);

/// Pauses that double from 100 ms to a longest one. Each is cut by up to half at random, so that many hosts do not come back
/// all at once.
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// Begins with the shortest pause.
    pub fn new(longest: Duration) -> Self {
        Self { next: FIRST, longest }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        self.cut(random())
    }

    fn cut(&mut self, random: u32) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        varied(pause, random)
    }

    /// Some time from half of this one to the whole of it.
    pub fn about(time: Duration) -> Duration {
        varied(time, random())
    }
}

fn varied(time: Duration, random: u32) -> Duration {
    time - (time / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A number from the operating system; without one, times are the longest.
fn random() -> u32 {
    getrandom::u32().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut backoff = Backoff::new(Duration::from_secs(5));
        let longest: Vec<u128> = (0..8).map(|_| backoff.cut(0).as_millis()).collect();
        assert_eq!(longest, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(backoff.cut(u32::MAX).as_millis(), 2_500);
        assert!(Backoff::new(Duration::from_secs(5)).pause() <= FIRST);
        let about = Backoff::about(FIRST);
        assert!(FIRST / 2 <= about && about <= FIRST);
    }
}
