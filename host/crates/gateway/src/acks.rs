//! Acknowledgements that handlers wait for.
//!
//! An entry whose handler no longer waits is dropped when new ones come, so a client that never answers costs no more
//! than the acknowledgements awaited at one time. The total bytes of several sockets' answers to one event are bounded.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};

use socket_io::Payload;
use telemetry::summary;

const TOO_LARGE: &str = "answers to one broadcast that are too large together count as missing";

/// Where an answer goes.
#[derive(Debug)]
pub(crate) enum Waiter {
    /// To a handler that asked this socket.
    One(oneshot::Sender<Payload>),
    /// To a handler that asked several.
    Many(Collector),
}

impl Waiter {
    fn is_gone(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_closed(),
            Self::Many(collector) => collector.answers.is_closed(),
        }
    }

    fn answer(self, payload: Payload) {
        // A handler that has just given up needs no answer.
        match self {
            Self::One(sender) => drop(sender.send(payload)),
            Self::Many(collector) => collector.collect(payload),
        }
    }
}

/// Collects the answers of several sockets to one event.
#[derive(Debug, Clone)]
pub(crate) struct Collector {
    answers: mpsc::UnboundedSender<Payload>,
    /// Bytes left for further answers.
    room: Arc<AtomicUsize>,
}

impl Collector {
    /// Bytes charged per answer for bookkeeping.
    const ENTRY: usize = 128;

    /// Also returns the channel of the answers. It closes when the last clone of the collector is dropped: each socket
    /// has a clone, which is dropped when the socket answers or leaves.
    pub(crate) fn new(room: usize) -> (Self, mpsc::UnboundedReceiver<Payload>) {
        let (answers, received) = mpsc::unbounded_channel();
        (Self { answers, room: Arc::new(AtomicUsize::new(room)) }, received)
    }

    /// Takes an answer. The first one that does not fit uses up the room for all others.
    pub(crate) fn collect(self, payload: Payload) {
        let size = payload.size() + Self::ENTRY;
        let take = |room: usize| Some(room.saturating_sub(size));
        let (Ok(room) | Err(room)) = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if size <= room {
            drop(self.answers.send(payload));
        } else if room > 0 && summary::is_warning_due(TOO_LARGE, "") {
            tracing::warn!("{TOO_LARGE}");
        }
    }
}

/// The acknowledgements that one socket owes.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    waiting: HashMap<u64, Waiter>,
    /// Number of entries at which those that nobody waits for are dropped.
    sweep_at: usize,
}

impl Acks {
    const SWEEP_MIN: usize = 16;

    pub(crate) fn insert(&mut self, id: u64, waiter: Waiter) {
        if self.waiting.len() >= self.sweep_at {
            self.waiting.retain(|_, waiter| !waiter.is_gone());
            self.sweep_at = (self.waiting.len() * 2).max(Self::SWEEP_MIN);
        }
        self.waiting.insert(id, waiter);
    }

    /// Hands over an answer; one that nobody waits for is ignored, as the reference server does.
    pub(crate) fn answer(&mut self, id: u64, payload: Payload) {
        if let Some(waiter) = self.waiting.remove(&id) {
            waiter.answer(payload);
        }
    }

    /// Whether a handler waits.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.values().any(|waiter| !waiter.is_gone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_reach_who_waits_and_unknown_ids_are_ignored() {
        let mut acks = Acks::default();
        let (sender, receiver) = oneshot::channel();
        acks.insert(7, Waiter::One(sender));
        acks.answer(8, Payload::empty());
        assert!(acks.is_waited_for());
        acks.answer(7, Payload::empty());
        acks.answer(7, Payload::empty());
        assert_eq!(receiver.await, Ok(Payload::empty()));
        assert!(!acks.is_waited_for());
    }

    #[tokio::test]
    async fn answers_of_several_are_bounded_together() {
        let payload = |size: usize| Payload { json: "x".repeat(size), attachments: Vec::new() };
        let (collector, mut received) = Collector::new(2 * Collector::ENTRY + 30);
        for size in [20, 10, 1] {
            Waiter::Many(collector.clone()).answer(payload(size));
        }
        drop(collector);
        assert_eq!(received.recv().await, Some(payload(20)));
        assert_eq!(received.recv().await, Some(payload(10)));
        assert_eq!(received.recv().await, None);
    }

    #[test]
    fn waiters_that_gave_up_are_dropped() {
        let mut acks = Acks::default();
        for id in 0..10_000 {
            acks.insert(id, Waiter::One(oneshot::channel().0));
        }
        assert!(acks.waiting.len() <= Acks::SWEEP_MIN);
        assert!(!acks.is_waited_for());
    }
}
