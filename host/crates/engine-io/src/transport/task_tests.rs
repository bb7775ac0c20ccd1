//! The task of a long-polling session, on paused time and without HTTP: a script of what its requests would do.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::task::Waker;

use parking_lot::Mutex;

use super::*;
use crate::payload::Pieces;
use crate::{Session, SessionLimits};

/// The handler's behaviour, set by the test, and what it saw.
#[derive(Default)]
struct Seen {
    messages: Vec<String>,
    closed: Option<CloseReason>,
    /// The handler takes no messages.
    full: bool,
    /// The handler has work that does not end.
    busy: bool,
    /// Something happens to this session whenever the handler works.
    disturbed: Option<Arc<Session>>,
    /// How often the handler was asked to work.
    worked: usize,
    expires: Option<Instant>,
}

#[derive(Default, Clone)]
struct Script(Arc<Mutex<Seen>>);

impl SessionHandler for Script {
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        match message {
            Message::Text("bad") => return Err(CloseReason::ParseError),
            Message::Text(text) => self.0.lock().messages.push(text.to_owned()),
            Message::Binary(data) => self.0.lock().messages.push(format!("{data:?}")),
        }
        Ok(())
    }

    fn wants_input(&self) -> bool {
        !self.0.lock().full
    }

    fn poll_work(&mut self, _: &mut Context<'_>) -> Poll<()> {
        let mut seen = self.0.lock();
        seen.worked += 1;
        assert!(seen.worked < 1_000, "the task goes on without end");
        if let Some(session) = &seen.disturbed {
            session.wake();
        }
        if seen.busy { Poll::Pending } else { Poll::Ready(()) }
    }

    fn close(&mut self, reason: CloseReason) {
        assert_eq!(self.0.lock().closed.replace(reason), None, "a session ends once");
    }

    fn expires(&self) -> Option<Instant> {
        self.0.lock().expires
    }
}

/// A session, its task not running yet.
struct Bench {
    script: Script,
    registry: Arc<Registry>,
    session: Arc<Session>,
    task: SessionTask<Script>,
}

impl Bench {
    fn new() -> Self {
        let script = Script::default();
        let registry = Arc::new(Registry::new(SessionLimits::default()));
        let session = Session::new("id".into(), 100_000, true);
        let live = registry.insert(session, IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        let session = live.session().clone();
        // The handshake and the first poll.
        for _ in 0..2 {
            session.begin_get().unwrap();
            session.end_get();
        }
        let task = SessionTask::new(registry.clone(), live, script.clone());
        Self { script, registry, session, task }
    }

    /// Runs the task in the background.
    fn start(self) -> Running {
        let Self { script, registry, session, task } = self;
        Running { script, registry, session, task: tokio::spawn(task) }
    }
}

struct Running {
    script: Script,
    registry: Arc<Registry>,
    session: Arc<Session>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn get(&self) -> Vec<Frame> {
        poll_fn(|cx| self.session.poll_frames(cx)).await
    }

    async fn post(&self, body: &str) {
        self.session.deliver(Pieces::new(body.to_owned()));
        poll_fn(|cx| self.session.poll_delivered(cx)).await;
    }

    fn known(&self) -> bool {
        self.registry.get("id").is_some()
    }

