//! All sessions of an endpoint, bounded in number.
//!
//! A session counts until its handlers have finished, so that clients cannot get past the bound by leaving while their
//! work still runs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::websocket::WebSocket;
use crate::{CloseReason, Session, SessionLimits};

/// A session, and the place where an upgrade puts its WebSocket for the session's task.
#[derive(Debug)]
pub(super) struct Live {
    session: Arc<Session>,
    address: IpAddr,
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
    by_address: HashMap<IpAddr, usize>,
    closed: bool,
}

impl Registry {
    pub(super) fn new(limits: SessionLimits) -> Self {
        Self { index: Mutex::default(), limits, tasks: watch::Sender::new(0) }
    }

    pub(super) fn limits(&self) -> &SessionLimits {
        &self.limits
    }

    /// Adds a session; none if there are too many.
    pub(super) fn insert(&self, session: Session, address: IpAddr) -> Option<Arc<Live>> {
        let mut index = self.index.lock();
        if index.closed || *self.tasks.borrow() >= self.limits.sessions {
            return None;
        }
        if let Some(limit) = self.limits.sessions_per_address {
            let same_address = index.by_address.entry(address).or_default();
            if *same_address >= limit {
                return None;
            }
            *same_address += 1;
        }
        let live = Arc::new(Live { session: Arc::new(session), address, upgrade: Mutex::default() });
        index.sessions.insert(live.session.id().into(), live.clone());
        self.tasks.send_modify(|tasks| *tasks += 1);
        Some(live)
    }

    pub(super) fn get(&self, sid: &str) -> Option<Arc<Live>> {
        self.index.lock().sessions.get(sid).cloned()
    }

    /// Forgets the id of a session whose transport is gone.
    pub(super) fn remove(&self, live: &Live) {
        self.index.lock().sessions.remove(live.session.id());
    }

    /// The session's task is done; called once for every session that was added.
    pub(super) fn task_done(&self, live: &Live) {
        let mut index = self.index.lock();
        if let Some(count) = index.by_address.get_mut(&live.address) {
            *count -= 1;
            if *count == 0 {
                index.by_address.remove(&live.address);
            }
        }
        self.tasks.send_modify(|tasks| *tasks -= 1);
    }

    /// How many sessions there are, and how many have ended but still have a task.
    pub(super) fn counts(&self) -> (usize, usize) {
        let sessions = self.index.lock().sessions.len();
        (sessions, self.tasks.borrow().saturating_sub(sessions))
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(registry.index.lock().by_address.len(), 1);
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
