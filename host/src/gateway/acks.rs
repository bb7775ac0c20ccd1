//! Acknowledgements that handlers wait for.
//!
//! An entry whose handler no longer waits is dropped when new ones come, so a client that never answers costs no more
//! than what is waited for at once.

use std::collections::HashMap;

use tokio::sync::{mpsc, oneshot};

use crate::socket_io::Payload;

/// Where an answer goes.
#[derive(Debug)]
pub(super) enum Waiter {
    /// To a handler that asked this socket.
    One(oneshot::Sender<Payload>),
    /// To a handler that asked several.
    Many(mpsc::UnboundedSender<Payload>),
}

impl Waiter {
    fn is_gone(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_closed(),
            Self::Many(sender) => sender.is_closed(),
        }
    }

    fn answer(self, payload: Payload) {
        // A handler that has given up in this moment needs no answer.
        match self {
            Self::One(sender) => drop(sender.send(payload)),
            Self::Many(sender) => drop(sender.send(payload)),
        }
    }
}

/// The acknowledgements that one socket owes.
#[derive(Debug, Default)]
pub(super) struct Acks {
    waiting: HashMap<u64, Waiter>,
    /// Entries at which those that nobody waits for are dropped.
    sweep_at: usize,
}

impl Acks {
    const SWEEP_MIN: usize = 16;

    pub(super) fn insert(&mut self, id: u64, waiter: Waiter) {
        if self.waiting.len() >= self.sweep_at {
            self.waiting.retain(|_, waiter| !waiter.is_gone());
            self.sweep_at = (self.waiting.len() * 2).max(Self::SWEEP_MIN);
        }
        self.waiting.insert(id, waiter);
    }

    /// Hands over an answer; one that nobody waits for is ignored, as the reference server does.
    pub(super) fn answer(&mut self, id: u64, payload: Payload) {
        if let Some(waiter) = self.waiting.remove(&id) {
            waiter.answer(payload);
        }
    }

    /// Whether a handler waits.
    pub(super) fn is_waited_for(&self) -> bool {
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
