//! Room for what the host copies to hand it to guests.
//!
//! wasmtime writes a host function's result to the guest's memory, so a large one is there twice for a moment. All such
//! results together have one bound; who finds no room waits.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for copies, shared by all components of the process.
#[derive(Debug, Clone)]
pub struct Copies {
    room: Arc<Semaphore>,
    /// KiB of the room, and most of one call.
    most: u32,
}

/// Bytes of a unit of the room.
const UNIT: usize = 1 << 10;

impl Copies {
    /// Room for this many bytes, all of which one call may use.
    pub(super) fn new(bytes: usize) -> Self {
        let most = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX);
        Self { room: Arc::new(Semaphore::new(most as usize)), most }
    }

    /// Most bytes of one call.
    pub fn most(&self) -> usize {
        self.most as usize * UNIT
    }

    /// Waits for room. None if it is not needed.
    pub async fn room_for(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.most);
        // The semaphore is never closed.
        self.room.clone().acquire_many_owned(units).await.ok()
    }

    /// Gives back what a copy of this many bytes does not need. For room that was taken before the size was known.
    pub fn shrink(room: Option<OwnedSemaphorePermit>, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let mut room = room?;
        let surplus = room.num_permits().saturating_sub(bytes.div_ceil(UNIT));
        drop(room.split(surplus));
        Some(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn copies_wait_for_each_other() {
        let copies = Copies::new(100 * UNIT);
        let first = copies.room_for(60 * UNIT).await;
        let second = tokio::spawn({
            let copies = copies.clone();
            async move { copies.room_for(50 * UNIT).await }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        drop(first);
        assert!(second.await.unwrap().is_some());
        assert!(copies.room_for(copies.most()).await.is_some(), "all of it is free again");
    }

    #[tokio::test]
    async fn what_a_copy_does_not_need_is_given_back() {
        let copies = Copies::new(100 * UNIT);
        let room = Copies::shrink(copies.room_for(100 * UNIT).await, 10 * UNIT + 1);
        assert_eq!(copies.room.available_permits(), 89);
        let room = Copies::shrink(room, 90 * UNIT);
        assert_eq!(copies.room.available_permits(), 89, "it never grows");
        drop(Copies::shrink(room, 0));
        assert_eq!(copies.room.available_permits(), 100);
    }
}
