//! The connection that commands go out on and messages come in on, kept up by a task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, PushInfo, PushKind, Value, cmd};
use redis_link::Backoff;
use telemetry::{metrics, summary};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::connect::{ConnectError, Connector, LONGEST_PAUSE};
use super::queue::{Command, Queue, QueueLimits};

/// Bytes of commands that are on their way at once, if they are several.
const BATCH: usize = 1 << 20;
/// A connection on which nothing was sent for so long is tried, because the other end may be gone without a word.
const PING: Duration = Duration::from_secs(5);

/// A channel, or a pattern of channels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subscription {
    Channel(String),
    Pattern(String),
}

/// A message that was published.
#[derive(Debug)]
pub(crate) struct Push {
    /// What was subscribed to.
    pub(crate) subscription: Subscription,
    /// Where it was published.
    pub(crate) channel: String,
    pub(crate) message: Bytes,
}

/// Who takes the messages of a connection.
pub(crate) trait Listener: Send + Sync + 'static {
    /// Takes a message. Must not wait.
    fn message(&self, push: Push);

    /// Hears that the connection is lost; what was asked is not answered any more.
    fn lost(&self);
}

/// The way to Redis and back.
#[derive(Debug)]
pub(crate) struct Link {
    connector: Connector,
    queue: Queue,
    subscriptions: Vec<Subscription>,
    /// Why there is no connection; none if there is one.
    away: Mutex<Option<Arc<str>>>,
}

/// A connection with its subscriptions.
pub(crate) struct Open {
    connection: MultiplexedConnection,
    /// Told when the connection is closed.
    closed: Arc<Notify>,
}

impl Link {
    pub(crate) fn new(connector: Connector, limits: QueueLimits, subscriptions: Vec<Subscription>) -> Self {
        let away = Mutex::new(Some("not connected yet".into()));
        Self { connector, queue: Queue::new(limits), subscriptions, away }
    }

    /// What is to be sent.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Why there is no connection now; none if there is one.
    pub(crate) fn away(&self) -> Option<String> {
        let away = self.away.lock();
        away.as_ref().map(|cause| format!("Redis at {} is away: {cause}", self.connector.address().server()))
    }

    /// Connects and subscribes.
    pub(crate) async fn open(&self, listener: &Arc<dyn Listener>) -> Result<Open, ConnectError> {
        let closed = Arc::new(Notify::new());
        let push = {
            let (listener, closed) = (listener.clone(), closed.clone());
            move |info: PushInfo| {
                if info.kind == PushKind::Disconnection {
                    closed.notify_one();
                } else if let Some(push) = read_push(info) {
                    listener.message(push);
                }
                Ok(())
            }
        };
        let mut connection = self.connector.open(push).await?;
        for subscription in &self.subscriptions {
            let subscribed = match subscription {
                Subscription::Channel(channel) => connection.subscribe(channel).await,
                Subscription::Pattern(pattern) => connection.psubscribe(pattern).await,
            };
            subscribed.map_err(|error| ConnectError::Unreachable {
                address: self.connector.address().clone(),
                cause: format!("cannot subscribe to channels: {error}"),
            })?;
        }
        *self.away.lock() = None;
        Ok(Open { connection, closed })
    }

    /// How many connections have subscribed to a channel.
    pub(crate) async fn subscribers(&self, open: &mut Open, channel: &str) -> Result<u32, ConnectError> {
        let reply: Result<Value, _> = cmd("PUBSUB").arg("NUMSUB").arg(channel).query_async(&mut open.connection).await;
        reply.map(|reply| count(&reply)).map_err(|error| ConnectError::Unreachable {
            address: self.connector.address().clone(),
            cause: format!("cannot count the subscribers of a channel: {error}"),
        })
    }

    /// Sends what is in the queue, and connects again whenever the connection is lost. Never ends.
    pub(crate) async fn run(&self, mut open: Open, listener: Arc<dyn Listener>) {
        loop {
            let cause = self.serve(&mut open).await;
            self.lose(&cause, &*listener);
            open = self.return_to(&listener).await;
        }
    }

    fn lose(&self, cause: &str, listener: &dyn Listener) {
        const CAUSE: &str = "the cluster's Redis is away: local clients go on, other nodes are not reached";
        *self.away.lock() = Some(cause.into());
        metrics().cluster_outages.increment();
        if summary::is_warning_due(CAUSE, "") {
            tracing::warn!(redis = self.connector.address().server(), cause, "{CAUSE}");
        }
        listener.lost();
    }

    /// Tries until there is a connection again.
    async fn return_to(&self, listener: &Arc<dyn Listener>) -> Open {
        let (since, mut backoff) = (Instant::now(), Backoff::new(LONGEST_PAUSE));
        loop {
            sleep(backoff.pause()).await;
            match self.open(listener).await {
                Ok(open) => {
                    let away = humantime::format_duration(Duration::from_secs(since.elapsed().as_secs()));
                    tracing::info!(redis = self.connector.address().server(), %away, "the cluster's Redis is back");
                    return open;
                }
                Err(error) => *self.away.lock() = Some(error.to_string().into()),
            }
            unsent(self.queue.expire(Instant::now()), "other nodes did not get messages: Redis is away for too long");
        }
    }

