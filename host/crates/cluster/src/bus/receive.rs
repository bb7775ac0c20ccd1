//! Carries out what other nodes say, in order, for one namespace.

use std::sync::Arc;
use std::time::Duration;

use gateway::LocalAnswers;
use gateway::cluster::Scope;
use gateway::model::{ListedSocket, Target};
use socket_io::Payload;
use telemetry::{metrics, summary};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::dialect::{Asker, Ears, Heard, Incoming, Reply};
use super::inbox::Waiting;
use super::node::Parts;
use crate::options::Options;

/// Questions of other nodes whose answers are awaited at once, of all namespaces. Others are passed over: the node counts
/// as missing.
const QUESTIONS: usize = 1_000;
/// How long answers are awaited for a node that does not say how long it waits, and how long at most.
const WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Bytes of sockets that are told to another node at once.
const SOCKETS: usize = 16 << 20;

/// Questions of other nodes that wait for answers.
pub(super) fn questions() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(QUESTIONS))
}

/// Hears what other nodes say about one namespace.
pub(super) struct Receiver {
    pub(super) namespace: Arc<str>,
    pub(super) parts: Arc<Parts>,
    pub(super) questions: Arc<Semaphore>,
}

impl Receiver {
    /// Carries out what comes, one after the other.
    pub(super) async fn run(self, mut inbox: UnboundedReceiver<Waiting>) {
        while let Some(waiting) = inbox.recv().await {
            self.hear(&waiting.heard).await;
        }
    }

    async fn hear(&self, heard: &Heard) {
        match self.parts.dialect.read(&self.namespace, heard, self) {
            Ok(None) => metrics().cluster_ignored.increment(),
            Ok(Some(incoming)) => {
                metrics().cluster_received.increment();
                self.carry_out(incoming).await;
            }
            Err(error) => {
                const CAUSE: &str = "a malformed message of another node is dropped";
                metrics().cluster_malformed.increment();
                if summary::is_warning_due(CAUSE, &self.namespace) {
                    tracing::warn!(namespace = &*self.namespace, %error, "{CAUSE}");
                }
            }
        }
    }

    async fn carry_out(&self, incoming: Incoming) {
        match incoming {
            Incoming::Operation(options, operation, asker) => {
                self.parts.gateway.receive(&self.namespace, None, options.into_target(), operation).await;
                if let Some(asker) = asker {
                    self.reply(&asker, Reply::Done);
                }
            }
            Incoming::Question(asker, options, event, payload) => self.question(asker, options, &event, &payload).await,
            Incoming::Fetch(asker, options) => {
                let target = options.into_target();
                if let Ok(sockets) = self.parts.gateway.local_sockets(self.scope(&target), SOCKETS).await {
                    return self.reply(&asker, Reply::Sockets(sockets));
                }
                self.too_many();
            }
            Incoming::SocketIds(asker, rooms) => {
                let ids = |sockets: Vec<ListedSocket>| sockets.into_iter().map(|socket| socket.id).collect();
                self.list(&asker, rooms, |sockets| Reply::SocketIds(ids(sockets))).await;
            }
            Incoming::Rooms(asker) => self.list(&asker, Vec::new(), |sockets| Reply::Rooms(rooms_of(sockets))).await,
            Incoming::Reply(request, reply) => self.parts.requests.reply(&request, reply),
        }
    }

    fn scope<'a>(&'a self, target: &'a Target) -> Scope<'a> {
        Scope { namespace: &self.namespace, sender: None, target }
    }

    fn reply(&self, asker: &Asker, reply: Reply) {
        self.parts.reply(&self.namespace, asker, reply);
    }

    /// Tells another node about ids and rooms of sockets.
    async fn list(&self, asker: &Asker, rooms: Vec<String>, reply: impl FnOnce(Vec<ListedSocket>) -> Reply) {
        let target = Target { rooms, ..Target::default() };
        match self.parts.gateway.local_list(self.scope(&target), SOCKETS).await {
            Ok(sockets) => self.reply(asker, reply(sockets)),
            Err(_) => self.too_many(),
        }
    }

    /// Without a reply the other node misses this one, as it should.
    fn too_many(&self) {
        const CAUSE: &str = "another node asked for more sockets than fit into a message";
        if summary::is_warning_due(CAUSE, &self.namespace) {
            tracing::warn!(namespace = &*self.namespace, "{CAUSE}");
        }
    }

    /// Asks the sockets of this node, and tells how many they are. Their answers are passed on as they come.
    async fn question(&self, asker: Asker, options: Options<'static>, event: &str, payload: &Payload) {
        let wait = options.timeout.map_or(WAIT, Duration::from_millis).min(LONGEST_WAIT);
        let Ok(place) = self.questions.clone().try_acquire_owned() else {
            const CAUSE: &str = "other nodes ask too many clients for acknowledgements at once";
            if summary::is_warning_due(CAUSE, &self.namespace) {
                tracing::warn!(namespace = &*self.namespace, "{CAUSE}");
            }
            return;
        };
        let target = options.into_target();
        let Some(asked) = self.parts.gateway.ask_local(self.scope(&target), event, payload).await else { return };
        self.reply(&asker, Reply::Asked(asked.asked as u64));
        if asked.asked > 0 {
            let passing =
                pass_on(self.parts.clone(), self.namespace.clone(), asker, asked, Instant::now() + wait, place);
            tokio::spawn(passing);
        }
    }
}

/// Passes answers on until all have come or time is up.
async fn pass_on(
    parts: Arc<Parts>,
    namespace: Arc<str>,
    asker: Asker,
    mut asked: LocalAnswers,
    until: Instant,
    _place: OwnedSemaphorePermit,
) {
    while let Ok(Some(answer)) = timeout_at(until, asked.answers.recv()).await {
        parts.reply(&namespace, &asker, Reply::Answered(answer));
    }
}

/// The names of all rooms, those of sockets' own ids included, each once.
fn rooms_of(sockets: Vec<ListedSocket>) -> Vec<String> {
    let mut rooms = std::collections::BTreeSet::new();
    for ListedSocket { id, rooms: joined } in sockets {
        rooms.extend(joined.iter().map(|room| room.to_string()));
        rooms.insert(id);
    }
    rooms.into_iter().collect()
}

impl Ears for Receiver {
    fn has_room(&self, room: &str) -> bool {
        self.parts.gateway.has_room(&self.namespace, room)
    }

    fn awaits(&self, request: &str) -> bool {
        self.parts.requests.awaits(request)
    }

    fn awaits_any(&self) -> bool {
        self.parts.requests.awaits_any()
    }
}
