//! A client that returns, from its CONNECT to its socket.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use serde::Deserialize;
use tokio::sync::oneshot;

use super::keeper::Recovery;
use super::log::Missed;
use super::states::{Claim, State};

/// What a client that returns sends in its `auth`.
#[derive(Debug, Deserialize)]
pub(super) struct Returning {
    pub pid: String,
    /// None where it has seen no event yet.
    pub offset: Option<String>,
}

/// The socket that a client takes up again.
#[derive(Debug)]
pub enum Resume {
    Ready(Resumed),
    /// Its last handlers still run.
    Waiting(Waiting),
}

/// What it gets back.
#[derive(Debug)]
pub struct Resumed {
    pub pid: Box<str>,
    pub state: State,
    pub missed: Missed,
}

#[derive(Debug)]
pub struct Waiting {
    recovery: Arc<Recovery>,
    returning: Returning,
    id: Box<str>,
    state: oneshot::Receiver<State>,
}

impl Resume {
    /// Looks for the socket of a client; none where it joins anew.
    pub fn of(recovery: &Arc<Recovery>, auth: &str) -> Option<Self> {
        // What is not as clients send it is not for us.
        let returning: Returning = serde_json::from_str(auth).ok()?;
        match recovery.claim(&returning.pid) {
            Claim::Unknown => None,
            Claim::Found(state) => Resumed::of(recovery, returning, state).map(Self::Ready),
            Claim::Leaving { id, state } => {
                Some(Self::Waiting(Waiting { recovery: recovery.clone(), returning, id, state }))
            }
        }
    }

    /// The socket's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Ready(resumed) => &resumed.state.id,
            Self::Waiting(waiting) => &waiting.id,
        }
    }

    /// Waits for the last handlers. False where nothing can be given back after all; only the id stays then.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if let Self::Waiting(waiting) = self {
            let state = ready!(Pin::new(&mut waiting.state).poll(cx));
            let Waiting { recovery, returning, .. } = waiting;
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
    fn of(recovery: &Recovery, returning: Returning, state: State) -> Option<Self> {
        let missed = recovery.missed(returning.offset.as_deref(), &state)?;
        Some(Self { pid: returning.pid.into(), state, missed })
    }
}
