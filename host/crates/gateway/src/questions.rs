//! Queries of many sockets, on this node and on others: their acknowledgements, and which sockets there are.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use engine_io::Encoded;
use socket_io::Payload;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::acks::{Collector, Waiter};
use crate::cluster::{ClusterError, Message, RemoteAnswer, Scope};
use crate::encode;
use crate::model::{Answers, CallError, ListedSocket, Operation, RemoteSocket, Selection, Target};
use crate::namespace::Namespace;
use crate::slices::Budget;
use crate::socket::Socket;
use crate::sweep::Sweep;

/// Which nodes' sockets are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    ThisNode,
    AllNodes,
}

impl Reach {
    /// The reach of a handler's call.
    pub(crate) fn of(target: &Target) -> Self {
        if target.local { Self::ThisNode } else { Self::AllNodes }
    }
}

/// Sends an event to the matching sockets, and waits for their acknowledgements no longer than `wait`. Their total size
/// is bounded by `GatewayLimits::unhandled_bytes`; answers beyond that count as missing.
pub(crate) async fn ask(
    namespace: &Namespace,
    scope: Scope<'_>,
    event: &str,
    payload: &Payload,
    wait: Duration,
    reach: Reach,
) -> Answers {
    let id = namespace.next_ack_id();
    let (collector, answers) = Collector::new(namespace.answer_bytes());
    let remote = match reach {
        Reach::ThisNode => None,
        Reach::AllNodes => {
            let operation = Operation::Emit { event: event.to_owned(), payload: payload.clone() };
            namespace.cluster().ask(Message { scope, operation: &operation }, wait)
        }
    };
    let remote = remote.map(|answers| Remote { answers, collector: collector.clone() });
    let mut gathering = Gathering { asked: 0, received: Vec::new(), nodes: 0, nodes_reported: 0, answers, remote };
    let asking = async {
        put(
            namespace,
            scope,
            id,
            encode::question(namespace.path(), id, event, payload),
            &collector,
            &mut gathering.asked,
        )
        .await;
        // The channel closes when every socket that was asked has answered or left.
        drop(collector);
        gathering.gather().await;
    };
    // On a time-out, the answers so far are the result.
    let _ = timeout(wait, asking).await;
    gathering.into_answers()
}

/// What sockets of this node answer to another node's event.
#[derive(Debug)]
pub struct LocalAnswers {
    /// How many sockets were asked.
    pub asked: usize,
    /// Their answers as they come. It closes when every one has answered or left; who drops it waits no longer.
    pub answers: mpsc::UnboundedReceiver<Payload>,
}

/// Sends an event to the matching sockets of this node, which are to acknowledge it. The answers are bounded as in
/// [`ask`].
pub(crate) async fn ask_here(namespace: &Namespace, scope: Scope<'_>, event: &str, payload: &Payload) -> LocalAnswers {
    let id = namespace.next_ack_id();
    let (collector, answers) = Collector::new(namespace.answer_bytes());
    let mut asked = 0;
    put(namespace, scope, id, encode::question(namespace.path(), id, event, payload), &collector, &mut asked).await;
    LocalAnswers { asked, answers }
}

/// Puts a question to the matching sockets of this node, and counts them.
async fn put(
    namespace: &Namespace,
    scope: Scope<'_>,
    id: u64,
    question: Encoded,
    collector: &Collector,
    asked: &mut usize,
) {
    let packet = question.charged_to(namespace.memory());
    let ask = |socket: Arc<Socket>| {
        if socket.expect_ack(id, Waiter::Many(collector.clone())) {
            socket.send(packet.clone(), false);
            *asked += 1;
        }
        ControlFlow::Continue(())
    };
    each(namespace, scope, ask).await;
}

/// The matching sockets, at most `most` bytes.
///
/// # Errors
///
/// If they are more bytes, or if other nodes did not answer or could not be asked.
pub(crate) async fn fetch(
    namespace: &Namespace,
    scope: Scope<'_>,
    reach: Reach,
    most: usize,
) -> Result<Vec<RemoteSocket>, CallError> {
    gather(namespace, scope, reach, most, Socket::describe, RemoteSocket::size, |socket| socket).await
}

/// Ids and rooms of the matching sockets, at most `most` bytes.
///
/// # Errors
///
/// As [`fetch`].
pub(crate) async fn list(
    namespace: &Namespace,
    scope: Scope<'_>,
    reach: Reach,
    most: usize,
) -> Result<Vec<ListedSocket>, CallError> {
    let listed = |socket: RemoteSocket| ListedSocket { id: socket.id, rooms: socket.rooms };
    gather(namespace, scope, reach, most, Socket::list, ListedSocket::size, listed).await
}

/// How many sockets match.
///
/// # Errors
///
/// If other nodes did not answer, or could not be asked.
pub(crate) async fn count(namespace: &Namespace, scope: Scope<'_>, reach: Reach) -> Result<usize, CallError> {
    gather(namespace, scope, reach, usize::MAX, |_| (), |()| 0, |_| ()).await.map(|found| found.len())
}

