//! Commands that wait to be sent to Redis, in order.
//!
//! Bounded in bytes; a command that does not fit is refused. Those that have waited longer than they may are dropped when
//! the next are taken. Nothing here does I/O or reads a clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

/// Bounds on what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueLimits {
    /// Bytes of commands, each charged with [`ENTRY`] more.
    pub(crate) bytes: usize,
    /// How long a command may wait.
    pub(crate) time: Duration,
}

/// Bytes charged for a command beside what it holds.
const ENTRY: usize = 128;

/// A command to Redis.
#[derive(Debug)]
pub(crate) enum Command {
    /// Publishes a message on a channel.
    Publish { channel: String, message: Vec<u8> },
    /// Appends an entry to a stream, which is cut to about so many entries.
    Append { stream: String, length: usize, fields: Vec<(&'static str, String)> },
    /// Asks how many connections have subscribed to a channel.
    Subscribers { channel: String, reply: oneshot::Sender<u32> },
}

impl Command {
    fn size(&self) -> usize {
        ENTRY
            + match self {
                Self::Publish { channel, message } => channel.len() + message.len(),
                Self::Append { stream, fields, .. } => {
                    stream.len() + fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
                }
                Self::Subscribers { channel, .. } => channel.len(),
            }
    }
}

/// Commands that do not fit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Commands that wait to be sent.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: QueueLimits,
    waiting: Mutex<Waiting>,
    /// Told when a command comes, or when a batch that was taken is done.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    commands: VecDeque<(Instant, usize, Command)>,
    bytes: usize,
    /// Commands that were taken and are not done.
    taken: usize,
}

/// What was taken from a queue.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) commands: Vec<Command>,
    /// Commands that had waited too long, and are gone.
    pub(crate) expired: usize,
}

impl Queue {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { limits, waiting: Mutex::default(), changed: Notify::new() }
    }

    /// Appends commands: all of them, or none if they do not fit.
    pub(crate) fn push(&self, now: Instant, commands: impl IntoIterator<Item = Command>) -> Result<(), Full> {
        let commands: Vec<_> = commands.into_iter().map(|command| (now, command.size(), command)).collect();
        let bytes = commands.iter().map(|(_, size, _)| size).sum::<usize>();
        {
            let mut waiting = self.waiting.lock();
            if bytes > self.limits.bytes.saturating_sub(waiting.bytes) {
                return Err(Full);
            }
            waiting.bytes += bytes;
            waiting.commands.extend(commands);
        }
        self.changed.notify_waiters();
        Ok(())
    }

    /// Takes the first commands, at least one and no more than `bytes` of them. Those that have waited too long are
    /// dropped first.
    pub(crate) fn take(&self, now: Instant, bytes: usize) -> Taken {
        let mut waiting = self.waiting.lock();
        let mut taken = Taken { expired: waiting.expire(now, self.limits.time), ..Taken::default() };
        let mut size = 0;
        while let Some((_, next, _)) = waiting.commands.front() {
            size += next;
            if size > bytes && !taken.commands.is_empty() {
                break;
            }
            let Some((_, next, command)) = waiting.commands.pop_front() else { break };
            waiting.bytes -= next;
            taken.commands.push(command);
        }
        waiting.taken = taken.commands.len();
        taken
    }

    /// Says that what was taken is done, one way or the other.
    pub(crate) fn done(&self) {
        self.waiting.lock().taken = 0;
        self.changed.notify_waiters();
    }

    /// Drops commands that have waited too long, and says how many.
    pub(crate) fn expire(&self, now: Instant) -> usize {
        self.waiting.lock().expire(now, self.limits.time)
    }

    /// Waits until there are commands.
    pub(crate) async fn ready(&self) {
        self.until(|waiting| !waiting.commands.is_empty()).await;
    }

    /// Waits until all commands are done.
    pub(crate) async fn flushed(&self) {
        self.until(|waiting| waiting.commands.is_empty() && waiting.taken == 0).await;
    }

    async fn until(&self, holds: impl Fn(&Waiting) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on, no change is missed.
            changed.as_mut().enable();
            if holds(&self.waiting.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl Waiting {
    fn expire(&mut self, now: Instant, time: Duration) -> usize {
        let mut expired = 0;
        while let Some((since, size, _)) = self.commands.front()
            && now.saturating_duration_since(*since) > time
        {
            self.bytes -= size;
            self.commands.pop_front();
            expired += 1;
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const LIMITS: QueueLimits = QueueLimits { bytes: 3 * (ENTRY + 10), time: Duration::from_secs(10) };

    fn publish(message: &str) -> Command {
        Command::Publish { channel: "c".to_owned(), message: message.into() }
    }

    fn messages(taken: &Taken) -> Vec<String> {
        let message = |command: &Command| match command {
            Command::Publish { message, .. } => String::from_utf8(message.clone()).unwrap(),
            other => panic!("{other:?}"),
        };
        taken.commands.iter().map(message).collect()
    }

    #[test]
    fn commands_come_out_in_order_in_batches() {
        let (queue, now) = (Queue::new(LIMITS), Instant::now());
        for message in ["1", "2", "3"] {
            assert_eq!(queue.push(now, [publish(message)]), Ok(()));
        }
        assert_eq!(messages(&queue.take(now, 2 * (ENTRY + 2))), ["1", "2"]);
        assert_eq!(messages(&queue.take(now, 1)), ["3"], "one at least");
        assert!(queue.take(now, 1).commands.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused_whole() {
        let (queue, now) = (Queue::new(LIMITS), Instant::now());
        assert_eq!(queue.push(now, [publish("1"), publish("2")]), Ok(()));
        assert_eq!(queue.push(now, [publish("3"), publish("4")]), Err(Full));
        assert_eq!(queue.push(now, [publish("5")]), Ok(()));
        assert_eq!(messages(&queue.take(now, usize::MAX)), ["1", "2", "5"]);
        assert_eq!(queue.push(now, [publish("6"), publish("7"), publish("8")]), Ok(()), "its bytes are free again");
    }

    #[test]
    fn what_has_waited_too_long_is_dropped() {
        let (queue, start) = (Queue::new(LIMITS), Instant::now());
        queue.push(start, [publish("old")]).unwrap();
        queue.push(start + Duration::from_secs(5), [publish("new")]).unwrap();
        let taken = queue.take(start + Duration::from_secs(11), usize::MAX);
        assert_eq!((messages(&taken), taken.expired), (vec!["new".to_owned()], 1));
        queue.push(start, [publish("old")]).unwrap();
        assert_eq!(queue.expire(start + Duration::from_secs(11)), 1);
    }

    #[tokio::test]
    async fn it_is_flushed_when_what_was_taken_is_done() {
        let (queue, now) = (Queue::new(LIMITS), Instant::now());
        queue.flushed().await;
        queue.push(now, [publish("1")]).unwrap();
        queue.ready().await;
        queue.take(now, usize::MAX);
        assert!(queue.flushed().now_or_never().is_none());
        queue.done();
        queue.flushed().await;
    }
}
