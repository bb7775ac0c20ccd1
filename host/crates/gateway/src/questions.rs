//! Queries of many sockets, on this node and on others: their acknowledgements, and which sockets there are.

use std::time::Duration;

use socket_io::Payload;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::acks::Collector;
use crate::cluster::{ClusterError, Message, RemoteAnswer, Scope};
use crate::encode;
use crate::model::{Answers, CallError, Operation, RemoteSocket, Selection, Target};
use crate::namespace::Namespace;
use crate::rooms::Question;

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
    let packet = encode::question(namespace.path(), id, event, payload).charged_to(namespace.memory());
    let question = Question { id, answers: collector };
    let asked = namespace.rooms().ask(scope.into(), &packet, &question);
    // The channel closes when every socket that was asked has answered or left.
    drop(question);
    let mut gathering = Gathering { asked, received: Vec::new(), missing_nodes: 0, answers, remote };
    // On a time-out, the answers so far are the result.
    let _ = timeout(wait, gathering.gather()).await;
    gathering.into_answers()
}

/// The matching sockets.
///
/// # Errors
///
/// If other nodes did not answer, or could not be asked.
pub(crate) async fn fetch(
    namespace: &Namespace,
    scope: Scope<'_>,
    reach: Reach,
) -> Result<Vec<RemoteSocket>, CallError> {
    let remote = match reach {
        Reach::ThisNode => None,
        Reach::AllNodes => namespace.cluster().fetch_sockets(scope),
    };
    let mut found = fetch_local(namespace, scope);
    if let Some(remote) = remote {
        let remote = remote.await?;
        if remote.missing_nodes > 0 {
            return Err(CallError::NodesMissing { missing: remote.missing_nodes });
        }
        found.extend(remote.sockets);
    }
    Ok(found)
}

/// The matching sockets of this node.
pub(crate) fn fetch_local(namespace: &Namespace, scope: Scope<'_>) -> Vec<RemoteSocket> {
    namespace.rooms().selected(scope.into()).iter().map(|socket| socket.describe()).collect()
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
    missing_nodes: u32,
    /// Answers of this node's sockets, and of other nodes' once they have passed the limit on bytes. The channel closes
    /// when every socket that was asked has answered or left.
    answers: mpsc::UnboundedReceiver<Payload>,
    remote: Option<Remote>,
}

/// What comes from other nodes.
struct Remote {
    answers: mpsc::Receiver<RemoteAnswer>,
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
            (Some(RemoteAnswer::Asked(count)), _) => self.asked = self.asked.saturating_add(count),
            (Some(RemoteAnswer::NodesMissing(count)), _) => {
                self.missing_nodes = self.missing_nodes.saturating_add(count);
            }
            (Some(RemoteAnswer::Answer(payload)), Some(remote)) => remote.collector.clone().collect(payload),
            (Some(RemoteAnswer::Answer(_)), None) => {}
            (None, _) => self.remote = None,
        }
    }

    fn into_answers(mut self) -> Answers {
        // Answers that arrived together with the other nodes' last message.
        while let Ok(answer) = self.answers.try_recv() {
            self.received.push(answer);
        }
        let missing = u32::try_from(self.asked.saturating_sub(self.received.len())).unwrap_or(u32::MAX);
        Answers { received: self.received, missing, missing_nodes: self.missing_nodes }
    }
}