/// What is wanted of the matching sockets: `of` those of this node, `of_remote` the others. Sizes are added up before
/// anything is copied.
async fn gather<T>(
    namespace: &Namespace,
    scope: Scope<'_>,
    reach: Reach,
    most: usize,
    of: impl Fn(&Socket) -> T,
    size: impl Fn(&T) -> usize,
    of_remote: impl Fn(RemoteSocket) -> T,
) -> Result<Vec<T>, CallError> {
    let remote = match reach {
        Reach::ThisNode => None,
        Reach::AllNodes => namespace.cluster().fetch_sockets(scope),
    };
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    let mut take = |one: T| {
        bytes = bytes.saturating_add(size(&one));
        found.push(one);
        if bytes > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut fits = each(namespace, scope, |socket| take(of(&socket))).await;
    if let Some(remote) = remote {
        let remote = remote.await?;
        if remote.missing_nodes > 0 {
            return Err(CallError::NodesMissing { missing: remote.missing_nodes });
        }
        fits = fits && remote.sockets.into_iter().all(|socket| take(of_remote(socket)).is_continue());
    }
    if fits { Ok(found) } else { Err(too_much(found.len(), most)) }
}

fn too_much(count: usize, most: usize) -> CallError {
    CallError::NotAllowed(format!(
        "{count} sockets and perhaps more have over {most} bytes, the memory of a handler: ask for those of fewer rooms, \
         only for ids and rooms (`list-sockets`), or for their number (`count-sockets`)"
    ))
}

/// Takes every matching socket of this node, slice by slice, until told to stop. True if it was not.
async fn each(namespace: &Namespace, scope: Scope<'_>, mut take: impl FnMut(Arc<Socket>) -> ControlFlow<()>) -> bool {
    let (mut sweep, mut sockets) = (Sweep::default(), Vec::new());
    loop {
        let selected = |socket: &Arc<Socket>| sockets.push(socket.clone());
        let last = namespace.rooms().visit(&mut sweep, scope.into(), &mut Budget::slice(), selected);
        if sockets.drain(..).any(|socket| take(socket).is_break()) {
            return false;
        }
        if last {
            return true;
        }
        // The lock is free, and other tasks come first.
        yield_now().await;
    }
}

impl<'a> From<Scope<'a>> for Selection<'a> {
    fn from(scope: Scope<'a>) -> Self {
        Self { target: scope.target, sender: scope.sender }
    }
}

impl From<ClusterError> for CallError {
    fn from(error: ClusterError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

/// Answers to a broadcast, as they come in.
struct Gathering {
    /// Sockets known to have been asked so far.
    asked: usize,
    received: Vec<Payload>,
    /// Other nodes that are to say how many sockets they ask, and those of them that have.
    nodes: u32,
    nodes_reported: u32,
    /// Answers of this node's sockets, and of other nodes' once they have passed the limit on bytes. The channel closes
    /// when every socket that was asked has answered or left.
    answers: mpsc::UnboundedReceiver<Payload>,
    remote: Option<Remote>,
}

/// What comes from other nodes.
struct Remote {
    answers: mpsc::UnboundedReceiver<RemoteAnswer>,
    /// Bounds the answers of all nodes together.
    collector: Collector,
}

impl Gathering {
    async fn gather(&mut self) {
        while self.remote.is_some() || self.received.len() < self.asked {
            let from_others = async {
                match &mut self.remote {
                    Some(remote) => remote.answers.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                answer = self.answers.recv() => match answer {
                    Some(answer) => self.received.push(answer),
                    None => return,
                },
                message = from_others => self.take(message),
            }
        }
    }

    fn take(&mut self, message: Option<RemoteAnswer>) {
        match (message, &self.remote) {
            (Some(RemoteAnswer::Nodes(count)), _) => self.nodes = count,
            (Some(RemoteAnswer::Asked(count)), _) => {
                self.nodes_reported = self.nodes_reported.saturating_add(1);
                self.asked = self.asked.saturating_add(count);
            }
            (Some(RemoteAnswer::Answer(payload)), Some(remote)) => remote.collector.clone().collect(payload),
            (Some(RemoteAnswer::Answer(_)), None) => {}
            (None, _) => self.remote = None,
        }
    }

    fn into_answers(mut self) -> Answers {
        while let Some(Ok(message)) = self.remote.as_mut().map(|remote| remote.answers.try_recv()) {
            self.take(Some(message));
        }
        // Answers that arrived together with the other nodes' last message.
        while let Ok(answer) = self.answers.try_recv() {
            self.received.push(answer);
        }
        let missing = u32::try_from(self.asked.saturating_sub(self.received.len())).unwrap_or(u32::MAX);
        let missing_nodes = self.nodes.saturating_sub(self.nodes_reported);
        Answers { received: self.received, missing, missing_nodes }
    }
}
