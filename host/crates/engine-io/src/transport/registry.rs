//! All sessions of an endpoint, bounded in number; those that have joined no namespace are bounded more tightly
//! ([`Unjoined`]).
//!
//! A session counts until its handlers have finished, so that clients cannot get past the bound by leaving while their
//! work still runs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::unjoined::{Unjoined, origin};
use super::websocket::WebSocket;
use crate::{ClientMemory, CloseReason, Session, SessionLimits};
use telemetry::{metrics, summary};

/// Sessions that hold less are never closed to make room.
const BLAMED: usize = 32 << 10;

/// A session, and the place where an upgrade puts its WebSocket for the session's task.
#[derive(Debug)]
pub(super) struct Live {
    session: Arc<Session>,
    /// Whom it counts for.
    origin: IpAddr,
    /// Grows from one session to the next.
    serial: u64,
    upgrade: Mutex<Option<Box<WebSocket>>>,
}

impl Live {
    pub(super) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Gives the session a WebSocket.
    pub(super) fn attach(&self, socket: WebSocket) {
        *self.upgrade.lock() = Some(Box::new(socket));
        self.session.wake();
    }

    pub(super) fn take_upgrade(&self) -> Option<WebSocket> {
        self.upgrade.lock().take().map(|socket| *socket)
    }
}

/// The sessions of an endpoint, and the limits that hold for them.
#[derive(Debug)]
pub(super) struct Registry {
    index: Mutex<Index>,
    limits: SessionLimits,
    /// Tasks of sessions that have not ended, those of closed sessions included.
    tasks: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Index {
    /// By id.
    sessions: HashMap<Box<str>, Arc<Live>>,
    by_origin: HashMap<IpAddr, usize>,
    unjoined: Unjoined<Arc<Live>>,
    /// The serial number of the next session.
    next: u64,
    closed: bool,
}

impl Registry {
    pub(super) fn new(limits: SessionLimits) -> Self {
        Self { index: Mutex::default(), limits, tasks: watch::Sender::new(0) }
    }

    pub(super) fn limits(&self) -> &SessionLimits {
        &self.limits
    }

    /// Adds a session; none if there are too many. Sessions that have joined no namespace make room for it.
    pub(super) fn insert(&self, session: Session, address: IpAddr) -> Option<Arc<Live>> {
        let (live, displaced) = self.index.lock().insert(self, session, address)?;
        for displaced in displaced {
            metrics().sessions_displaced.increment();
            const CAUSE: &str = "session closed for a new one: too many have joined no namespace";
            if summary::is_warning_due(CAUSE, "") {
                tracing::warn!(address = %displaced.origin, "{CAUSE}");
            }
            displaced.session.abort(CloseReason::ForcedServerClose);
        }
        Some(live)
    }

    /// The client of a session has joined a namespace, or is in none any more.
    pub(super) fn set_joined(&self, live: &Arc<Live>, joined: bool) {
        let unjoined = &mut self.index.lock().unjoined;
        if joined {
            unjoined.remove(live.origin, live.serial);
        } else {
            unjoined.add(live.origin, live.serial, live.clone());
        }
    }

    pub(super) fn get(&self, sid: &str) -> Option<Arc<Live>> {
        self.index.lock().sessions.get(sid).cloned()
    }

    /// Forgets the id of a session whose transport is gone, unless a GET is still to find it.
    pub(super) fn remove(&self, live: &Live) {
        let mut index = self.index.lock();
        index.unjoined.remove(live.origin, live.serial);
        if !live.session.awaits_last_get() {
            index.sessions.remove(live.session.id());
        }
    }

    /// The session's task is done; called once for every session that was added.
    pub(super) fn task_done(&self, live: &Live) {
        let mut index = self.index.lock();
        if let Some(count) = index.by_origin.get_mut(&live.origin) {
            *count -= 1;
            if *count == 0 {
                index.by_origin.remove(&live.origin);
            }
        }
        self.tasks.send_modify(|tasks| *tasks -= 1);
    }

    /// How many sessions there are, and how many have ended but still have a task.
    pub(super) fn counts(&self) -> (usize, usize) {
        let sessions = self.index.lock().sessions.len();
        (sessions, self.tasks.borrow().saturating_sub(sessions))
    }