    fn closed(&self) -> Option<CloseReason> {
        self.script.0.lock().closed
    }
}

fn limits() -> SessionLimits {
    SessionLimits::default()
}

#[tokio::test(start_paused = true)]
async fn a_session_to_which_much_happens_does_not_hold_its_thread() {
    let Bench { script, session, mut task, .. } = Bench::new();
    script.0.lock().disturbed = Some(session);
    assert!(Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(script.0.lock().worked, ROUNDS);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let running = Bench::new().start();
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(running.get().await, [Frame::ping()]);
        assert_eq!(start.elapsed(), limits().ping_interval);
        running.post("3").await;
    }
    assert_eq!(running.closed(), None);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_is_given_up() {
    let running = Bench::new().start();
    let start = Instant::now();
    running.task.await.unwrap();
    assert_eq!(start.elapsed(), limits().ping_interval + limits().ping_timeout);
    assert_eq!(running.script.0.lock().closed, Some(CloseReason::PingTimeout));
    assert!(running.registry.get("id").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_read_is_not_timed_out() {
    let running = Bench::new().start();
    running.script.0.lock().full = true;
    running.session.deliver(Pieces::new("4a\u{1e}3".to_owned()));
    tokio::time::sleep(10 * limits().ping_interval).await;
    assert_eq!(running.closed(), None);
    running.script.0.lock().full = false;
    running.session.wake();
    poll_fn(|cx| running.session.poll_delivered(cx)).await;
    assert_eq!(running.script.0.lock().messages, ["a"]);
    tokio::time::sleep(limits().ping_interval + limits().ping_timeout / 2).await;
    assert_eq!(running.closed(), None, "the pong counted");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_read_because_its_client_does_not_receive_is_given_up() {
    let running = Bench::new().start();
    running.script.0.lock().full = true;
    let start = Instant::now();
    running.session.deliver(Pieces::new("4a".to_owned()));
    let large = || Encoded::One(Frame::from_message(format!("4{}", "x".repeat(60_000))));
    running.session.send(large(), false);
    tokio::time::sleep(limits().ping_interval + limits().ping_timeout / 2).await;
    // A client that receives something now and then is not stalled.
    running.get().await;
    running.session.send(large(), false);
    tokio::time::sleep(limits().ping_timeout).await;
    assert_eq!(running.closed(), None);
    running.task.await.unwrap();
    assert_eq!(start.elapsed(), limits().ping_interval + 2 * limits().ping_timeout);
    assert_eq!(running.script.0.lock().closed, Some(CloseReason::PingTimeout));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_expires_is_told_so() {
    let running = Bench::new();
    let at = Instant::now() + limits().ping_interval / 2;
    running.script.0.lock().expires = Some(at);
    let running = running.start();
    assert_eq!(running.get().await, [Frame::close()]);
    assert_eq!(Instant::now(), at);
    assert_eq!(running.closed(), Some(CloseReason::ForcedServerClose));
    running.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_malformed_message_is_not_handled() {
    let running = Bench::new().start();
    running.post("4a\u{1e}4bad\u{1e}4b").await;
    assert_eq!(running.get().await, [Frame::noop(), Frame::close()]);
    assert_eq!(running.script.0.lock().messages, ["a"]);
    assert_eq!(running.closed(), Some(CloseReason::ParseError));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_packet_ends_the_session_at_once() {
    let running = Bench::new().start();
    running.post("4a\u{1e}x\u{1e}4b").await;
    assert!(!running.known());
    assert_eq!(running.script.0.lock().messages, ["a"]);
    assert_eq!(running.closed(), Some(CloseReason::ParseError));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_gone_at_once() {
    let running = Bench::new().start();
    running.script.0.lock().busy = true;
    running.post("4a\u{1e}1\u{1e}4b").await;
    assert_eq!(running.get().await, [Frame::noop()]);
    assert_eq!(running.closed(), Some(CloseReason::TransportClose));
    assert!(!running.known());
    assert!(!running.task.is_finished(), "its handlers finish first");
    assert_eq!(running.script.0.lock().messages, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_learns_of_the_close_is_not_waited_for_for_ever() {
    let running = Bench::new().start();
    let start = Instant::now();
    running.session.close(CloseReason::TransportError);
    running.task.await.unwrap();
    assert_eq!(start.elapsed(), POLLING_CLOSE_GRACE);
    assert!(running.registry.get("id").is_none());
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_handlers() {
    let running = Bench::new().start();
    running.script.0.lock().busy = true;
    let registry = running.registry.clone();
    let stop = tokio::spawn(async move {
        registry.close_all(CloseReason::ServerShuttingDown);
        registry.drained().await;
    });
    tokio::time::sleep(10 * SHUTDOWN_GRACE).await;
    assert_eq!(running.closed(), Some(CloseReason::ServerShuttingDown));
    assert!(!stop.is_finished());
    running.script.0.lock().busy = false;
    running.session.wake();
    stop.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_turn_reads_one_batch() {
    let Bench { script, session, mut task, .. } = Bench::new();
    session.deliver(Pieces::new(vec!["4a"; 2 * BATCH + 1].join("\u{1e}")));
    let mut context = Context::from_waker(Waker::noop());
    for read in [BATCH, 2 * BATCH, 2 * BATCH + 1] {
        assert!(Pin::new(&mut task).poll(&mut context).is_pending());
        assert_eq!(script.0.lock().messages.len(), read);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_dropped_leaves_nothing_behind() {
    let Bench { registry, session, task, .. } = Bench::new();
    drop(task);
    assert!(!session.is_open());
    assert!(registry.get("id").is_none());
    registry.drained().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_polls_ends_soon() {
    for (polled, ends) in [(false, true), (true, false)] {
        let Bench { script, registry, .. } = Bench::new();
        let live = registry.insert(Session::new("new".into(), 100_000, true), IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        let session = live.session().clone();
        session.begin_get().unwrap();
        session.end_get();
        let task = tokio::spawn(SessionTask::new(registry.clone(), live, script.clone()));
        if polled {
            session.begin_get().unwrap();
        }
        tokio::time::sleep(FIRST_POLL + Duration::from_millis(1)).await;
        assert_eq!(task.is_finished(), ends);
        assert_eq!(script.0.lock().closed, ends.then_some(CloseReason::PingTimeout));
    }
}
