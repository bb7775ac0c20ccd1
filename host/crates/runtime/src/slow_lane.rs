//! Where handlers go on that compute for long: a few threads with low priority, on which components, their clients and
//! their sockets take turns. All other handlers run where they were called, so they only wait for each other.
//!
//! A handler stays here until its end, also when it waits meanwhile. What it starts (timers, requests) belongs to the
//! runtime of the thread that called it.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use async_task::{Builder, FallibleTask, Runnable};
use parking_lot::{Condvar, Mutex};
use tokio::runtime::Handle;

use super::engine::{FIRST_TURN, Runtime};
use super::places::Claim;
use super::recent::Recent;
use super::tenant::Tenant;
use super::turns::Turns;

/// By how much their priority is lower: where others want to compute too, they get about a tenth. Not less, because
/// they take locks that others wait for.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// A handler in the slow lane. It is stopped when this is dropped; its result is none only if the process ends.
pub type SlowTask<R> = FallibleTask<R, Arc<Job>>;

/// A handler that can go on in another thread.
pub type Handler<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// A handler as the slow lane knows it.
#[derive(Debug)]
pub struct Job {
    claim: Claim,
    /// It has had no turn yet, here or before.
    begins: AtomicBool,
    lane: Arc<Lane>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.lane.jobs.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The slow lane of a runtime. Its threads are started when a handler first needs them.
#[derive(Debug)]
pub(super) struct SlowLane {
    lane: Arc<Lane>,
    started: OnceLock<bool>,
    since: Instant,
    recent: Mutex<Recent>,
    /// Whether `recent` may have entries.
    computed: AtomicBool,
}

#[derive(Debug, Default)]
struct Lane {
    queue: Mutex<Queue>,
    work: Condvar,
    jobs: AtomicUsize,
}

#[derive(Debug)]
struct Queue {
    turns: Turns<Runnable<Arc<Job>>>,
    closed: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self { turns: Turns::new(), closed: false }
    }
}

impl Runtime {
    /// Whether this client's next handler begins in the slow lane, because its earlier ones computed much.
    pub fn begins_slowly(&self, tenant: &Tenant, address: Option<IpAddr>) -> bool {
        self.slow.is_for(tenant, address)
    }

    /// Runs a handler in the slow lane. `begins` tells that it has not computed yet; otherwise its first turn is held
    /// against its client.
    ///
    /// # Errors
    ///
    /// Returns the handler if the system has no thread for it; it must go on where it is.
    pub fn slow<R: Send + 'static>(
        &self,
        tenant: &Tenant,
        address: Option<IpAddr>,
        handler: Handler<R>,
        begins: bool,
    ) -> Result<SlowTask<R>, Handler<R>> {
        if !self.slow.is_open() {
            return Err(handler);
        }
        let claim = tenant.claim(address);
        if !begins {
            self.slow.charge(claim, FIRST_TURN);
        }
        Ok(self.slow.run(claim, handler, begins))
    }
}

impl SlowLane {
    pub(super) fn new() -> Self {
        Self {
            lane: Arc::default(),
            started: OnceLock::new(),
            since: Instant::now(),
            recent: Mutex::default(),
            computed: AtomicBool::new(false),
        }
    }

    /// Handlers that are in the slow lane.
    pub(super) fn jobs(&self) -> usize {
        self.lane.jobs.load(Ordering::Relaxed)
    }

    /// Whether there are threads; without them handlers stay where they were called.
    fn is_open(&self) -> bool {
        *self.started.get_or_init(|| {
            let threads = thread::available_parallelism().map_or(1, usize::from);
            // Every thread that starts is enough.
            (0..threads).filter(|_| start(self.lane.clone())).count() > 0
        })
    }

    /// Whether a client's next handler begins here, because its client has computed much lately.
    fn is_for(&self, tenant: &Tenant, address: Option<IpAddr>) -> bool {
        if !self.computed.load(Ordering::Relaxed) {
            return false;
        }
        let claim = tenant.claim(address);
        let now = self.since.elapsed();
        let mut recent = self.recent.lock();
        recent.forgive(now);
        self.computed.store(!recent.is_empty(), Ordering::Relaxed);
        recent.has_computed(claim, now)
    }

    fn charge(&self, claim: Claim, spent: Duration) {
        let mut recent = self.recent.lock();
        recent.charge(claim, spent, self.since.elapsed());
        self.computed.store(true, Ordering::Relaxed);
    }

    fn run<R: Send + 'static>(&self, claim: Claim, handler: Handler<R>, begins: bool) -> SlowTask<R> {
        let lane = self.lane.clone();
        lane.jobs.fetch_add(1, Ordering::Relaxed);
        let job = Arc::new(Job { claim, begins: AtomicBool::new(begins), lane: lane.clone() });
        // A panic is the caller's, as it would be without this lane.
        let builder = Builder::new().propagate_panic(true).metadata(job);
        let (runnable, task) = builder.spawn(move |_| handler, move |runnable| lane.push(runnable));
        runnable.schedule();
        task.fallible()
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        let queue = std::mem::replace(&mut *self.lane.queue.lock(), Queue { turns: Turns::new(), closed: true });
        self.lane.work.notify_all();
        drop(queue);
    }
}

