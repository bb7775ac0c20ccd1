//! This node among the others: the gateway's calls to them.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use engine_io::id;
use gateway::Gateway;
use gateway::cluster::{Cluster, ClusterError, ClusterFuture, FoundSockets, Message, RemoteAnswer, Scope};
use telemetry::{metrics, summary};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::dialect::{Asker, Dialect, Reply};
use super::requests::Requests;
use super::settings::Settings;
use super::start::{self, StartError};
use crate::bounds::WireError;
use crate::link::{Command, Connector, Link, unsent};

/// How long other nodes have to tell their sockets, as with Node.js.
const FETCH: Duration = Duration::from_secs(5);
/// How long Redis may take for what is said last.
const FLUSH: Duration = Duration::from_secs(2);

/// This node among the others. It begins to hear and to say something with [`Bus::start`].
pub struct Bus {
    settings: Settings,
    started: OnceLock<Arc<Parts>>,
}

/// What is there when the node has started.
pub(super) struct Parts {
    pub(super) gateway: Arc<Gateway>,
    pub(super) dialect: Box<dyn Dialect>,
    pub(super) link: Link,
    pub(super) requests: Requests,
}

impl Bus {
    /// Makes sure that Redis is there, and new enough.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub async fn connect(settings: Settings) -> Result<Arc<Self>, StartError> {
        Connector::new(settings.redis.clone()).open(|_| Ok(())).await?;
        Ok(Arc::new(Self { settings, started: OnceLock::new() }))
    }

    /// What the operator has said.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Joins the cluster with all namespaces of a gateway, whose cluster this is.
    ///
    /// # Errors
    ///
    /// If Redis is away now, or the prefix is used with the other format.
    pub async fn start(&self, gateway: Arc<Gateway>) -> Result<(), StartError> {
        let parts = start::start(&self.settings, gateway).await?;
        // A second start would find the first.
        drop(self.started.set(parts));
        Ok(())
    }

    /// Waits until all that other nodes are to get is sent, if Redis is there and takes it soon.
    pub async fn flush(&self) {
        if let Some(parts) = self.started.get().filter(|parts| parts.link.away().is_none()) {
            let _ = timeout(FLUSH, parts.link.queue().flushed()).await;
        }
    }
}

impl Parts {
    /// Puts commands in the queue. Those that do not fit are dropped, counted and logged.
    fn push(&self, commands: impl IntoIterator<Item = Command>) {
        if self.link.queue().push(Instant::now(), commands).is_err() {
            unsent(1, "other nodes did not get messages: the queue is full");
        }
    }

    /// Sends a reply to another node.
    pub(super) fn reply(&self, namespace: &str, asker: &Asker, reply: Reply) {
        match self.dialect.reply(namespace, asker, reply) {
            Ok(command) => self.push(command),
            Err(error) => cannot_say(namespace, error),
        }
    }

    /// Counts the other nodes and sends a request to them. When this returns, it has its place in the order.
    fn request(&self, namespace: &str, command: Command) -> oneshot::Receiver<u32> {
        let (reply, counted) = oneshot::channel();
        // If they do not fit, the sender is dropped.
        self.push([Command::Subscribers { channel: self.dialect.census(namespace), reply }, command]);
        counted
    }

    /// A request for sockets.
    fn fetch(self: &Arc<Self>, scope: Scope<'_>) -> ClusterFuture<FoundSockets> {
        if let Some(away) = self.link.away() {
            return failed(ClusterError::Unreachable(away));
        }
        let id = id::random();
        let command = match self.dialect.fetch(scope, &id) {
            Ok(command) => command,
            Err(error) => return failed(ClusterError::Unreachable(error.to_string())),
        };
        let request = Request { parts: self.clone(), id };
        let complete = self.requests.fetch(&request.id);
        let counted = self.request(scope.namespace, command);
        Box::pin(async move {
            let Request { parts, id } = &request;
            let lost =
                |_| ClusterError::Unreachable(parts.link.away().unwrap_or_else(|| "Redis did not answer".into()));
            let complete = async {
                // This node has subscribed, too.
                parts.requests.counted(id, counted.await.map_err(lost)?.saturating_sub(1));
                complete.await.map_err(lost)
            };
            match timeout(FETCH, complete).await {
                Ok(Err(error)) => Err(error),
                Ok(Ok(())) | Err(_) => Ok(parts.requests.end(id)),
            }
        })
    }

    /// A question, whose answers go to a channel.
    fn ask(self: &Arc<Self>, message: Message<'_>, wait: Duration, answers: UnboundedSender<RemoteAnswer>) {
        let namespace = message.scope.namespace;
        let id = id::random();
        let command = match self.dialect.question(message, wait, &id) {
            Ok(command) if self.link.away().is_none() => command,
            other => {
                if let Err(error) = other {
                    cannot_say(namespace, error);
                }
                // The others do not answer, however many they are.
                drop(answers.send(RemoteAnswer::Nodes(self.requests.nodes())));
                return;
            }
        };
        let complete = self.requests.ask(&id, answers);
        let counted = self.request(namespace, command);
        let request = Request { parts: self.clone(), id };
        tokio::spawn(async move {
            let Request { parts, id } = &request;
            match counted.await {
                Ok(count) => parts.requests.counted(id, count.saturating_sub(1)),
                Err(_) => parts.requests.lose(id),
            }
            // Closed when all have answered, or nobody waits for them.
            let _ = timeout(wait, complete).await;
        });
    }
}

/// A request of this node. It ends with this.
struct Request {
    parts: Arc<Parts>,
    id: String,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.parts.requests.end(&self.id);
    }
}

fn failed<T: Send + 'static>(error: ClusterError) -> ClusterFuture<T> {
    Box::pin(async { Err(error) })
}

/// Logs what has no form that other nodes would understand.
pub(super) fn cannot_say(namespace: &str, error: WireError) {
    const CAUSE: &str = "other nodes did not get a message";
    metrics().cluster_unsent.increment();
    if summary::is_warning_due(CAUSE, namespace) {
        tracing::warn!(namespace, %error, "{CAUSE}");
    }
}

impl Cluster for Bus {
    /// Nothing has to wait: the message is in the queue, or it is dropped and counted.
    fn publish(&self, message: Message<'_>) -> Option<ClusterFuture<()>> {
        let parts = self.started.get()?;
        match parts.dialect.operation(message) {
            Ok(command) => parts.push([command]),
            Err(error) => cannot_say(message.scope.namespace, error),
        }
        None
    }

    fn ask(&self, message: Message<'_>, wait: Duration) -> Option<UnboundedReceiver<RemoteAnswer>> {
        let (sender, answers) = unbounded_channel();
        self.started.get()?.ask(message, wait, sender);
        Some(answers)
    }

    fn fetch_sockets(&self, scope: Scope<'_>) -> Option<ClusterFuture<FoundSockets>> {
        Some(self.started.get()?.fetch(scope))
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("settings", &self.settings).finish_non_exhaustive()
    }
}