    /// Closes the sessions that hold most, until what is kept is comfortable. Sessions that hold little are spared: they are
    /// not to blame. Returns how many it closed.
    pub(super) fn relieve(&self, memory: &ClientMemory) -> usize {
        let mut sessions: Vec<_> = {
            let index = self.index.lock();
            index.sessions.values().map(|live| (0, live.session.clone())).collect()
        };
        for (holds, session) in &mut sessions {
            *holds = session.holds();
        }
        sessions.retain(|(holds, session)| *holds >= BLAMED && session.is_open());
        sessions.sort_unstable_by_key(|(holds, _)| std::cmp::Reverse(*holds));
        // What tasks hold is freed when they run; outboxes are freed at once.
        let (mut pending, mut closed) = (0, 0);
        for (_, session) in sessions {
            if memory.used().saturating_sub(pending) <= memory.comfortable() {
                break;
            }
            closed += 1;
            pending += session.holds_elsewhere();
            session.abort(CloseReason::ForcedClose);
            metrics().sessions_shed.increment();
            const CAUSE: &str = "session closed: clients make the host keep too much, and it held most";
            if summary::is_warning_due(CAUSE, "") {
                tracing::warn!("{CAUSE}");
            }
        }
        closed
    }

    /// Closes all sessions and refuses new ones.
    pub(super) fn close_all(&self, reason: CloseReason) {
        let sessions: Vec<_> = {
            let mut index = self.index.lock();
            index.closed = true;
            index.sessions.values().cloned().collect()
        };
        for live in sessions {
            live.session.close(reason);
        }
    }

    /// Waits until no session has work left.
    pub(super) async fn drained(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.tasks.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}

impl Index {
    /// Adds a session; also those that make room for it, which have yet to be closed.
    fn insert(
        &mut self,
        registry: &Registry,
        session: Session,
        address: IpAddr,
    ) -> Option<(Arc<Live>, Vec<Arc<Live>>)> {
        let limits = &registry.limits;
        let origin = origin(address);
        let mut displaced = Vec::new();
        if self.closed || limits.sessions_per_address.is_some_and(|limit| self.of_origin(origin) >= limit) {
            return None;
        }
        if *registry.tasks.borrow() >= limits.sessions {
            // Nobody is locked out by an address that has, and keeps, more sessions without a namespace than its own.
            let (count, greediest) = self.unjoined.greediest()?;
            if count < self.unjoined.count(origin) + 2 {
                return None;
            }
            displaced.extend(self.unjoined.take_oldest(greediest));
        }
        if limits.unjoined_per_address.of(address).is_some_and(|limit| self.unjoined.count(origin) >= limit) {
            displaced.extend(self.unjoined.take_oldest(origin));
        }
        while self.unjoined.total() >= limits.unjoined
            && let Some((_, greediest)) = self.unjoined.greediest()
        {
            displaced.extend(self.unjoined.take_oldest(greediest));
        }
        if limits.sessions_per_address.is_some() {
            *self.by_origin.entry(origin).or_default() += 1;
        }
        self.next += 1;
        let live = Arc::new(Live { session: Arc::new(session), origin, serial: self.next, upgrade: Mutex::default() });
        self.sessions.insert(live.session.id().into(), live.clone());
        self.unjoined.add(origin, live.serial, live.clone());
        registry.tasks.send_modify(|tasks| *tasks += 1);
        Some((live, displaced))
    }

