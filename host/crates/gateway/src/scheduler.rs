//! Runs the schedules of handlers: a task for each mount, which sleeps until something is due, and one for each run.
//!
//! Two runs of one schedule never go at once: one that is due while the last still goes is skipped, also when the handler was
//! replaced meanwhile. So there are never more runs than schedules, old and new. What is due when is in `agenda`; who does it
//! is up to [`Claims`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use telemetry::{metrics, summary, text};
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio::time::sleep;
use tracing::Level;

use crate::agenda::{Agenda, Due};
use crate::claims::{Claim, Claims, Run};
use crate::context::EventContext;
use crate::handler::EventHandler;
use crate::mount::Mount;

#[cfg(test)]
#[path = "scheduler_tests.rs"]
mod tests;

/// The longest sleep: a clock that was set, or a machine that slept, is noticed after this time.
const SLEEP: Duration = Duration::from_secs(15);

/// The time of day.
type Clock = fn() -> Timestamp;

/// Runs what the handlers of mounts have scheduled.
#[derive(Debug)]
pub struct Scheduler {
    mounts: JoinSet<()>,
    /// Dropped to stop.
    stop: watch::Sender<()>,
}

impl Scheduler {
    /// Begins. What was due before is not made up.
    pub fn start(mounts: &[Arc<Mount>], claims: &Arc<dyn Claims>) -> Self {
        Self::with_clock(mounts, claims, Timestamp::now)
    }

    fn with_clock(mounts: &[Arc<Mount>], claims: &Arc<dyn Claims>, clock: Clock) -> Self {
        let mut scheduler = Self { mounts: JoinSet::new(), stop: watch::Sender::new(()) };
        for mount in mounts {
            let follower = Follower { mount: mount.clone(), claims: claims.clone(), clock, runs: Runs::default() };
            scheduler.mounts.spawn(follower.follow(scheduler.stop.subscribe()));
        }
        scheduler
    }

    /// No run begins any more; waits until those that have begun are over. If this is dropped, they are stopped.
    pub async fn stop(self) {
        let Self { mut mounts, stop } = self;
        drop(stop);
        while mounts.join_next().await.is_some() {}
    }
}

/// Follows one mount's schedules.
struct Follower {
    mount: Arc<Mount>,
    claims: Arc<dyn Claims>,
    clock: Clock,
    runs: Runs,
}

/// The runs that have begun and are not over, by the names of their schedules.
#[derive(Default)]
struct Runs {
    tasks: JoinSet<()>,
    names: HashMap<Arc<str>, task::Id>,
}

impl Follower {
    async fn follow(mut self, mut stop: watch::Receiver<()>) {
        let mut replaced = self.mount.replaced();
        loop {
            let handler = self.mount.handler();
            let mut agenda = Agenda::new(&handler.description().schedules, (self.clock)());
            let mut current = true;
            while current {
                tokio::select! {
                    biased;
                    _ = stop.changed() => return self.runs.finish().await,
                    _ = replaced.changed() => current = false,
                    () = self.runs.one_over() => {}
                    () = until(agenda.next(), self.clock) => {}
                }
                for due in agenda.take((self.clock)()) {
                    self.begin(&handler, &due);
                }
            }
        }
    }

    fn begin(&mut self, handler: &Arc<dyn EventHandler>, due: &Due<'_>) {
        let namespace = self.mount.namespace();
        let run =
            Run { namespace: namespace.shared_path().clone(), schedule: due.schedule.name.clone(), due: due.time };
        if due.missed {
            return skipped(&run, "a run was skipped: it is too late, as this host stood still or its clock was set");
        }
        if self.runs.names.contains_key(&run.schedule) {
            return skipped(&run, STILL_GOING);
        }
        let context = EventContext::without_socket(namespace.clone());
        let task = carry_out(handler.clone(), context, run.clone(), self.claims.clone());
        self.runs.names.insert(run.schedule, self.runs.tasks.spawn(task).id());
    }
}

/// Sleeps until then, or for a while; forever if there is nothing to wait for.
async fn until(next: Option<Timestamp>, clock: Clock) {
    match next {
        Some(next) => sleep(Duration::try_from(clock().duration_until(next)).unwrap_or_default().min(SLEEP)).await,
        None => std::future::pending().await,
    }
}

impl Runs {
    /// Waits until one is over; forever if there is none.
    async fn one_over(&mut self) {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return std::future::pending().await,
        };
        self.names.retain(|_, task| *task != id);
    }

    async fn finish(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

const STILL_GOING: &str = "a run was skipped: the last one still goes";

/// Runs the handler, if the run is this node's.
async fn carry_out(handler: Arc<dyn EventHandler>, context: EventContext, run: Run, claims: Arc<dyn Claims>) {
    if let Some(claim) = claims.claim(&run) {
        match claim.await {
            Ok(Claim::Ours) => {}
            Ok(Claim::Others) => return,
            Ok(Claim::StillGoing) => return skipped(&run, STILL_GOING),
            Err(error) => {
                tracing::debug!(%error, "a run could not be claimed");
                return skipped(&run, "a run was skipped: the store that says which node does it cannot be reached");
            }
        }
    }
    metrics().schedules_run.increment();
    if let Err(error) = handler.run(run.schedule.clone(), run.due, context).await {
        error.report(&run.namespace, None, &run.schedule);
    }
    if let Some(over) = claims.over(&run) {
        over.await;
    }
}

fn skipped(run: &Run, cause: &'static str) {
    metrics().schedules_skipped.increment();
    if summary::is_due(Level::WARN, cause, &run.namespace, &run.schedule) {
        tracing::warn!(namespace = &*run.namespace, schedule = text::message(&run.schedule), due = %run.due, "{cause}");
    }
}
