//! How long a call has computed since it began.
//!
//! Ticks are real time, but on a busy machine the thread of a call may not have run meanwhile, and a short call may be
//! running just when a tick comes. So from its first tick on, a call may go on until its thread has used half a tick
//! more. Threads' time is read at ticks only.

use std::time::Duration;

use super::engine::EPOCH;

/// The first turn of a call; later ones end at every tick.
#[derive(Debug, Default, Clone, Copy)]
pub enum Turn {
    /// There was no tick yet.
    #[default]
    Begun,
    /// There was one, when the thread had used this time.
    Since(Duration),
    /// It is used up.
    Over,
}

impl Turn {
    /// There is a tick: whether the turn is over.
    pub(super) fn is_over(&mut self) -> bool {
        self.tick(thread_time)
    }

    fn tick(&mut self, used: impl FnOnce() -> Option<Duration>) -> bool {
        *self = match (*self, used()) {
            (Self::Over, _) | (_, None) => Self::Over,
            (Self::Begun, Some(now)) => Self::Since(now),
            // Less than before is the time of another thread, on which the call has gone on.
            (Self::Since(then), Some(now)) if now < then => Self::Since(now),
            (Self::Since(then), Some(now)) if now - then < EPOCH / 2 => Self::Since(then),
            (Self::Since(_), Some(_)) => Self::Over,
        };
        matches!(self, Self::Over)
    }
}

/// Processor time that this thread has used; none if the system does not tell.
fn thread_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(times: &[u64]) -> Vec<bool> {
        let mut turn = Turn::default();
        times.iter().map(|time| turn.tick(|| Some(Duration::from_millis(*time)))).collect()
    }

    #[test]
    fn a_turn_is_over_when_its_thread_has_computed() {
        assert_eq!(ticks(&[100, 105, 106]), [false, true, true]);
    }

    #[test]
    fn a_thread_that_did_not_run_has_not_computed() {
        assert_eq!(ticks(&[100, 100, 101, 102, 103]), [false, false, false, false, true]);
    }

    #[test]
    fn another_threads_time_is_not_compared() {
        assert_eq!(ticks(&[100, 50, 51, 55]), [false, false, false, true]);
    }

    #[test]
    fn without_a_clock_every_tick_counts() {
        assert!(Turn::default().tick(|| None));
    }

    #[test]
    fn threads_have_a_time() {
        assert!(thread_time().is_some());
    }
}
