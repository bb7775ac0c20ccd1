//! The sockets that a namespace has lost lately, by their private id.
//!
//! Bounded in bytes and age; the oldest go first. A socket whose last handlers still run is listed, so that its client
//! finds it; it counts among the sessions.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::model::LostSocket;

/// Bytes charged for a kept socket, bookkeeping included.
fn size(socket: &LostSocket, pid: &str) -> usize {
    const ENTRY: usize = 256;
    let rooms: usize = socket.rooms.iter().map(|room| room.len() + size_of::<Arc<str>>()).sum();
    ENTRY + 2 * pid.len() + socket.id.len() + rooms + socket.data.as_ref().map_or(0, |data| data.len())
}

/// The state of a private id.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It was never given out, or too long ago, or is in use.
    Unknown,
    /// The kept state. Nobody else can claim it any more.
    Found(LostSocket),
    /// Its last handlers still run. The state comes when they are done.
    Leaving { id: Box<str>, state: oneshot::Receiver<LostSocket> },
}

#[derive(Debug, Default)]
pub(super) struct LostSockets {
    places: HashMap<Box<str>, Place>,
    /// In the order in which they were kept.
    kept: BTreeMap<u64, KeptSocket>,
    bytes: usize,
    next: u64,
}

#[derive(Debug)]
enum Place {
    Leaving { id: Box<str>, claimed_by: Option<oneshot::Sender<LostSocket>> },
    Kept(u64),
}

#[derive(Debug)]
struct KeptSocket {
    pid: Box<str>,
    state: LostSocket,
    size: usize,
    at: Instant,
}

impl LostSockets {
    /// A socket has left; its state follows, or [`LostSockets::forget`] is called.
    pub(super) fn leaving(&mut self, pid: &str, id: &str) {
        self.places.insert(pid.into(), Place::Leaving { id: id.into(), claimed_by: None });
    }

    /// The last handlers of a socket that was leaving are done.
    pub(super) fn keep(&mut self, pid: &str, state: LostSocket, now: Instant, max_bytes: usize) {
        let Some(Place::Leaving { claimed_by, .. }) = self.places.remove(pid) else { return };
        // A client that left again before it got the state can come back for it.
        let state = match claimed_by {
            Some(claimant) => match claimant.send(state) {
                Ok(()) => return,
                Err(state) => state,
            },
            None => state,
        };
        let size = size(&state, pid);
        self.bytes += size;
        self.places.insert(pid.into(), Place::Kept(self.next));
        self.kept.insert(self.next, KeptSocket { pid: pid.into(), state, size, at: now });
        self.next += 1;
        while self.bytes > max_bytes {
            self.forget_oldest();
        }
    }

    /// Forgets a socket that was leaving; no state is kept.
    pub(super) fn forget(&mut self, pid: &str) {
        if let Some(Place::Leaving { .. }) = self.places.get(pid) {
            self.places.remove(pid);
        }
    }

    pub(super) fn claim(&mut self, pid: &str) -> Claim {
        let Entry::Occupied(mut place) = self.places.entry(pid.into()) else { return Claim::Unknown };
        match place.get_mut() {
            Place::Leaving { claimed_by: Some(claimant), .. } if !claimant.is_closed() => Claim::Unknown,
            Place::Leaving { id, claimed_by } => {
                let (claimant, state) = oneshot::channel();
                *claimed_by = Some(claimant);
                Claim::Leaving { id: id.clone(), state }
            }
            Place::Kept(number) => {
                let number = *number;
                place.remove();
                self.take(number).map_or(Claim::Unknown, |kept| Claim::Found(kept.state))
            }
        }
    }

    /// Drops states older than `age`.
    pub(super) fn expire(&mut self, age: Duration, now: Instant) {
        while self.kept.first_key_value().is_some_and(|(_, kept)| now.duration_since(kept.at) > age) {
            self.forget_oldest();
        }
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Frees the capacity that a burst needed.
    pub(super) fn shrink(&mut self) {
        self.places.shrink_to(self.places.len() * 2);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.kept.first_key_value().map(|(number, _)| *number);
        if let Some(kept) = oldest.and_then(|number| self.take(number)) {
            self.places.remove(&kept.pid);
        }
    }

    fn take(&mut self, number: u64) -> Option<KeptSocket> {
        let kept = self.kept.remove(&number)?;
        self.bytes -= kept.size;
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RoomNames;

    fn state(id: &str) -> LostSocket {
        LostSocket { id: id.into(), rooms: RoomNames::default(), data: None, since: 0 }
    }

    fn lost(states: &mut LostSockets, pid: &str, max_bytes: usize) {
        states.leaving(pid, "id");
        states.keep(pid, state("id"), Instant::now(), max_bytes);
    }

    fn assert_empty(states: &LostSockets) {
        assert_eq!((states.places.len(), states.kept.len(), states.bytes), (0, 0, 0));
    }

    #[test]
    fn a_state_is_given_out_once() {
        let mut states = LostSockets::default();
        assert!(matches!(states.claim("pid"), Claim::Unknown));
        lost(&mut states, "pid", 10_000);
        assert!(matches!(states.claim("pid"), Claim::Found(found) if found == state("id")));
        assert!(matches!(states.claim("pid"), Claim::Unknown));
        assert_empty(&states);
    }

    #[tokio::test]
    async fn who_comes_before_the_last_handlers_are_done_waits_for_them() {
        let mut states = LostSockets::default();
        states.leaving("pid", "id");
        let Claim::Leaving { id, state: waiting } = states.claim("pid") else { panic!() };
        assert_eq!(&*id, "id");
        assert!(matches!(states.claim("pid"), Claim::Unknown), "one client only");
        states.keep("pid", state("id"), Instant::now(), 10_000);
        assert_eq!(waiting.await, Ok(state("id")));
        assert_empty(&states);
    }

    #[test]
    fn a_claimant_that_has_gone_loses_nothing() {
        let mut states = LostSockets::default();
        states.leaving("pid", "id");
        drop(states.claim("pid"));
        assert!(matches!(states.claim("pid"), Claim::Leaving { .. }));
        states.keep("pid", state("id"), Instant::now(), 10_000);
        assert!(matches!(states.claim("pid"), Claim::Found(_)));
    }

    #[test]
    fn a_socket_that_leaves_nothing_is_forgotten() {
        let mut states = LostSockets::default();
        states.leaving("pid", "id");
        states.forget("pid");
        states.keep("pid", state("id"), Instant::now(), 10_000);
        assert_empty(&states);
    }

    #[test]
    fn bounded_in_bytes_and_age() {
        let mut states = LostSockets::default();
        let one = size(&state("id"), "1");
        for pid in ["1", "2", "3"] {
            lost(&mut states, pid, 2 * one);
        }
        assert!(matches!(states.claim("1"), Claim::Unknown));
        assert_eq!(states.bytes, 2 * one);
        states.expire(Duration::from_secs(1), Instant::now() + Duration::from_secs(2));
        assert_empty(&states);
    }
}
