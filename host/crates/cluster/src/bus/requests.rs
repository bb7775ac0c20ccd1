//! What this node has asked the others, and waits for. No I/O; who waits keeps the time.
//!
//! Bounded by the handlers that wait: each request has one. What their replies may hold is bounded in bytes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use gateway::cluster::{FoundSockets, RemoteAnswer};
use gateway::model::RemoteSocket;
use parking_lot::Mutex;
use telemetry::summary;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use super::dialect::Reply;

#[cfg(test)]
#[path = "requests_tests.rs"]
mod tests;

/// Bytes of the sockets that one request may find. Handlers have less memory by default.
const FOUND_BYTES: usize = 256 << 20;
/// Bytes charged for an answer beside its payload.
const ANSWER: usize = 128;

/// Requests that wait for replies.
#[derive(Debug)]
pub(crate) struct Requests {
    pending: Mutex<HashMap<String, Pending>>,
    /// Other nodes that there were at the last count.
    nodes: AtomicU32,
    /// Bytes of the answers to one question.
    answer_bytes: usize,
}

#[derive(Debug)]
struct Pending {
    /// Other nodes that are to reply; none until they are counted.
    nodes: Option<u32>,
    /// Those that have.
    replied: u32,
    /// Bytes left for what they say.
    room: usize,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    Sockets {
        found: Vec<RemoteSocket>,
        /// Nodes whose sockets did not fit.
        left_out: u32,
        /// Told when all nodes have replied.
        complete: Option<oneshot::Sender<()>>,
    },
    Answers {
        asked: u64,
        answered: u64,
        answers: UnboundedSender<RemoteAnswer>,
        /// Closed when the question is complete.
        _complete: oneshot::Sender<()>,
    },
}

impl Requests {
    pub(crate) fn new(answer_bytes: usize) -> Self {
        Self { pending: Mutex::default(), nodes: AtomicU32::new(0), answer_bytes }
    }

    /// Begins a request for sockets. Who waits is told when it is complete, and takes what was found with
    /// [`Requests::end`]; it hears that the way to the other nodes is lost when the channel closes.
    pub(crate) fn fetch(&self, id: &str) -> oneshot::Receiver<()> {
        let (complete, waiting) = oneshot::channel();
        let wanted = Wanted::Sockets { found: Vec::new(), left_out: 0, complete: Some(complete) };
        self.begin(id, FOUND_BYTES, wanted);
        waiting
    }

    /// Begins a question, whose answers go to a channel. Both channels close when they are complete, or when nobody waits
    /// for them any more.
    pub(crate) fn ask(&self, id: &str, answers: UnboundedSender<RemoteAnswer>) -> oneshot::Receiver<()> {
        let (complete, waiting) = oneshot::channel();
        self.begin(id, self.answer_bytes, Wanted::Answers { asked: 0, answered: 0, answers, _complete: complete });
        waiting
    }

    fn begin(&self, id: &str, room: usize, wanted: Wanted) {
        let pending = Pending { nodes: None, replied: 0, room, wanted };
        self.pending.lock().insert(id.to_owned(), pending);
    }

    /// Says how many other nodes are to reply.
    pub(crate) fn counted(&self, id: &str, nodes: u32) {
        self.nodes.store(nodes, Relaxed);
        self.change(id, |pending| {
            pending.nodes = Some(nodes);
            if let Wanted::Answers { answers, .. } = &pending.wanted {
                drop(answers.send(RemoteAnswer::Nodes(nodes)));
            }
        });
    }

    /// How many other nodes there were at the last count, one at least: who asks when they cannot be counted misses them.
    pub(crate) fn nodes(&self) -> u32 {
        self.nodes.load(Relaxed).max(1)
    }

    /// Takes a reply. One to a request that nobody waits for, or of another kind, is passed over.
    pub(crate) fn reply(&self, id: &str, reply: Reply) {
        self.change(id, |pending| pending.take(reply));
    }