    fn of_origin(&self, origin: IpAddr) -> usize {
        self.by_origin.get(&origin).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Frame;
    use crate::{Encoded, PerAddress};

    fn limits(sessions_per_address: Option<usize>) -> SessionLimits {
        SessionLimits { sessions: 2, sessions_per_address, ..SessionLimits::default() }
    }

    fn insert(registry: &Registry, id: &str, address: [u8; 4]) -> Option<Arc<Live>> {
        registry.insert(Session::new(id.into(), 1000, false), IpAddr::from(address))
    }

    #[test]
    fn a_session_counts_until_its_handlers_have_finished() {
        let registry = Registry::new(limits(Some(1)));
        let first = insert(&registry, "1", [1; 4]).unwrap();
        assert!(insert(&registry, "2", [1; 4]).is_none());
        assert_eq!(registry.counts(), (1, 0));
        registry.remove(&first);
        assert_eq!(registry.counts(), (0, 1));
        assert!(registry.get("1").is_none());
        assert!(insert(&registry, "3", [1; 4]).is_none());
        let other = insert(&registry, "4", [2; 4]).unwrap();
        assert!(insert(&registry, "5", [3; 4]).is_none());
        registry.task_done(&first);
        assert!(insert(&registry, "6", [1; 4]).is_some());
        registry.remove(&other);
        registry.task_done(&other);
        assert_eq!(registry.index.lock().by_origin.len(), 1);
    }

    #[test]
    fn those_that_hold_most_are_closed_until_it_is_comfortable() {
        let memory = Arc::new(ClientMemory::new(800 << 10));
        let registry = Registry::new(SessionLimits::default());
        let sessions = [10, 300, 100, 400, 200].map(|kib: usize| {
            let session = Session::with_memory(kib.to_string(), usize::MAX, false, memory.clone());
            let live = registry.insert(session, IpAddr::from([1; 4])).unwrap();
            for _ in 0..kib {
                let packet = Frame::from_message("4".repeat(1024));
                live.session.send(Encoded::One(packet).charged_to(&memory), false);
            }
            live
        });
        assert_eq!(registry.relieve(&memory), 1);
        assert_eq!(open(&sessions), [true, true, true, false, true]);
        assert!(memory.used() <= memory.comfortable());
        assert_eq!(registry.relieve(&memory), 0);
    }

    fn open(lives: &[Arc<Live>]) -> Vec<bool> {
        lives.iter().map(|live| live.session.is_open()).collect()
    }

    #[test]
    fn the_oldest_of_the_greediest_address_makes_room() {
        let registry = Registry::new(SessionLimits { unjoined: 4, ..SessionLimits::default() });
        let greedy: Vec<_> = ["1", "2", "3"].map(|id| insert(&registry, id, [1; 4]).unwrap()).into();
        let other = insert(&registry, "4", [2; 4]).unwrap();
        let third = insert(&registry, "5", [3; 4]).unwrap();
        assert_eq!(open(&greedy), [false, true, true]);
        registry.set_joined(&greedy[1], true);
        insert(&registry, "6", [3; 4]).unwrap();
        assert_eq!(open(&greedy), [false, true, true], "there was room");
        registry.set_joined(&third, true);
        insert(&registry, "7", [3; 4]).unwrap();
        insert(&registry, "8", [3; 4]).unwrap();
        assert!(third.session.is_open() && other.session.is_open(), "those that have joined stay");
        registry.set_joined(&third, false);
        insert(&registry, "9", [4; 4]).unwrap();
        assert!(!third.session.is_open() && other.session.is_open(), "it has left all namespaces");
    }

    #[test]
    fn an_address_displaces_itself() {
        let limits = SessionLimits { unjoined_per_address: PerAddress::Public(2), ..SessionLimits::default() };
        let registry = Registry::new(limits);
        for (network, bounded) in [([198, 51, 100, 1], true), ([10, 0, 0, 1], false)] {
            let lives: Vec<_> = (0..4).map(|n| insert(&registry, &format!("{n}"), network).unwrap()).collect();
            assert_eq!(open(&lives), if bounded { [false, false, true, true] } else { [true; 4] });
        }
    }

    #[test]
    fn a_full_house_is_no_lock() {
        let registry = Registry::new(limits(None));
        let greedy: Vec<_> = ["1", "2"].map(|id| insert(&registry, id, [1; 4]).unwrap()).into();
        assert!(insert(&registry, "3", [1; 4]).is_none(), "it has most itself");
        assert!(insert(&registry, "4", [2; 4]).is_some());
        assert_eq!(open(&greedy), [false, true]);
    }

    #[tokio::test]
    async fn a_closed_registry_takes_nobody_and_waits_for_the_last_task() {
        let registry = Registry::new(limits(None));
        let live = insert(&registry, "1", [1; 4]).unwrap();
        registry.close_all(CloseReason::ServerShuttingDown);
        assert!(!live.session.is_open());
        assert!(insert(&registry, "2", [1; 4]).is_none());
        let drained = async {
            registry.drained().await;
            assert_eq!(*registry.tasks.borrow(), 0);
        };
        tokio::join!(drained, async { registry.task_done(&live) });
    }
}