    /// Sends what comes until the connection is lost; returns why it was.
    async fn serve(&self, open: &mut Open) -> String {
        loop {
            tokio::select! {
                biased;
                () = open.closed.notified() => return "the connection was closed".to_owned(),
                () = self.queue.ready() => {
                    if let Err(cause) = self.send(&mut open.connection).await {
                        return cause;
                    }
                }
                () = sleep(PING) => {
                    let pong: Result<Value, _> = cmd("PING").query_async(&mut open.connection).await;
                    if let Err(error) = pong {
                        return error.to_string();
                    }
                }
            }
        }
    }

    /// Sends a batch and waits for the replies. If the connection is lost meanwhile, nobody knows what was carried out,
    /// and nothing is sent twice.
    async fn send(&self, connection: &mut MultiplexedConnection) -> Result<(), String> {
        let taken = self.queue.take(Instant::now(), BATCH);
        unsent(taken.expired, "other nodes did not get messages: Redis is away for too long");
        if taken.commands.is_empty() {
            return Ok(());
        }
        let count = taken.commands.len();
        let replies = connection.send_packed_commands(&pipeline(&taken.commands), 0, count).await;
        self.queue.done();
        match replies {
            Ok(replies) => taken.commands.into_iter().zip(replies).for_each(|(command, reply)| settle(command, &reply)),
            Err(error) => {
                unsent(count, "other nodes perhaps did not get messages: the connection to Redis was lost");
                return Err(error.to_string());
            }
        }
        Ok(())
    }
}

fn pipeline(commands: &[Command]) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(commands.len());
    for command in commands {
        match command {
            Command::Publish { channel, message } => pipeline.cmd("PUBLISH").arg(channel).arg(message.as_slice()),
            Command::Append { stream, length, fields } => {
                let entry = pipeline.cmd("XADD").arg(stream).arg("MAXLEN").arg("~").arg(*length).arg("*");
                fields.iter().fold(entry, |entry, (name, value)| entry.arg(*name).arg(value))
            }
            Command::Subscribers { channel, .. } => pipeline.cmd("PUBSUB").arg("NUMSUB").arg(channel),
        };
    }
    pipeline
}

fn settle(command: Command, reply: &Value) {
    match (command, reply) {
        (_, Value::ServerError(error)) => {
            const CAUSE: &str = "other nodes did not get messages: Redis refuses them";
            metrics().cluster_unsent.increment();
            if summary::is_warning_due(CAUSE, "") {
                tracing::warn!(error = error.details().unwrap_or(error.code()), "{CAUSE}");
            }
        }
        // Who asked may wait no longer.
        (Command::Subscribers { reply: waiting, .. }, reply) => {
            let _ = waiting.send(count(reply));
        }
        (Command::Publish { .. } | Command::Append { .. }, _) => metrics().cluster_sent.increment(),
    }
}

/// Counts messages that other nodes do not get.
pub(crate) fn unsent(count: usize, cause: &'static str) {
    metrics().cluster_unsent.add(count as u64);
    if count > 0 && summary::is_warning_due(cause, "") {
        tracing::warn!(count, "{cause}");
    }
}

/// The number in the reply to PUBSUB NUMSUB for one channel.
fn count(reply: &Value) -> u32 {
    let number = |value: &Value| match value {
        Value::Int(number) => u32::try_from(*number).ok(),
        _ => None,
    };
    match reply {
        Value::Array(values) => values.last().and_then(number),
        Value::Map(pairs) => pairs.last().and_then(|(_, value)| number(value)),
        _ => None,
    }
    .unwrap_or_default()
}

fn read_push(PushInfo { kind, data }: PushInfo) -> Option<Push> {
    let mut values = data.into_iter();
    let mut next = || match values.next() {
        Some(Value::BulkString(bytes)) => Some(bytes),
        _ => None,
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).ok();
    let (subscription, channel) = match kind {
        PushKind::Message => {
            let channel = text(next()?)?;
            (Subscription::Channel(channel.clone()), channel)
        }
        PushKind::PMessage => (Subscription::Pattern(text(next()?)?), text(next()?)?),
        _ => return None,
    };
    Some(Push { subscription, channel, message: next()?.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn pushes_are_read() {
        let message = PushInfo { kind: PushKind::Message, data: vec![bulk("c"), bulk("m")] };
        let push = read_push(message).unwrap();
        assert_eq!((push.subscription, &*push.channel), (Subscription::Channel("c".to_owned()), "c"));
        let message = PushInfo { kind: PushKind::PMessage, data: vec![bulk("c*"), bulk("c1"), bulk("m")] };
        let push = read_push(message).unwrap();
        assert_eq!((push.subscription, &*push.channel), (Subscription::Pattern("c*".to_owned()), "c1"));
        assert_eq!(push.message, "m");
        assert!(read_push(PushInfo { kind: PushKind::Message, data: vec![bulk("c")] }).is_none());
        assert!(read_push(PushInfo { kind: PushKind::Subscribe, data: vec![bulk("c"), Value::Int(1)] }).is_none());
    }

    #[test]
    fn subscribers_are_counted() {
        assert_eq!(count(&Value::Array(vec![bulk("c"), Value::Int(3)])), 3);
        assert_eq!(count(&Value::Map(vec![(bulk("c"), Value::Int(2))])), 2);
        assert_eq!(count(&Value::Nil), 0);
    }
}
