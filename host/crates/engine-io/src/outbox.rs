//! Packets of one session that its client has not received yet, bounded in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::memory::{ClientMemory, SHARED};
use crate::packet::Frame;

/// One packet of the layer above: a frame, or a frame and its attachments. Cloning shares the bytes, so that a
/// broadcast is encoded once for all who receive it.
#[derive(Debug, Clone)]
pub enum Encoded {
    /// A packet without attachments.
    One(Frame),
    /// Frames that must follow one another.
    Many(Arc<[Frame]>),
}

impl Encoded {
    /// Frames in the order in which they are sent.
    pub fn frames(&self) -> &[Frame] {
        match self {
            Self::One(frame) => std::slice::from_ref(frame),
            Self::Many(frames) => frames,
        }
    }

    /// Bytes of the packet, bookkeeping included.
    pub fn size(&self) -> usize {
        self.frames().iter().map(cost).sum()
    }

    /// Bytes that one queue or log keeps of the packet, beside those of [`Encoded::charged_to`].
    pub fn kept(&self) -> usize {
        self.frames().iter().map(kept).sum()
    }

    /// Charges large frames to the memory of clients, once for all of their clones.
    #[must_use]
    pub fn charged_to(self, memory: &Arc<ClientMemory>) -> Self {
        match self {
            Self::One(frame) => Self::One(frame.charged_to(memory)),
            Self::Many(frames) => Self::Many(frames.iter().map(|frame| frame.clone().charged_to(memory)).collect()),
        }
    }
}

/// Bytes for a frame's bookkeeping.
const ENTRY: usize = 64;

/// Bytes of a frame, bookkeeping included.
fn cost(frame: &Frame) -> usize {
    frame.len() + ENTRY
}

fn kept(frame: &Frame) -> usize {
    if frame.len() < SHARED { cost(frame) } else { ENTRY }
}

/// A queue of packets, bounded in bytes.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: VecDeque<Entry>,
    bytes: usize,
    /// Sum of [`kept`].
    kept: usize,
    limit: usize,
}

#[derive(Debug)]
struct Entry {
    packet: Encoded,
    /// Number of the packet's frames that were taken already.
    taken: usize,
}

/// The client receives too slowly.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Outbox {
    /// An empty queue of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, kept: 0, limit }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether it is over half full, so handlers should be held back.
    pub(crate) fn is_clogged(&self) -> bool {
        self.bytes > self.limit / 2
    }

    /// Appends a packet.
    ///
    /// # Errors
    ///
    /// [`Full`] if the packet does not fit. A packet on its own always fits.
    pub(crate) fn push(&mut self, packet: Encoded) -> Result<(), Full> {
        let size = packet.size();
        if self.bytes > 0 && self.bytes + size > self.limit {
            return Err(Full);
        }
        self.bytes += size;
        self.kept += packet.kept();
        self.queue.push_back(Entry { packet, taken: 0 });
        Ok(())
    }

    /// Takes the next frame.
    pub(crate) fn pop(&mut self) -> Option<Frame> {
        let entry = self.queue.front_mut()?;
        let frames = entry.packet.frames();
        let frame = frames.get(entry.taken)?.clone();
        entry.taken += 1;
        if entry.taken == frames.len() {
            self.queue.pop_front();
        }
        self.bytes -= cost(&frame);
        self.kept -= kept(&frame);
        if self.queue.is_empty() {
            self.shrink();
        }
        Some(frame)
    }

    /// Takes all frames.
    pub(crate) fn drain(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        self.queue = VecDeque::new();
        self.bytes = 0;
        self.kept = 0;
    }

    /// Bytes to charge the session for.
    pub(crate) fn kept(&self) -> usize {
        self.kept
    }

    /// Bytes that wait, shared ones included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Frees memory, so that an idle session keeps little.
    fn shrink(&mut self) {
        const KEPT: usize = 8;
        if self.queue.capacity() > KEPT {
            self.queue.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(s: &str) -> Encoded {
        Encoded::One(Frame::from_message(s.to_owned()))
    }

    fn size(s: &str) -> usize {
        text(s).size()
    }

    #[test]
    fn frames_come_out_in_order_and_attachments_stay_together() {
        let mut outbox = Outbox::new(10_000);
        let group: Arc<[Frame]> =
            [Frame::from_message("4a".into()), Frame::Binary("b".into()), Frame::Binary("c".into())].into();
        outbox.push(text("41")).unwrap();
        outbox.push(Encoded::Many(group.clone())).unwrap();
        outbox.push(text("42")).unwrap();
        let mut want = vec![Frame::from_message("41".into())];
        want.extend(group.iter().cloned());
        want.push(Frame::from_message("42".into()));
        assert_eq!(outbox.drain(), want);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn beyond_its_limit_it_is_full() {
        let mut outbox = Outbox::new(2 * size("4aa"));
        assert_eq!(outbox.push(text("4n1")), Ok(()));
        assert_eq!(outbox.push(text("4n2")), Ok(()));
        assert_eq!(outbox.push(text("4n3")), Err(Full));
        assert_eq!(outbox.drain(), [Frame::from_message("4n1".into()), Frame::from_message("4n2".into())]);
    }

    #[test]
    fn a_packet_larger_than_the_limit_fits_an_empty_outbox() {
        let mut outbox = Outbox::new(1);
        assert_eq!(outbox.push(text("4large")), Ok(()));
        assert_eq!(outbox.push(text("4")), Err(Full));
    }

    /// A packet that is pushed (sizes of its frames), or a pop.
    fn step() -> impl Strategy<Value = Option<Vec<usize>>> {
        prop_oneof![2 => prop::collection::vec(1..200usize, 1..4).prop_map(Some), 1 => Just(None)]
    }

    proptest! {
        #[test]
        fn what_fits_comes_out_whole_and_in_order(steps in prop::collection::vec(step(), 0..80)) {
            const LIMIT: usize = 1500;
            let mut outbox = Outbox::new(LIMIT);
            let mut waiting: VecDeque<Frame> = VecDeque::new();
            for step in steps {
                match step {
                    Some(sizes) => {
                        let frames: Arc<[Frame]> = sizes.iter().map(|size| Frame::Binary(vec![0; *size].into())).collect();
                        let packet = Encoded::Many(frames.clone());
                        let fits = outbox.bytes() == 0 || outbox.bytes() + packet.size() <= LIMIT;
                        prop_assert_eq!(outbox.push(packet).is_ok(), fits);
                        if fits {
                            waiting.extend(frames.iter().cloned());
                        }
                    }
                    None => prop_assert_eq!(outbox.pop(), waiting.pop_front()),
                }
                prop_assert_eq!(outbox.bytes(), waiting.iter().map(cost).sum::<usize>());
                prop_assert_eq!(outbox.is_empty(), waiting.is_empty());
            }
            prop_assert_eq!(outbox.drain(), Vec::from(waiting));
            prop_assert_eq!(outbox.bytes(), 0);
        }
    }
}
