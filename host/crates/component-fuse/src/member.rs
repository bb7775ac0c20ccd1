//! A module that is joined with others.

use super::parts::Parts;

/// Where a module's import comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// An earlier member, and the number of its export.
    Member(usize, u32),
    /// No member. The joined module imports it, too.
    Outside,
}

/// A module, and where each of its imports comes from.
pub(super) struct Member<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) sources: Vec<Source>,
}
