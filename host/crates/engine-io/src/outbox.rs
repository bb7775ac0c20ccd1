//! Packets of one session that its client has not received yet, bounded in bytes.

use std::collections::VecDeque;
use std::sync::Arc;

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

    /// Bytes charged for the packet, bookkeeping included.
    pub fn size(&self) -> usize {
        self.frames().iter().map(cost).sum()
    }
}

/// Bytes charged per frame, bookkeeping included.
fn cost(frame: &Frame) -> usize {
    const ENTRY: usize = 64;
    frame.len() + ENTRY
}

/// A queue of packets. Beyond its limit volatile packets are dropped first, then the queue reports that it is full.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: VecDeque<Entry>,
    bytes: usize,
    limit: usize,
}

#[derive(Debug)]
struct Entry {
    packet: Encoded,
    /// Number of the packet's frames that were taken already.
    taken: usize,
    volatile: bool,
}

/// The client receives too slowly.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Outbox {
    /// An empty queue of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { queue: VecDeque::new(), bytes: 0, limit }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether it is over half full, so handlers should be held back.
    pub(crate) fn is_clogged(&self) -> bool {
        self.bytes > self.limit / 2
    }

    /// Appends a packet, and returns how many volatile packets were dropped to make room.
    ///
    /// # Errors
    ///
    /// [`Full`] if the packet does not fit although no volatile packet is left to drop. A packet on its own always
    /// fits.
    pub(crate) fn push(&mut self, packet: Encoded, volatile: bool) -> Result<usize, Full> {
        let size = packet.size();
        let fits = |bytes: usize| bytes == 0 || bytes + size <= self.limit;
        let mut dropped = 0;
        if !fits(self.bytes) {
            if volatile {
                return Ok(1); // the new packet is dropped
            }
            dropped = self.drop_volatile();
            if !(self.bytes == 0 || self.bytes + size <= self.limit) {
                return Err(Full);
            }
        }
        self.bytes += size;
        self.queue.push_back(Entry { packet, taken: 0, volatile });
        Ok(dropped)
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
    }

    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    fn drop_volatile(&mut self) -> usize {
        let before = self.queue.len();
        let bytes = &mut self.bytes;
        self.queue.retain(|entry| {
            let keep = !entry.volatile || entry.taken > 0;
            if !keep {
                *bytes -= entry.packet.size();
            }
            keep
        });
        before - self.queue.len()
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
        outbox.push(text("41"), false).unwrap();
        outbox.push(Encoded::Many(group.clone()), false).unwrap();
        outbox.push(text("42"), false).unwrap();
        let mut want = vec![Frame::from_message("41".into())];
        want.extend(group.iter().cloned());
        want.push(Frame::from_message("42".into()));
        assert_eq!(outbox.drain(), want);
        assert_eq!(outbox.bytes, 0);
    }

    #[test]
    fn volatile_packets_go_first_then_the_outbox_is_full() {
        let mut outbox = Outbox::new(2 * size("4aa"));
        assert_eq!(outbox.push(text("4v1"), true), Ok(0));
        assert_eq!(outbox.push(text("4n1"), false), Ok(0));
        assert_eq!(outbox.push(text("4v2"), true), Ok(1), "a new volatile packet is dropped where nothing fits");
        assert_eq!(outbox.push(text("4n2"), false), Ok(1), "an old one makes room");
        assert_eq!(outbox.push(text("4n3"), false), Err(Full));
        assert_eq!(outbox.drain(), [Frame::from_message("4n1".into()), Frame::from_message("4n2".into())]);
    }

    #[test]
    fn a_packet_larger_than_the_limit_fits_an_empty_outbox() {
        let mut outbox = Outbox::new(1);
        assert_eq!(outbox.push(text("4large"), false), Ok(0));
        assert_eq!(outbox.push(text("4"), false), Err(Full));
    }

    #[test]
    fn a_volatile_group_that_is_partly_sent_is_finished() {
        let mut outbox = Outbox::new(300);
        let group: Arc<[Frame]> = [Frame::from_message("4a".into()), Frame::Binary("b".into())].into();
        outbox.push(Encoded::Many(group), true).unwrap();
        outbox.pop().unwrap();
        assert_eq!(outbox.push(text(&"4".repeat(200)), false), Err(Full));
        assert_eq!(outbox.pop(), Some(Frame::Binary("b".into())));
    }

    /// A packet that is pushed (sizes of its frames, volatile), or a pop.
    fn step() -> impl Strategy<Value = Option<(Vec<usize>, bool)>> {
        prop_oneof![
            2 => (prop::collection::vec(1..200usize, 1..4), any::<bool>()).prop_map(Some),
            1 => Just(None),
        ]
    }

    proptest! {
        #[test]
        fn only_whole_volatile_packets_are_lost(steps in prop::collection::vec(step(), 0..80)) {
            const LIMIT: usize = 1500;
            let mut outbox = Outbox::new(LIMIT);
            // The queued frames, each with its packet's number, and whether it may be dropped.
            let mut waiting: Vec<(usize, Frame, bool)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                let before = outbox.bytes();
                match step {
                    Some((sizes, volatile)) => {
                        let frames: Arc<[Frame]> = sizes.iter().map(|size| Frame::Binary(vec![0; *size].into())).collect();
                        let packet = Encoded::Many(frames.clone());
                        let fits = before == 0 || before + packet.size() <= LIMIT;
                        let droppable: std::collections::BTreeSet<_> =
                            waiting.iter().filter(|(_, _, volatile)| *volatile).map(|(number, ..)| *number).collect();
                        let queued = match outbox.push(packet, volatile) {
                            Ok(dropped) if fits => {
                                prop_assert_eq!(dropped, 0);
                                true
                            }
                            Ok(dropped) if volatile => {
                                prop_assert_eq!(dropped, 1);
                                false
                            }
                            Ok(dropped) => {
                                prop_assert_eq!(dropped, droppable.len());
                                waiting.retain(|(_, _, volatile)| !volatile);
                                true
                            }
                            Err(Full) => {
                                prop_assert!(!fits && !volatile);
                                waiting.retain(|(_, _, volatile)| !volatile);
                                false
                            }
                        };
                        if queued {
                            waiting.extend(frames.iter().map(|frame| (number, frame.clone(), volatile)));
                        }
                    }
                    None if waiting.is_empty() => prop_assert_eq!(outbox.pop(), None),
                    None => {
                        let (number, frame, _) = waiting.remove(0);
                        prop_assert_eq!(outbox.pop(), Some(frame));
                        // A packet that has begun is finished.
                        waiting.iter_mut().filter(|entry| entry.0 == number).for_each(|entry| entry.2 = false);
                    }
                }
                prop_assert_eq!(outbox.bytes(), waiting.iter().map(|(_, frame, _)| cost(frame)).sum::<usize>());
                prop_assert_eq!(outbox.is_empty(), waiting.is_empty());
            }
            let rest: Vec<_> = waiting.into_iter().map(|(_, frame, _)| frame).collect();
            prop_assert_eq!(outbox.drain(), rest);
            prop_assert_eq!(outbox.bytes(), 0);
        }
    }
}
