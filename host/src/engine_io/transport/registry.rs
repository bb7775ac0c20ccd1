//! All sessions of an endpoint, bounded in number.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::websocket::WebSocket;
use crate::engine_io::{CloseReason, Session};

/// A session, and where its second transport is left for its task.
#[derive(Debug)]
pub(super) struct Live {
    pub session: Arc<Session>,
    address: IpAddr,
    upgrade: Mutex<Option<Box<WebSocket>>>,
}

impl Live {
    /// Gives the session a WebSocket.
    pub(super) fn attach(&self, socket: WebSocket) {
        *self.upgrade.lock() = Some(Box::new(socket));
        self.session.wake();
    }

    pub(super) fn take_upgrade(&self) -> Option<WebSocket> {
        self.upgrade.lock().take().map(|socket| *socket)
    }
}

/// Sessions by their id.
#[derive(Debug)]
pub(super) struct Registry {
    inner: Mutex<Inner>,
    limit: usize,
    limit_per_address: Option<usize>,
    /// Tasks of sessions that have not ended, those of closed sessions included.
    tasks: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Inner {
    sessions: HashMap<Box<str>, Arc<Live>>,
    by_address: HashMap<IpAddr, usize>,
    closed: bool,
}

impl Registry {
    pub(super) fn new(limit: usize, limit_per_address: Option<usize>) -> Self {
        Self { inner: Mutex::default(), limit, limit_per_address, tasks: watch::Sender::new(0) }
    }

    /// Adds a session; none where there are too many.
    pub(super) fn insert(&self, session: Session, address: IpAddr) -> Option<Arc<Live>> {
        let mut inner = self.inner.lock();
        let same_address =
            if self.limit_per_address.is_some() { inner.by_address.get(&address).copied() } else { None };
        if inner.closed
            || inner.sessions.len() >= self.limit
            || self.limit_per_address.is_some_and(|limit| same_address.unwrap_or(0) >= limit)
        {
            return None;
        }
        if self.limit_per_address.is_some() {
            *inner.by_address.entry(address).or_default() += 1;
        }
        let live = Arc::new(Live { session: Arc::new(session), address, upgrade: Mutex::default() });
        inner.sessions.insert(live.session.id().into(), live.clone());
        self.tasks.send_modify(|tasks| *tasks += 1);
        Some(live)
    }

    pub(super) fn get(&self, sid: &str) -> Option<Arc<Live>> {
        self.inner.lock().sessions.get(sid).cloned()
    }

    /// The session ended: its id is unknown from now on.
    pub(super) fn remove(&self, live: &Live) {
        let mut inner = self.inner.lock();
        if inner.sessions.remove(live.session.id()).is_none() {
            return;
        }
        if let Some(count) = inner.by_address.get_mut(&live.address) {
            *count -= 1;
            if *count == 0 {
                inner.by_address.remove(&live.address);
            }
        }
    }

    /// A session's task ended.
    pub(super) fn task_ended(&self) {
        self.tasks.send_modify(|tasks| *tasks -= 1);
    }

    /// Closes all sessions and takes no more.
    pub(super) fn close(&self, reason: CloseReason) {
        let sessions: Vec<_> = {
            let mut inner = self.inner.lock();
            inner.closed = true;
            inner.sessions.values().cloned().collect()
        };
        for live in sessions {
            live.session.close(reason);
        }
    }

    /// Waits until no session has work left.
    pub(super) async fn ended(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.tasks.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}
