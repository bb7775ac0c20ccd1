//! The log and the lost sockets of one namespace, under one lock.
//!
//! The lock is held while a packet is delivered: every client sees offsets in their order, and a client that returns
//! misses nothing between the last packet that is replayed and the first that is delivered live. It is taken before the
//! lock of the namespace's rooms.

use std::sync::Arc;
use std::time::Duration;

use engine_io::{Charge, ClientMemory, Encoded, SessionLimits};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::log::{Collected, Log, Missed, Recipients, Returned};
use super::lost::{Claim, LostSockets};
use crate::model::{LostSocket, RecoveryLimits, RoomNames};
use crate::slices::Budget;

/// Connection state recovery for one namespace.
#[derive(Debug)]
pub(crate) struct Recovery {
    limits: RecoveryLimits,
    /// How long packets are kept. Longer than sockets, because the loss of a client is only noticed after missed pings.
    packet_age: Duration,
    /// Most bytes to replay: all of them go into the outbox at once, before the client has begun to receive.
    replayed: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    log: Log,
    lost: LostSockets,
    charge: Charge,
}

impl Kept {
    fn recharge(&mut self) {
        self.charge.set(self.log.bytes() + self.lost.bytes());
    }
}

impl Recovery {
    pub(crate) fn new(limits: RecoveryLimits, session: &SessionLimits, memory: Arc<ClientMemory>) -> Self {
        let (log, lost, charge) = (Log::new(), LostSockets::default(), Charge::new(memory));
        Self {
            packet_age: limits.duration + session.ping_interval + session.ping_timeout,
            replayed: session.unsent_bytes / 2,
            limits,
            kept: Mutex::new(Kept { log, lost, charge }),
        }
    }

    /// Sends a packet, whose last argument is the offset that `encode` gets.
    ///
    /// A volatile packet is not kept. It carries the offset of the packet before it, because clients take the last
    /// string of any event for an offset.
    pub(crate) fn send(
        &self,
        recipients: Recipients,
        volatile: bool,
        encode: impl FnOnce(&str) -> Encoded,
        deliver: impl FnOnce(Encoded),
    ) {
        let now = Instant::now();
        let kept = &mut *self.kept.lock();
        let log = &mut kept.log;
        if volatile {
            return deliver(encode(&log.newest().to_string()));
        }
        let packet = encode(&(log.newest() + 1).to_string());
        log.expire(self.packet_age, now);
        log.push(recipients, packet.clone(), now, &self.limits);
        deliver(packet);
        kept.recharge();
    }

    /// Looks for the socket of a client that returns.
    pub(super) fn claim(&self, pid: &str) -> Claim {
        let lost = &mut self.kept.lock().lost;
        lost.expire(self.limits.duration, Instant::now());
        lost.claim(pid)
    }

    /// The packets that a client missed since an offset; none if some of them are gone, or they are too large to
    /// replay.
    pub(super) fn missed(&self, offset: Option<&str>, state: &LostSocket) -> Option<Missed> {
        let offset = match offset {
            Some(offset) => offset.parse().ok()?,
            None => state.since,
        };
        let mut missed = Missed::after(offset.max(state.since));
        let socket = Returned::new(&state.id, &state.rooms);
        // The lock is free after each slice.
        loop {
            let collected = self.kept.lock().log.collect(&mut missed, &socket, &mut Budget::slice());
            match collected {
                Collected::Some => {}
                Collected::All => break,
                Collected::Gone => return None,
            }
        }
        let bytes: usize = missed.packets.iter().map(Encoded::size).sum();
        (bytes <= self.replayed).then_some(missed)
    }

    /// Lets a socket in: `enter` makes it receive later packets. Returns the newest offset.
    pub(crate) fn admit(&self, enter: impl FnOnce()) -> u64 {
        let kept = self.kept.lock();
        enter();
        kept.log.newest()
    }

    /// The same for a socket that returns: `enter` gets the packets that it missed. False if some of them are gone by
    /// now.
    pub(crate) fn admit_again(
        &self,
        mut missed: Missed,
        (id, rooms): (&str, &RoomNames),
        enter: impl FnOnce(Vec<Encoded>),
    ) -> bool {
        let socket = Returned::new(id, rooms);
        loop {
            let kept = self.kept.lock();
            let collected = kept.log.collect(&mut missed, &socket, &mut Budget::slice());
            if collected != Collected::Some {
                enter(missed.packets);
                return collected == Collected::All;
            }
        }
    }

    /// A socket has left and may return; its last handlers may still run.
    pub(crate) fn depart(self: &Arc<Self>, pid: &str, id: &str) -> Departure {
        self.kept.lock().lost.leaving(pid, id);
        Departure { recovery: Some(self.clone()), pid: pid.into() }
    }

    /// Drops expired packets and sockets.
    pub(crate) fn expire(&self) {
        let now = Instant::now();
        let mut kept = self.kept.lock();
        kept.log.expire(self.packet_age, now);
        kept.log.shrink();
        kept.lost.expire(self.limits.duration, now);
        kept.lost.shrink();
        kept.recharge();
    }
}

/// A socket that has left and may return. If this is dropped before its state is kept, it cannot.
#[derive(Debug)]
pub(crate) struct Departure {
    /// `None` once its state was kept.
    recovery: Option<Arc<Recovery>>,
    pid: Box<str>,
}

impl Departure {
    /// Keeps the socket's state, now that its last handlers are done.
    pub(crate) fn keep(mut self, state: LostSocket) {
        if let Some(recovery) = self.recovery.take() {
            let mut kept = recovery.kept.lock();
            kept.lost.keep(&self.pid, state, Instant::now(), recovery.limits.bytes);
            kept.recharge();
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if let Some(recovery) = &self.recovery {
            recovery.kept.lock().lost.forget(&self.pid);
        }
    }
}
