//! The log and the lost sockets of one namespace, under one lock.
//!
//! The lock is held while a packet is delivered: every client sees offsets in their order, and a client that returns
//! misses nothing between the last packet that is replayed and the first that reaches it by itself. It is taken before
//! an adapter's lock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::log::{Log, Missed, Recipients};
use super::states::{Claim, State, States};
use crate::config::{ClientLimits, RecoveryLimits};
use crate::engine_io::Encoded;
use crate::gateway::socket::Rooms;

/// Connection state recovery for one namespace.
#[derive(Debug)]
pub struct Recovery {
    limits: RecoveryLimits,
    /// Packets are kept for longer than sockets: a socket is only found to be lost when it has missed pings.
    packet_age: Duration,
    /// Bytes that are replayed at most: the client has not even begun to receive them.
    replayed: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    log: Log,
    states: States,
}

impl Recovery {
    pub fn new(limits: RecoveryLimits, client: &ClientLimits) -> Self {
        Self {
            packet_age: limits.duration + client.ping_interval + client.ping_timeout,
            replayed: client.unsent_bytes / 2,
            limits,
            inner: Mutex::new(Inner { log: Log::new(), states: States::default() }),
        }
    }

    /// Sends a packet, whose last argument is the offset that `encode` gets.
    ///
    /// A volatile one is not kept. It has the offset of the packet before it, because clients take the last text of any
    /// event for an offset.
    pub fn send(
        &self,
        recipients: Recipients,
        volatile: bool,
        encode: impl FnOnce(&str) -> Encoded,
        deliver: impl FnOnce(Encoded),
    ) {
        let now = Instant::now();
        let log = &mut self.inner.lock().log;
        if volatile {
            return deliver(encode(&log.newest().to_string()));
        }
        let packet = encode(&(log.newest() + 1).to_string());
        log.expire(self.packet_age, now);
        log.push(recipients, packet.clone(), now, &self.limits);
        deliver(packet);
    }

    /// Looks for the socket of a client that returns.
    pub(super) fn claim(&self, pid: &str) -> Claim {
        let states = &mut self.inner.lock().states;
        states.expire(self.limits.duration, Instant::now());
        states.claim(pid)
    }

    /// What a client missed since an offset; none where some of it is gone, or it is too much.
    pub(super) fn missed(&self, offset: Option<&str>, state: &State) -> Option<Missed> {
        let offset = match offset {
            Some(offset) => offset.parse().ok()?,
            None => state.since,
        };
        let missed = self.inner.lock().log.after(offset.max(state.since), &state.id, &state.rooms)?;
        let bytes: usize = missed.packets.iter().map(Encoded::size).sum();
        (bytes <= self.replayed).then_some(missed)
    }

    /// Lets a socket in: `enter` makes it receive the packets to come. Returns the newest offset.
    pub fn admit(&self, enter: impl FnOnce()) -> u64 {
        let inner = self.inner.lock();
        enter();
        inner.log.newest()
    }

    /// The same for a socket that returns: `enter` first gets what it missed. False where some of that is gone by now.
    pub fn admit_again(
        &self,
        mut missed: Missed,
        (id, rooms): (&str, &Rooms),
        enter: impl FnOnce(Vec<Encoded>),
    ) -> bool {
        let inner = self.inner.lock();
        let complete = inner.log.complete(&mut missed, id, rooms);
        enter(missed.packets);
        complete
    }

    /// A socket has left and may return; its last handlers may still run.
    pub fn depart(self: &Arc<Self>, pid: &str, id: &str) -> Departure {
        self.inner.lock().states.leaving(pid, id);
        Departure { recovery: Some(self.clone()), pid: pid.into() }
    }

    /// Drops what is too old.
    pub fn expire(&self) {
        let now = Instant::now();
        let mut inner = self.inner.lock();
        inner.log.expire(self.packet_age, now);
        inner.log.shrink();
        inner.states.expire(self.limits.duration, now);
        inner.states.shrink();
    }
}

/// A socket that has left and may return. Dropped, it cannot.
#[derive(Debug)]
pub struct Departure {
    /// None: its state was kept.
    recovery: Option<Arc<Recovery>>,
    pid: Box<str>,
}

impl Departure {
    /// The socket's last handlers are done.
    pub fn keep(mut self, state: State) {
        if let Some(recovery) = self.recovery.take() {
            recovery.inner.lock().states.keep(&self.pid, state, Instant::now(), recovery.limits.bytes);
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        if let Some(recovery) = &self.recovery {
            recovery.inner.lock().states.forget(&self.pid);
        }
    }
}
