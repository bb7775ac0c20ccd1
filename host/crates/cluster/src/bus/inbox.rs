//! What other nodes have sent and is to be handled, in order, for one namespace.
//!
//! All inboxes of a node share one budget of bytes. Who cannot wait drops a message that does not fit; who reads the
//! stream waits.

use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::dialect::Heard;

/// Bytes that may wait, of all namespaces together.
const BYTES: u32 = 64 << 20;
/// Bytes charged for a message beside what it holds.
const ENTRY: usize = 256;

/// The bytes that all inboxes of a node may hold.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    bytes: Arc<Semaphore>,
    most: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(BYTES)
    }
}

impl Budget {
    fn new(most: u32) -> Self {
        Self { bytes: Arc::new(Semaphore::new(most as usize)), most }
    }

    /// A message is charged for all that may wait at most, so that it fits when nothing else waits.
    fn size(&self, heard: &Heard) -> u32 {
        let size = match heard {
            Heard::Message { channel, message, .. } => channel.len() + message.len(),
            Heard::Entry(fields) => fields.iter().map(|(name, value)| name.len() + value.len()).sum(),
        };
        u32::try_from(size + ENTRY).unwrap_or(u32::MAX).min(self.most)
    }
}

/// Where messages are put.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    budget: Budget,
    messages: UnboundedSender<Waiting>,
}

/// A message that waits. Its bytes are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) heard: Heard,
    _bytes: OwnedSemaphorePermit,
}

impl Inbox {
    pub(crate) fn new(budget: Budget) -> (Self, UnboundedReceiver<Waiting>) {
        let (messages, waiting) = mpsc::unbounded_channel();
        (Self { budget, messages }, waiting)
    }

    /// Puts a message in, if there is room.
    pub(crate) fn try_put(&self, heard: Heard) -> bool {
        let bytes = self.budget.bytes.clone().try_acquire_many_owned(self.budget.size(&heard));
        bytes.is_ok_and(|bytes| self.messages.send(Waiting { heard, _bytes: bytes }).is_ok())
    }

    /// Puts a message in when there is room.
    pub(crate) async fn put(&self, heard: Heard) {
        // The semaphore is never closed.
        if let Ok(bytes) = self.budget.bytes.clone().acquire_many_owned(self.budget.size(&heard)).await {
            drop(self.messages.send(Waiting { heard, _bytes: bytes }));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;

    use super::super::dialect::Lane;
    use super::*;

    fn message(size: usize) -> Heard {
        Heard::Message { lane: Lane::Broadcasts, channel: String::new(), message: Bytes::from(vec![0; size]) }
    }

    #[tokio::test]
    async fn inboxes_share_a_budget() {
        let budget = Budget::new(2 * ENTRY as u32 + 10);
        let ((one, mut ones), (two, _twos)) = (Inbox::new(budget.clone()), Inbox::new(budget));
        assert!(one.try_put(message(5)) && two.try_put(message(5)));
        assert!(!two.try_put(message(0)), "there is no room");
        assert!(two.put(message(0)).now_or_never().is_none());
        drop(ones.recv().await);
        assert!(two.put(message(0)).now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_largest_message_fits_alone() {
        let (inbox, mut waiting) = Inbox::new(Budget::new(100));
        assert!(inbox.try_put(message(1_000)));
        assert!(!inbox.try_put(message(1)));
        drop(waiting.recv().await);
        assert!(inbox.try_put(message(1)));
    }
}
