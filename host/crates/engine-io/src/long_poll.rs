//! The state that the requests of a long-polling session share with its task.
//!
//! A session has at most one GET and one POST at a time. The POST's packets wait here until the task has read them.

use std::task::Waker;

use crate::packet::Packet;
use crate::payload::{PayloadError, Piece, Pieces};

/// The long-polling half of a session. Dropped when the session is upgraded.
#[derive(Debug, Default)]
pub(crate) struct LongPoll {
    /// Packets of a POST that the task has not read yet.
    inbox: Option<Pieces>,
    /// Wakes the POST when its packets have been read, and when a GET comes for which it waits.
    post: Option<Waker>,
    post_active: bool,
    /// The POST brought the client's close packet, and the GET that the client sent at the same time has not come yet.
    last_get_due: bool,
    /// Wakes the GET that waits for packets.
    get: Option<Waker>,
    get_active: bool,
    /// GETs so far, the handshake included; no more are counted than fit.
    gets: u8,
    /// The GET found nothing when it came.
    get_waited: bool,
    /// A WebSocket is being opened for the session.
    upgrading: bool,
    /// The client has probed that WebSocket. It upgrades once its GET is answered, so no GET waits.
    probed: bool,
}

/// A second request of the same kind while the first one waits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overlap;

impl LongPoll {
    pub(crate) fn begin_get(&mut self) -> Result<(), Overlap> {
        self.end_wait_for_last_get();
        self.gets = self.gets.saturating_add(1);
        begin(&mut self.get_active)
    }

    pub(crate) fn begin_post(&mut self) -> Result<(), Overlap> {
        begin(&mut self.post_active)
    }

    pub(crate) fn end_get(&mut self) {
        self.get_active = false;
        self.get_waited = false;
        self.get = None;
    }

    pub(crate) fn end_post(&mut self) {
        self.post_active = false;
        self.last_get_due = false;
        self.post = None;
    }

    /// Whether a GET may still come that the client sent together with its close packet.
    pub(crate) fn awaits_last_get(&self) -> bool {
        self.last_get_due
    }

    /// Lets the POST wait for that GET; false if none is due.
    pub(crate) fn wait_for_last_get(&mut self, post: &Waker) -> bool {
        if self.last_get_due {
            self.post = Some(post.clone());
        }
        self.last_get_due
    }

    fn end_wait_for_last_get(&mut self) {
        if std::mem::take(&mut self.last_get_due)
            && let Some(post) = self.post.take()
        {
            post.wake();
        }
    }

    /// Whether the client has come back after the handshake: to poll, or with a WebSocket.
    pub(crate) fn was_polled(&self) -> bool {
        self.gets > 1 || self.upgrading
    }

    /// Whether the GET found nothing when it came.
    pub(crate) fn get_has_waited(&self) -> bool {
        self.get_waited
    }

    /// Lets the GET wait for packets; false if it is to be answered with a noop.
    pub(crate) fn wait_for_frames(&mut self, get: &Waker) -> bool {
        if self.probed {
            return false;
        }
        self.get = Some(get.clone());
        self.get_waited = true;
        true
    }

    /// Keeps the packets of a POST for the task.
    pub(crate) fn deliver(&mut self, pieces: Pieces) {
        self.inbox = Some(pieces);
    }

    /// Lets the POST wait until its packets have been read; false if they have been.
    pub(crate) fn wait_for_reader(&mut self, post: &Waker) -> bool {
        if self.inbox.is_some() {
            self.post = Some(post.clone());
        }
        self.inbox.is_some()
    }

    /// The next packet of the POST, for the task.
    pub(crate) fn read(&mut self) -> Option<Result<Piece, PayloadError>> {
        let inbox = self.inbox.as_mut()?;
        let piece = inbox.next();
        let closes = matches!(&piece, Some(Ok(Piece::Text(text))) if Packet::decode(text) == Ok(Packet::Close));
        if closes {
            self.last_get_due = self.post_active && !self.get_active;
        }
        if inbox.is_done() || closes {
            self.inbox = None;
            if let Some(post) = self.post.take() {
                post.wake();
            }
        }
        piece
    }

    /// Drops unread packets, and wakes the requests that wait.
    pub(crate) fn stop_reading(&mut self) {
        self.inbox = None;
        self.wake();
    }

    /// Begins an upgrade; false if one is under way.
    pub(crate) fn begin_upgrade(&mut self) -> bool {
        !std::mem::replace(&mut self.upgrading, true)
    }

    pub(crate) fn abandon_upgrade(&mut self) {
        self.upgrading = false;
        self.probed = false;
    }

    /// Answers a GET that waits, and those that come until the end of the upgrade, with a noop.
    pub(crate) fn probed(&mut self) {
        self.probed = true;
        self.wake_get();
    }

    pub(crate) fn wake_get(&mut self) {
        if let Some(get) = self.get.take() {
            get.wake();
        }
    }

    pub(crate) fn wake(&mut self) {
        for waker in [self.get.take(), self.post.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

fn begin(active: &mut bool) -> Result<(), Overlap> {
    if std::mem::replace(active, true) { Err(Overlap) } else { Ok(()) }
}