    /// Whether somebody waits for replies to a request.
    pub(crate) fn awaits(&self, id: &str) -> bool {
        self.pending.lock().contains_key(id)
    }

    /// Whether somebody waits for replies to any.
    pub(crate) fn awaits_any(&self) -> bool {
        !self.pending.lock().is_empty()
    }

    /// Ends a request: what a request for sockets has found so far.
    pub(crate) fn end(&self, id: &str) -> FoundSockets {
        let Some(pending) = self.pending.lock().remove(id) else { return FoundSockets::default() };
        let nodes = pending.nodes.unwrap_or_else(|| self.nodes());
        match pending.wanted {
            Wanted::Sockets { found, left_out, .. } => {
                FoundSockets { sockets: found, missing_nodes: nodes.saturating_sub(pending.replied) + left_out }
            }
            Wanted::Answers { .. } => FoundSockets::default(),
        }
    }

    /// Ends a request, because its replies will not come.
    pub(crate) fn lose(&self, id: &str) {
        let lost = self.pending.lock().remove(id);
        lost.into_iter().for_each(|pending| self.tell_lost(&pending));
    }

    /// Ends all requests, because their replies will not come.
    pub(crate) fn lose_all(&self) {
        let lost = std::mem::take(&mut *self.pending.lock());
        lost.values().for_each(|pending| self.tell_lost(pending));
    }

    /// Who waits for a request that is lost hears it when its channel closes; who asked misses the nodes.
    fn tell_lost(&self, Pending { nodes, wanted, .. }: &Pending) {
        if let (None, Wanted::Answers { answers, .. }) = (nodes, wanted) {
            drop(answers.send(RemoteAnswer::Nodes(self.nodes())));
        }
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Pending)) {
        let mut all = self.pending.lock();
        let Some(pending) = all.get_mut(id) else { return };
        change(pending);
        if pending.is_complete() {
            match &mut pending.wanted {
                // What was found is still to be taken.
                Wanted::Sockets { complete, .. } => {
                    let _ = complete.take().map(|complete| complete.send(()));
                }
                Wanted::Answers { .. } => drop(all.remove(id)),
            }
        }
    }
}

impl Pending {
    fn is_complete(&self) -> bool {
        let replied = self.nodes.is_some_and(|nodes| self.replied >= nodes);
        match &self.wanted {
            Wanted::Sockets { .. } => replied,
            Wanted::Answers { asked, answered, answers, .. } => (replied && answered >= asked) || answers.is_closed(),
        }
    }

    fn take(&mut self, reply: Reply) {
        match (&mut self.wanted, reply) {
            (Wanted::Sockets { found, left_out, .. }, Reply::Sockets(sockets)) => {
                self.replied = self.replied.saturating_add(1);
                let size = sockets.iter().map(RemoteSocket::size).sum::<usize>();
                match self.room.checked_sub(size) {
                    Some(room) => {
                        self.room = room;
                        found.extend(sockets);
                    }
                    None => *left_out += 1,
                }
            }
            (Wanted::Answers { asked, answers, .. }, Reply::Asked(count)) => {
                self.replied = self.replied.saturating_add(1);
                *asked = asked.saturating_add(count);
                drop(answers.send(RemoteAnswer::Asked(usize::try_from(count).unwrap_or(usize::MAX))));
            }
            (Wanted::Answers { answered, answers, .. }, Reply::Answered(payload)) => {
                *answered = answered.saturating_add(1);
                let size = payload.size() + ANSWER;
                if let Some(room) = self.room.checked_sub(size) {
                    self.room = room;
                    drop(answers.send(RemoteAnswer::Answer(payload)));
                } else {
                    const CAUSE: &str = "answers of other nodes' clients that are too large together count as missing";
                    self.room = 0;
                    if summary::is_warning_due(CAUSE, "") {
                        tracing::warn!("{CAUSE}");
                    }
                }
            }
            _ => {}
        }
    }
}
