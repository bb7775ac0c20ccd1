//! What clients make the host keep, in one number with a bound.
//!
//! Whoever keeps something for a client holds a [`Charge`] for it. Charges go in steps of [`STEP`] bytes: what is smaller
//! is covered by what every session is charged ([`SESSION`]), so that sessions with little to keep share no counter.
//! Beyond the bound the endpoint closes the sessions that hold most; it refuses new ones before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use tokio::sync::Notify;

/// Bytes that every session is charged beside what it keeps: its task, its connection's buffers, its sockets.
pub(crate) const SESSION: usize = 8 << 10;
/// The steps of a charge.
const STEP: usize = 4 << 10;
/// From this length on a packet is charged once, however many outboxes and logs it is in; a smaller one in each of them.
pub(crate) const SHARED: usize = 1 << 10;

/// The number and its bound.
#[derive(Debug)]
pub struct ClientMemory {
    used: AtomicUsize,
    limit: usize,
    exceeded: Notify,
}

impl Default for ClientMemory {
    /// Without a bound.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl ClientMemory {
    /// Nothing is kept yet.
    pub fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit, exceeded: Notify::new() }
    }

    /// Bytes that are kept.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Above this there is no room for new sessions, and to this it is brought back when the bound was exceeded.
    pub(crate) fn comfortable(&self) -> usize {
        self.limit - self.limit / 8
    }

    /// Waits until the bound is exceeded.
    pub(crate) async fn exceeded(&self) {
        while self.used() <= self.limit {
            self.exceeded.notified().await;
        }
    }

    fn replace(&self, old: usize, new: usize) {
        if new > old {
            let added = new - old;
            if self.used.fetch_add(added, Relaxed) + added > self.limit {
                self.exceeded.notify_one();
            }
        } else if old > new {
            self.used.fetch_sub(old - new, Relaxed);
        }
    }
}

/// What somebody keeps. Nothing once it is dropped.
#[derive(Debug)]
pub struct Charge {
    memory: Arc<ClientMemory>,
    charged: usize,
}

impl Charge {
    /// For nothing yet.
    pub fn new(memory: Arc<ClientMemory>) -> Self {
        Self { memory, charged: 0 }
    }

    /// It is so many bytes now.
    pub fn set(&mut self, bytes: usize) {
        let charged = bytes / STEP * STEP;
        self.memory.replace(self.charged, charged);
        self.charged = charged;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.replace(self.charged, 0);
    }
}

/// Bytes that are charged, exactly, as long as any clone of them exists. Small ones are not worth it.
pub(crate) fn charged(bytes: Bytes, memory: &Arc<ClientMemory>) -> Bytes {
    struct Owner {
        bytes: Bytes,
        memory: Arc<ClientMemory>,
    }
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    impl Drop for Owner {
        fn drop(&mut self) {
            self.memory.replace(self.bytes.len(), 0);
        }
    }
    if bytes.len() < SHARED {
        return bytes;
    }
    memory.replace(0, bytes.len());
    Bytes::from_owner(Owner { bytes, memory: memory.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_go_in_steps_and_come_back() {
        let memory = Arc::new(ClientMemory::new(100 * STEP));
        let mut charge = Charge::new(memory.clone());
        for (bytes, used) in [(STEP - 1, 0), (STEP, STEP), (10 * STEP + 1, 10 * STEP), (2 * STEP, 2 * STEP)] {
            charge.set(bytes);
            assert_eq!(memory.used(), used);
        }
        drop(charge);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn shared_bytes_are_charged_once() {
        let memory = Arc::new(ClientMemory::default());
        let packet = charged(Bytes::from(vec![7; 5000]), &memory);
        let copies = vec![packet.clone(); 10];
        let part = packet.slice(10..20);
        assert_eq!((memory.used(), &part[..]), (5000, &[7; 10][..]));
        drop((packet, copies));
        assert_eq!(memory.used(), 5000, "a part keeps all of it");
        drop(part);
        assert_eq!(memory.used(), 0);
        let small = charged(Bytes::from_static(b"small"), &memory);
        assert_eq!((memory.used(), small.len()), (0, 5));
    }

    #[tokio::test]
    async fn who_waits_for_the_bound_is_woken() {
        let memory = Arc::new(ClientMemory::new(STEP));
        let mut charge = Charge::new(memory.clone());
        tokio::join!(memory.exceeded(), async {
            charge.set(STEP);
            tokio::task::yield_now().await;
            charge.set(2 * STEP);
        });
    }
}
