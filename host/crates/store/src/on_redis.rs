//! A store in a Redis, which several hosts can share.
//!
//! Each call is one script, which Redis runs as a whole; what it does is what `semantics` says, on five keys a store
//! (`scripts/read.lua`). Entries end by the clock of the server. A call is never repeated: if its connection is lost, it may have been carried
//! out. Without a connection calls are [`Error::Unavailable`](crate::Error::Unavailable), at once.
//!
//! [`RedisLimits`] bounds what waits for Redis, and for how long. What Redis answers is bounded by the scripts.

mod calls;
mod keys;
mod line;
mod refusal;
mod replies;
mod scripts;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use redis::Cmd;
use redis_link::Backoff;
pub use redis_link::RedisAddress;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use self::calls::{Calls, Cost};
use self::line::Line;
pub use self::refusal::ConnectError;
use self::replies::Written;
use self::scripts::Scripts;
pub use self::server::ServerState;
use crate::backend::{Answer, Backend};
use crate::clock::Clock;
use crate::limits::RedisLimits;
use crate::model::{Entry, Expected, Page, Put, Query, Space, Swap, Swapped};

/// Most entries that one page looks at, those whose time is up included: meanwhile Redis does nothing else.
const MOST_SEEN: usize = 2_000;

/// How often entries are removed whose time is up.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// A key-value store in a Redis.
#[derive(Debug)]
pub struct Redis {
    calls: Arc<Calls>,
    sweeper: JoinHandle<()>,
}

impl Redis {
    /// Connects. Keys in Redis begin with `prefix:kv:`; a prefix has no braces. Time is that of the server, unless a
    /// clock is given, which only tests do: hosts would differ.
    ///
    /// # Errors
    ///
    /// If it cannot be reached, does not let us in, or is no server that can keep stores.
    pub async fn open(
        address: &RedisAddress,
        prefix: &str,
        limits: RedisLimits,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<(Self, ServerState), ConnectError> {
        let late = |_| ConnectError::Unreachable { address: address.clone(), why: "it does not answer".to_owned() };
        let opening = Self::connect(address, prefix, limits.clone(), clock);
        timeout(limits.time, opening).await.map_err(late)?
    }

    async fn connect(
        address: &RedisAddress,
        prefix: &str,
        limits: RedisLimits,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<(Self, ServerState), ConnectError> {
        let refused = |error| ConnectError::of(address, &error);
        let client = address.client().map_err(refused)?;
        let (quick, mut first) = Line::open(&client).await.map_err(refused)?;
        let state = server::check(&mut first, address, prefix).await?;
        let scripts = Scripts::load(&mut first).await.map_err(refused)?;
        let (bulk, _) = Line::open(&client).await.map_err(refused)?;
        let calls = Arc::new(Calls::new((quick, bulk), scripts, prefix, limits, clock));
        let sweeper = tokio::spawn(sweep(Arc::downgrade(&calls)));
        Ok((Self { calls, sweeper }, state))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

impl Backend for Redis {
    fn get(&self, space: Space, keys: Vec<String>, most_bytes: usize) -> Answer<'_, Vec<Option<Entry>>> {
        Box::pin(async move {
            let most_bytes = most_bytes.min(self.calls.limits.answer_bytes);
            let cost = if keys.len() == 1 { Cost::Passes(0) } else { Cost::Page };
            let script = &self.calls.scripts.get;
            let arguments = |command: &mut Cmd| {
                command.arg(most_bytes).arg(&keys);
            };
            let reply = self.calls.run(cost, &space, script, &arguments);
            replies::entries(reply.await?, most_bytes)
        })
    }

    fn has(&self, space: Space, key: String) -> Answer<'_, bool> {
        Box::pin(async move {
            let script = &self.calls.scripts.has;
            let arguments = |command: &mut Cmd| {
                command.arg(&key);
            };
            let reply = self.calls.run(Cost::Passes(0), &space, script, &arguments);
            Ok(replies::number(reply.await?)? == 1)
        })
    }

    fn list(&self, space: Space, query: Query, most_bytes: usize) -> Answer<'_, Page> {
        Box::pin(async move {
            let (mut from, to) = range(&query.prefix);
            if let Some(cursor) = query.cursor.as_ref().filter(|cursor| **cursor >= query.prefix) {
                from = [b"(", cursor.as_bytes()].concat();
            }
            let arguments = |command: &mut Cmd| {
                command.arg(&from).arg(&to).arg(query.limit).arg(most_bytes).arg(MOST_SEEN);
                command.arg(u8::from(query.keys_only));
            };
            let reply = self.calls.run(Cost::Page, &space, &self.calls.scripts.list, &arguments);
            replies::page(reply.await?)
        })
    }

    fn set(&self, space: Space, puts: Vec<Put>) -> Answer<'_, ()> {
        Box::pin(async move {
            let bytes = puts.iter().map(|put| put.key.len() + put.value.len()).sum();
            let cost = if puts.len() == 1 { Cost::Passes(bytes) } else { Cost::Batch(bytes) };
            // The last one counts if a key is there twice.
            let puts: BTreeMap<&str, &Put> = puts.iter().map(|put| (put.key.as_str(), put)).collect();
            let arguments = |command: &mut Cmd| {
                for put in puts.values() {
                    command.arg(&put.key).arg(&put.value).arg(milliseconds(put.ttl));
                }
            };
            self.calls.write(cost, &space, &self.calls.scripts.set, &arguments).await?;
            Ok(())
        })
    }

