//! How scripts are run: who waits for whom, on which connection, and for how long.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use redis::{Cmd, Value};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::keys::keys;
use super::line::Line;
use super::refusal::failed;
use super::replies::{self, Written};
use super::scripts::{Script, Scripts};
use crate::clock::Clock;
use crate::error::Error;
use crate::limits::RedisLimits;
use crate::model::Space;

/// Entries that a call that writes removes because their time is up.
const SWEPT: usize = 100;

/// Entries that are removed at once if they stand in the way of a quota, or in the background.
const SLICE: usize = 1_000;

/// Slices that one round removes in the background.
const SLICES: usize = 10;

/// Bytes that a permit for passing bytes stands for.
const UNIT: usize = 1 << 10;

/// Calls that pass more bytes go with the batches.
const SMALL: usize = 64 << 10;

/// The stores of one Redis.
pub(super) struct Calls {
    quick: Line,
    /// For what passes or gets much, so that it does not hold up the others.
    bulk: Line,
    pub(super) scripts: Scripts,
    prefix: String,
    /// `None`: the server's.
    clock: Option<Arc<dyn Clock>>,
    /// The keys of the stores that were used. There are as many as the operator has named namespaces.
    spaces: Mutex<HashMap<Arc<str>, Arc<[String; 5]>>>,
    pub(super) limits: RedisLimits,
    running: Semaphore,
    /// In units of [`UNIT`].
    passed: Semaphore,
    pages: Semaphore,
}

/// What a call costs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Cost {
    /// It passes so many bytes, and gets at most one value.
    Passes(usize),
    /// It gets many values.
    Page,
    /// It passes or concerns many entries.
    Batch(usize),
}

/// Adds the arguments of a script after the time.
pub(super) type Arguments<'a> = dyn Fn(&mut Cmd) + Send + Sync + 'a;

impl Calls {
    pub(super) fn new(
        lines: (Line, Line),
        scripts: Scripts,
        prefix: &str,
        limits: RedisLimits,
        clock: Option<Arc<dyn Clock>>,
    ) -> Self {
        Self {
            quick: lines.0,
            bulk: lines.1,
            scripts,
            prefix: prefix.to_owned(),
            clock,
            spaces: Mutex::default(),
            running: Semaphore::new(limits.calls),
            passed: Semaphore::new((limits.passed_bytes / UNIT).max(1)),
            pages: Semaphore::new(limits.pages),
            limits,
        }
    }

    pub(super) async fn run(
        &self,
        cost: Cost,
        space: &Space,
        script: &Script,
        arguments: &Arguments<'_>,
    ) -> Result<Value, Error> {
        let _permits = self.permits(cost).await?;
        let keys = self.keys(&space.name);
        let now = self.clock.as_ref().map(|clock| clock.now().to_string()).unwrap_or_default();
        let line = match cost {
            Cost::Passes(..=SMALL) => &self.quick,
            _ => &self.bulk,
        };
        let mut link = line.link().await?;
        let running = script.run(&mut link.connection, keys.as_slice(), &now, arguments);
        match timeout(self.limits.time, running).await {
            Ok(reply) => reply.map_err(|error| failed(&error)),
            Err(_) => {
                link.give_up();
                let time = self.limits.time.as_secs();
                Err(Error::Unavailable(format!("Redis has not answered for {time} s")))
            }
        }
    }

    /// The right to call, until it is dropped. Calls wait for others as long as their handlers may.
    async fn permits(&self, cost: Cost) -> Result<(SemaphorePermit<'_>, SemaphorePermit<'_>), Error> {
        let closed = |_| Error::closed();
        let call = self.running.acquire().await.map_err(closed)?;
        let bytes = match cost {
            Cost::Page => return Ok((call, self.pages.acquire().await.map_err(closed)?)),
            Cost::Passes(bytes) | Cost::Batch(bytes) => bytes,
        };
        // A call that passes more than all may at once waits until it is alone.
        let units = (1 + bytes / UNIT).min((self.limits.passed_bytes / UNIT).max(1));
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        Ok((call, self.passed.acquire_many(units).await.map_err(closed)?))
    }

    fn keys(&self, space: &Arc<str>) -> Arc<[String; 5]> {
        let mut spaces = self.spaces.lock();
        spaces.entry(space.clone()).or_insert_with(|| Arc::new(keys(&self.prefix, space))).clone()
    }

    /// Runs a script that begins with how much is to be swept and the quota, until it knows whether there is room.
    pub(super) async fn write(
        &self,
        cost: Cost,
        space: &Space,
        script: &Script,
        arguments: &Arguments<'_>,
    ) -> Result<Written, Error> {
        let mut swept = SWEPT;
        loop {
            let all = |command: &mut Cmd| {
                command.arg(swept).arg(space.quota);
                arguments(command);
            };
            match replies::written(self.run(cost, space, script, &all).await?, space.quota)? {
                Written::Again => swept = SLICE,
                Written::Failed(error) => return Err(error),
                written => return Ok(written),
            }
        }
    }

    /// Waits for the calls that run. Later ones are errors.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.limits.calls).unwrap_or(u32::MAX);
        let ended = timeout(self.limits.time, self.running.acquire_many(all)).await;
        self.running.close();
        drop(ended);
    }

    /// Removes entries whose time is up, also of stores to which nobody writes.
    pub(super) async fn sweep(&self) {
        let spaces: Vec<_> = self.spaces.lock().keys().cloned().collect();
        for name in spaces {
            self.sweep_one(Space { name, quota: 0 }).await;
        }
    }

    /// If Redis is not there, the next round finds what this one has left.
    async fn sweep_one(&self, space: Space) {
        let arguments = |command: &mut Cmd| {
            command.arg(SLICE);
        };
        for _ in 0..SLICES {
            let reply = self.run(Cost::Batch(0), &space, &self.scripts.sweep, &arguments).await;
            if !reply.and_then(replies::number).is_ok_and(|swept| swept == SLICE as u64) {
                return;
            }
        }
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("prefix", &self.prefix).field("limits", &self.limits).finish_non_exhaustive()
    }
}