impl Lane {
    fn push(&self, runnable: Runnable<Arc<Job>>) {
        let mut queue = self.queue.lock();
        if queue.closed {
            // Dropping it may wake others, so not under the lock.
            drop(queue);
            return drop(runnable);
        }
        let job = runnable.metadata();
        let (claim, begins) = (job.claim, job.begins.swap(false, Ordering::Relaxed));
        queue.turns.push(claim, runnable, begins);
        drop(queue);
        self.work.notify_one();
    }

    /// Gives handlers their turns until the lane is closed.
    fn work(&self) {
        let mut queue = self.queue.lock();
        while !queue.closed {
            let Some(runnable) = queue.turns.next() else {
                self.work.wait(&mut queue);
                continue;
            };
            let claim = runnable.metadata().claim;
            drop(queue);
            let begun = Instant::now();
            runnable.run();
            let spent = begun.elapsed();
            queue = self.queue.lock();
            queue.turns.done(claim, spent);
        }
    }
}

/// Starts a thread of the lane, in the context of the caller's runtime.
fn start(lane: Arc<Lane>) -> bool {
    let Ok(runtime) = Handle::try_current() else { return false };
    let work = move || {
        let _context = runtime.enter();
        lower_priority();
        lane.work();
    };
    let started = thread::Builder::new().name("slow-lane".to_owned()).spawn(work);
    started.inspect_err(|error| tracing::error!(%error, "cannot start a thread for handlers that compute")).is_ok()
}

/// On Linux each thread has a priority of its own; elsewhere it is the process'.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "handlers that compute keep the usual priority");
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::panic::AssertUnwindSafe;
    use std::task::Poll;

    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;
    use crate::RuntimeLimits;

    fn runtime() -> Runtime {
        Runtime::new(RuntimeLimits { instances: 4, ..RuntimeLimits::default() }, None).unwrap()
    }

    fn slow<R: Send + 'static>(
        runtime: &Runtime,
        handler: impl Future<Output = R> + Send + 'static,
        begins: bool,
    ) -> SlowTask<R> {
        let tenant = runtime.tenant();
        let slow = runtime.slow(&tenant, None, Box::pin(handler), begins);
        slow.unwrap_or_else(|_| panic!("there are threads"))
    }

    #[tokio::test]
    async fn a_handler_goes_on_in_a_thread_of_the_lane() {
        let runtime = runtime();
        let mut turns = 0;
        let handler = poll_fn(move |context| {
            turns += 1;
            if turns == 3 {
                return Poll::Ready(thread::current().name().map(str::to_owned));
            }
            context.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!(slow(&runtime, handler, true).await.unwrap().as_deref(), Some("slow-lane"));
    }

    #[tokio::test(start_paused = true)]
    async fn it_may_use_timers_and_wait() {
        let runtime = runtime();
        let handler = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            tokio::spawn(async { 7 }).await.unwrap()
        };
        assert_eq!(slow(&runtime, handler, true).await, Some(7));
    }

    #[tokio::test]
    async fn one_that_nobody_waits_for_is_dropped() {
        let runtime = runtime();
        let (sender, dropped) = oneshot::channel::<()>();
        let handler = async move {
            let _sender = sender;
            pending::<()>().await;
        };
        let task = slow(&runtime, handler, true);
        assert_eq!(runtime.slow.jobs(), 1);
        drop(task);
        assert!(dropped.await.is_err(), "its future is dropped");
    }

    #[tokio::test]
    async fn a_panic_is_the_callers() {
        let runtime = runtime();
        let panicking = slow(&runtime, async { panic!("of the handler") }, true);
        let caught: Result<Option<()>, _> = AssertUnwindSafe(panicking).catch_unwind().await;
        assert!(caught.is_err());
        assert_eq!(slow(&runtime, async { 1 }, true).await, Some(1), "the thread is still there");
    }

    #[tokio::test]
    async fn handlers_end_with_the_runtime() {
        let runtime = runtime();
        let task = slow(&runtime, pending::<()>(), true);
        let lane = runtime.slow.lane.clone();
        drop(runtime);
        assert!(lane.queue.lock().closed);
        drop(task);
    }

    #[tokio::test]
    async fn clients_whose_handlers_computed_much_begin_here() {
        let runtime = runtime();
        let tenant = runtime.tenant();
        let address = |last| Some(IpAddr::from([10, 0, 0, last]));
        for _ in 0..30 {
            assert!(runtime.slow(&tenant, address(1), Box::pin(async {}), false).is_ok());
        }
        assert!(runtime.begins_slowly(&tenant, address(1)));
        assert!(!runtime.begins_slowly(&tenant, address(2)));
        assert!(!runtime.begins_slowly(&runtime.tenant(), address(1)));
    }
}