    fn delete(&self, space: Space, keys: Vec<String>) -> Answer<'_, u64> {
        Box::pin(async move {
            let bytes = keys.iter().map(String::len).sum();
            let cost = if keys.len() == 1 { Cost::Passes(bytes) } else { Cost::Batch(bytes) };
            let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
            let arguments = |command: &mut Cmd| {
                for key in &keys {
                    command.arg(*key);
                }
            };
            let reply = self.calls.run(cost, &space, &self.calls.scripts.delete, &arguments);
            replies::number(reply.await?)
        })
    }

    fn increment(&self, space: Space, key: String, delta: i64, ttl: Option<Duration>) -> Answer<'_, i64> {
        Box::pin(async move {
            let arguments = |command: &mut Cmd| {
                command.arg(&key).arg(delta).arg(milliseconds(ttl));
            };
            let script = &self.calls.scripts.increment;
            match self.calls.write(Cost::Passes(key.len()), &space, script, &arguments).await? {
                Written::Done(parts) => replies::sum(parts),
                _ => Err(replies::odd()),
            }
        })
    }

    fn swap(&self, space: Space, swap: Swap) -> Answer<'_, Swapped> {
        Box::pin(async move {
            let (kind, expected) = match &swap.expected {
                Expected::Absent => ("absent", Vec::new()),
                Expected::Value(value) => ("value", value.clone()),
                Expected::Version(version) => ("version", version.to_string().into_bytes()),
            };
            let (action, value) = match &swap.value {
                Some(value) => ("set", value.as_slice()),
                None => ("delete", &[][..]),
            };
            let arguments = |command: &mut Cmd| {
                command.arg(&swap.key).arg(kind).arg(&expected).arg(action).arg(value).arg(milliseconds(swap.ttl));
            };
            let cost = Cost::Passes(swap.key.len() + expected.len() + value.len());
            match self.calls.write(cost, &space, &self.calls.scripts.swap, &arguments).await? {
                Written::Done(parts) => replies::swapped(parts),
                Written::Different(parts) => replies::different(parts),
                _ => Err(replies::odd()),
            }
        })
    }

    fn clear(&self, space: Space, prefix: String, most: usize) -> Answer<'_, (u64, bool)> {
        Box::pin(async move {
            let (from, to) = range(&prefix);
            let arguments = |command: &mut Cmd| {
                command.arg(&from).arg(&to).arg(most);
            };
            let reply = self.calls.run(Cost::Batch(0), &space, &self.calls.scripts.clear, &arguments);
            replies::cleared(reply.await?)
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            self.calls.close().await;
            self.sweeper.abort();
            Ok(())
        })
    }
}

/// The keys that begin with a prefix, as Redis writes a range. UTF-8 has no byte 0xFF.
fn range(prefix: &str) -> (Vec<u8>, Vec<u8>) {
    ([b"[", prefix.as_bytes()].concat(), [b"(", prefix.as_bytes(), &[0xFF]].concat())
}

/// A time to live as scripts take it.
fn milliseconds(ttl: Option<Duration>) -> String {
    ttl.map(|ttl| ttl.as_millis().to_string()).unwrap_or_default()
}

/// Looks after entries whose time is up. That every host does it is no harm.
async fn sweep(calls: Weak<Calls>) {
    loop {
        sleep(Backoff::about(SWEEP_INTERVAL)).await;
        let Some(calls) = calls.upgrade() else { return };
        calls.sweep().await;
    }
}
