//! Ears for tests of the formats.

use super::dialect::Ears;

/// Whether all rooms are here, and all replies are awaited.
pub(crate) struct Hears {
    pub(crate) rooms: bool,
    pub(crate) replies: bool,
}

impl Ears for Hears {
    fn has_room(&self, _: &str) -> bool {
        self.rooms
    }

    fn awaits(&self, _: &str) -> bool {
        self.replies
    }

    fn awaits_any(&self) -> bool {
        self.replies
    }
}
