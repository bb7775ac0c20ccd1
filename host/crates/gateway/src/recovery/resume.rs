//! A client that returns, from its CONNECT to its socket.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use serde::Deserialize;
use tokio::sync::oneshot;

use super::keeper::Recovery;
use super::log::Missed;
use super::lost::Claim;
use crate::model::LostSocket;

/// What a client that returns sends in its `auth`.
#[derive(Debug, Deserialize)]
pub(super) struct Returning {
    pub pid: String,
    /// None if it has seen no event yet.
    pub offset: Option<String>,
}

/// The socket that a client resumes.
#[derive(Debug)]
pub(crate) enum Resume {
    Ready(Resumed),
    /// Its last handlers still run.
    Leaving(LeavingSocket),
}

/// The state that it gets back.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub pid: Box<str>,
    pub state: LostSocket,
    pub missed: Missed,
}

#[derive(Debug)]
pub(crate) struct LeavingSocket {
    recovery: Arc<Recovery>,
    returning: Returning,
    id: Box<str>,
    state: oneshot::Receiver<LostSocket>,
}

impl Resume {
    /// Looks for the socket that a client resumes; none if it joins as a new one.
    pub(crate) fn of(recovery: &Arc<Recovery>, auth: &str) -> Option<Self> {
        // An `auth` of another shape belongs to the application.
        let returning: Returning = serde_json::from_str(auth).ok()?;
        match recovery.claim(&returning.pid) {
            Claim::Unknown => None,
            Claim::Found(state) => Resumed::of(recovery, returning, state).map(Self::Ready),
            Claim::Leaving { id, state } => {
                Some(Self::Leaving(LeavingSocket { recovery: recovery.clone(), returning, id, state }))
            }
        }
    }

    /// The socket's id.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Ready(resumed) => &resumed.state.id,
            Self::Leaving(leaving) => &leaving.id,
        }
    }

    /// Waits for the earlier socket's last handlers. False if its state cannot be restored after all; then only its id
    /// is kept.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if let Self::Leaving(leaving) = self {
            let state = ready!(Pin::new(&mut leaving.state).poll(cx));
            let LeavingSocket { recovery, returning, .. } = leaving;
            let returning = Returning { pid: std::mem::take(&mut returning.pid), offset: returning.offset.take() };
            match state.ok().and_then(|state| Resumed::of(recovery, returning, state)) {
                Some(resumed) => *self = Self::Ready(resumed),
                None => return Poll::Ready(false),
            }
        }
        Poll::Ready(true)
    }
}

impl Resumed {
    fn of(recovery: &Recovery, returning: Returning, state: LostSocket) -> Option<Self> {
        let missed = recovery.missed(returning.offset.as_deref(), &state)?;
        Some(Self { pid: returning.pid.into(), state, missed })
    }
}
