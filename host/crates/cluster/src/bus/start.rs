//! Joins a cluster: subscribes, makes sure that all nodes speak alike, and starts the tasks.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use gateway::Gateway;
use telemetry::{metrics, summary};

use super::dialect::{Dialect, Heard, Lane};
use super::inbox::{Budget, Inbox};
use super::node::Parts;
use super::receive::{Receiver, questions};
use super::requests::Requests;
use super::settings::{Format, Settings};
use crate::link::{ConnectError, Connector, Link, Listener, Push, QueueLimits, Reading, Subscription};
use crate::pubsub::Pubsub;
use crate::streams::Streams;

/// Why a node cannot join a cluster.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no Redis that could be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Other nodes speak otherwise.
    #[error("other nodes use the prefix `{prefix}` with the format `{}`, not `{}`", format.other().name(), format.name())]
    OtherFormat {
        /// What the names of channels begin with.
        prefix: String,
        /// What this node speaks.
        format: Format,
    },
}

impl StartError {
    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Connect(error) => error.hint(),
            Self::OtherFormat { .. } => {
                "give --cluster-format of the other nodes, or another --cluster-prefix to be a cluster of its own"
            }
        }
    }
}

/// Letters and digits, as in the names of other nodes. As a part of channels' names it must not be a pattern.
fn random_uid() -> String {
    engine_io::id::random().replace(['-', '_'], "x")
}

fn dialect(settings: &Settings, format: Format, gateway: &Gateway) -> Box<dyn Dialect> {
    let (prefix, uid, namespaces) = (&settings.prefix, random_uid(), gateway.namespaces());
    match format {
        Format::Streams => Box::new(Streams::new(prefix, &uid, namespaces)),
        Format::Pubsub => Box::new(Pubsub::new(prefix, &uid, namespaces)),
    }
}

pub(super) async fn start(settings: &Settings, gateway: Arc<Gateway>) -> Result<Arc<Parts>, StartError> {
    let spoken = dialect(settings, settings.format, &gateway);
    let limits = QueueLimits { bytes: settings.queue_bytes, time: settings.queue_time };
    let (mut routes, mut inboxes, mut received) = (HashMap::new(), HashMap::new(), Vec::new());
    let budget = Budget::default();
    for namespace in gateway.namespaces() {
        let (inbox, messages) = Inbox::new(budget.clone());
        let lanes = spoken.subscriptions(namespace).into_iter();
        routes.extend(lanes.map(|(subscription, lane)| (subscription, Route { lane, inbox: inbox.clone() })));
        inboxes.insert(namespace.to_owned(), inbox);
        received.push((Arc::<str>::from(namespace), messages));
    }
    let subscriptions = routes.keys().cloned().collect();
    let link = Link::new(Connector::new(settings.redis.clone()), limits, subscriptions);
    let requests = Requests::new(settings.answer_bytes);
    let parts = Arc::new(Parts { gateway, dialect: spoken, link, requests });

    let listener: Arc<dyn Listener> = Arc::new(Switch { routes, parts: Arc::downgrade(&parts) });
    let mut open = parts.link.open(&listener).await?;
    // After the subscriptions: of two nodes that start at once, one at least sees the other.
    let others = dialect(settings, settings.format.other(), &parts.gateway);
    for namespace in parts.gateway.namespaces() {
        if parts.link.subscribers(&mut open, &others.census(namespace)).await? > 0 {
            return Err(StartError::OtherFormat { prefix: settings.prefix.clone(), format: settings.format });
        }
    }
    if let Some(stream) = parts.dialect.stream() {
        let reading = Reading::begin(Connector::new(settings.redis.clone()), stream).await?;
        tokio::spawn(read(reading, inboxes));
    }
    let questions = questions();
    for (namespace, messages) in received {
        let receiver = Receiver { namespace, parts: parts.clone(), questions: questions.clone() };
        tokio::spawn(receiver.run(messages));
    }
    let linked = parts.clone();
    tokio::spawn(async move { linked.link.run(open, listener).await });
    Ok(parts)
}

/// Puts the stream's entries into the inboxes of their namespaces, and reads on only when there is room. Never ends.
async fn read(mut reading: Reading, inboxes: HashMap<String, Inbox>) {
    loop {
        for entry in reading.next().await {
            let namespace =
                entry.iter().find(|(name, _)| name == "nsp").and_then(|(_, value)| str::from_utf8(value).ok());
            if let Some(inbox) = namespace.and_then(|namespace| inboxes.get(namespace)) {
                inbox.put(Heard::Entry(entry)).await;
            }
        }
    }
}

/// Puts messages into the inboxes of their namespaces.
struct Switch {
    routes: HashMap<Subscription, Route>,
    parts: Weak<Parts>,
}

/// Where the messages of a subscription go.
struct Route {
    lane: Lane,
    inbox: Inbox,
}

impl Listener for Switch {
    fn message(&self, Push { subscription, channel, message }: Push) {
        let Some(Route { lane, inbox }) = self.routes.get(&subscription) else { return };
        if !inbox.try_put(Heard::Message { lane: *lane, channel, message }) {
            const CAUSE: &str = "messages of other nodes are dropped: too many wait to be handled";
            metrics().cluster_unread.increment();
            if summary::is_warning_due(CAUSE, "") {
                tracing::warn!("{CAUSE}");
            }
        }
    }

    fn lost(&self) {
        if let Some(parts) = self.parts.upgrade() {
            parts.requests.lose_all();
        }
    }
}
