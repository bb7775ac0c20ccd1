//! Slices: long work is cut into pieces, between which locks are free and other tasks run.
//!
//! A step is about one lookup or one push, so a slice takes about a millisecond at most. What is counted and when it
//! pauses does not depend on the machine's speed.

/// Steps of one slice.
const SLICE: usize = 4_096;

/// The steps that are left of a slice.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    /// That of a whole slice.
    pub(crate) fn slice() -> Self {
        Self(SLICE)
    }

    /// For what cannot be cut.
    pub(crate) fn unlimited() -> Self {
        Self(usize::MAX)
    }

    /// Counts steps; they may be more than are left.
    pub(crate) fn take(&mut self, steps: usize) {
        self.0 = self.0.saturating_sub(steps);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}
