//! Schedules that run, on paused time: an hour takes a moment.

use std::cell::Cell;

use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::*;
use crate::claims::{ClaimFuture, OverFuture};
use crate::cluster::OneNode;
use crate::gateway::Gateway;
use crate::handler::{HandlerFuture, RunFuture};
use crate::model::{DescribedSchedule, Description, Event, GatewayLimits, HandlerError};

thread_local! {
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Noon, and the time that has passed since a test asked first.
fn clock() -> Timestamp {
    let start = START.get().unwrap_or_else(Instant::now);
    START.set(Some(start));
    let noon: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
    noon + SignedDuration::try_from(start.elapsed()).unwrap()
}

/// Notes its runs: the revision, the schedule and the minute and second at which it was due.
struct Worker {
    revision: &'static str,
    description: Description,
    /// How long a run takes.
    takes: Duration,
    fails: bool,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    begun: Mutex<Vec<String>>,
    over: Mutex<usize>,
}

impl Seen {
    fn begun(&self) -> Vec<String> {
        std::mem::take(&mut self.begun.lock())
    }
}

impl EventHandler for Worker {
    fn description(&self) -> &Description {
        &self.description
    }

    fn handle(self: Arc<Self>, _: Event, _: EventContext) -> HandlerFuture {
        Box::pin(async { Ok(None) })
    }

    fn run(self: Arc<Self>, schedule: Arc<str>, due: Timestamp, context: EventContext) -> RunFuture {
        Box::pin(async move {
            assert_eq!((context.namespace(), context.socket_id()), ("/n", None));
            self.seen.begun.lock().push(format!("{}{schedule} {}", self.revision, due.strftime("%M:%S")));
            sleep(self.takes).await;
            *self.seen.over.lock() += 1;
            if self.fails { Err(HandlerError::Failed("as it was told".into())) } else { Ok(()) }
        })
    }
}

fn seconds(seconds: f32) -> Duration {
    Duration::from_secs_f32(seconds)
}

fn worker(revision: &'static str, times: &[&str], takes: Duration, seen: &Arc<Seen>) -> Worker {
    let described =
        |times: &&str| DescribedSchedule { name: (*times).to_owned(), times: (*times).to_owned(), time_zone: None };
    let description = Description::default().with_schedules(times.iter().map(described).collect()).unwrap();
    Worker { revision, description, takes, fails: false, seen: seen.clone() }
}

fn mount(worker: Worker) -> Arc<Mount> {
    let mut gateway = Gateway::new(GatewayLimits::default(), None, Arc::new(OneNode));
    gateway.mount(Some("/n"), Arc::new(worker)).unwrap()
}

fn start(mount: &Arc<Mount>, claims: Arc<dyn Claims>) -> Scheduler {
    Scheduler::with_clock(std::slice::from_ref(mount), &claims, clock)
}

#[tokio::test(start_paused = true)]
async fn what_is_due_runs_at_its_times() {
    let seen = Arc::default();
    let mount = mount(worker("", &["every 10s", "*/1 * * * *"], Duration::ZERO, &seen));
    let _scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(65.0)).await;
    let runs = ["every 10s 00:10", "every 10s 00:20", "every 10s 00:30", "every 10s 00:40", "every 10s 00:50"];
    assert_eq!(seen.begun(), [&runs[..], &["every 10s 01:00", "*/1 * * * * 01:00"]].concat());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_due_while_the_last_still_goes_is_skipped() {
    let seen = Arc::default();
    let mount = mount(worker("", &["every 1s", "every 2s"], seconds(2.5), &seen));
    let _scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(8.2)).await;
    let runs = ["every 1s 00:01", "every 2s 00:02", "every 1s 00:04", "every 2s 00:06", "every 1s 00:07"];
    assert_eq!(seen.begun(), runs);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_is_followed_by_the_next() {
    let seen = Arc::default();
    let mount = mount(Worker { fails: true, ..worker("", &["every 10s"], Duration::ZERO, &seen) });
    let _scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(25.0)).await;
    assert_eq!(seen.begun(), ["every 10s 00:10", "every 10s 00:20"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_brings_its_own_schedules() {
    let seen = Arc::default();
    let mount = mount(worker("old ", &["every 10s", "every 20s"], seconds(5.0), &seen));
    let _scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(12.0)).await;
    mount.replace(Arc::new(worker("new ", &["every 2s", "every 10s"], seconds(1.0), &seen))).unwrap();
    sleep(seconds(8.5)).await;
    let new = ["new every 2s 00:14", "new every 2s 00:16", "new every 2s 00:18", "new every 2s 00:20"];
    assert_eq!(seen.begun(), [&["old every 10s 00:10"][..], &new[..], &["new every 10s 00:20"]].concat());
    mount.replace(Arc::new(worker("last ", &[], Duration::ZERO, &seen))).unwrap();
    sleep(seconds(100.0)).await;
    assert_eq!(seen.begun(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_the_old_revision_still_counts() {
    let seen = Arc::default();
    let mount = mount(worker("old ", &["every 1s"], seconds(2.5), &seen));
    let _scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(1.5)).await;
    mount.replace(Arc::new(worker("new ", &["every 1s"], Duration::ZERO, &seen))).unwrap();
    sleep(seconds(3.0)).await;
    assert_eq!(seen.begun(), ["old every 1s 00:01", "new every 1s 00:04"]);
}

#[tokio::test(start_paused = true)]
async fn to_stop_is_to_wait_for_what_has_begun() {
    let seen = Arc::default();
    let mount = mount(worker("", &["every 1s", "every 2s"], seconds(30.0), &seen));
    let scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(1.5)).await;
    scheduler.stop().await;
    assert_eq!((seen.begun(), *seen.over.lock()), (vec!["every 1s 00:01".to_owned()], 1));
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_can_be_stopped() {
    let seen = Arc::default();
    let mount = mount(worker("", &["every 1s"], seconds(30.0), &seen));
    let scheduler = start(&mount, Arc::new(OneNode));
    sleep(seconds(1.5)).await;
    assert!(tokio::time::timeout(seconds(10.0), scheduler.stop()).await.is_err());
    sleep(seconds(100.0)).await;
    assert_eq!((seen.begun().len(), *seen.over.lock()), (1, 0));
}

/// What the nodes of a cluster agree on.
#[derive(Debug, Default)]
struct Arbiter {
    claimed: Mutex<Vec<Run>>,
    going: Mutex<usize>,
}

#[derive(Debug)]
struct Node(Arc<Arbiter>);

impl Claims for Node {
    fn claim(&self, run: &Run) -> Option<ClaimFuture> {
        let (arbiter, run) = (self.0.clone(), run.clone());
        Some(Box::pin(async move {
            tokio::task::yield_now().await;
            if arbiter.claimed.lock().contains(&run) {
                return Ok(Claim::Others);
            }
            if *arbiter.going.lock() > 0 {
                return Ok(Claim::StillGoing);
            }
            *arbiter.going.lock() += 1;
            arbiter.claimed.lock().push(run);
            Ok(Claim::Ours)
        }))
    }

    fn over(&self, _: &Run) -> Option<OverFuture> {
        let arbiter = self.0.clone();
        Some(Box::pin(async move { *arbiter.going.lock() -= 1 }))
    }
}

#[tokio::test(start_paused = true)]
async fn of_several_nodes_one_does_a_run() {
    let (seen, arbiter) = (Arc::default(), Arc::default());
    let nodes: Vec<_> = (0..3)
        .map(|_| {
            let mount = mount(worker("", &["every 1s"], seconds(1.5), &seen));
            start(&mount, Arc::new(Node(Arc::clone(&arbiter))))
        })
        .collect();
    sleep(seconds(7.2)).await;
    assert_eq!(seen.begun(), ["every 1s 00:01", "every 1s 00:03", "every 1s 00:05", "every 1s 00:07"]);
    assert_eq!(nodes.len(), 3);
}
