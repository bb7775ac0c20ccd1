//! The shared half of a session: who is woken when, and what happens to the packets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

const LIMIT: usize = 1000;

/// Counts how often it was woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self::default());
        (bell.clone(), bell.into())
    }

    /// How often since the last call.
    fn rung(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

fn websocket() -> Session {
    Session::new("id".into(), LIMIT, false)
}

fn polling() -> Session {
    Session::new("id".into(), LIMIT, true)
}

fn frame(text: &str) -> Frame {
    Frame::from_message(format!("4{text}"))
}

fn send(session: &Session, text: &str) -> Sent {
    session.send(Encoded::One(frame(text)), false)
}

const QUEUED: Sent = Sent::Queued;

/// Runs the session's task once; it finds nothing and sleeps.
fn asleep(session: &Session) -> Arc<Bell> {
    let (bell, waker) = Bell::new();
    session.run();
    assert!(session.sleep(&Context::from_waker(&waker), session.is_polling()));
    bell
}

fn get(session: &Session, waker: &Waker) -> Poll<Vec<Frame>> {
    session.poll_frames(&Context::from_waker(waker))
}

fn answered(session: &Session) -> Vec<Frame> {
    match get(session, Waker::noop()) {
        Poll::Ready(frames) => frames,
        Poll::Pending => panic!("the GET waits"),
    }
}

fn post(session: &Session, body: &str, waker: &Waker) -> Poll<()> {
    session.deliver(Pieces::new(body.to_owned()));
    session.poll_delivered(&Context::from_waker(waker))
}

#[test]
fn a_burst_wakes_the_task_once() {
    let session = websocket();
    let bell = asleep(&session);
    assert_eq!(send(&session, "a"), QUEUED);
    assert_eq!(send(&session, "b"), QUEUED);
    session.wake();
    session.close(CloseReason::ForcedClose);
    assert_eq!(bell.rung(), 1);
}

#[test]
fn packets_that_cannot_be_sent_wake_nobody() {
    let session = websocket();
    let (bell, waker) = Bell::new();
    session.run();
    assert_eq!(send(&session, "a"), QUEUED);
    assert!(session.sleep(&Context::from_waker(&waker), true));
    assert_eq!(send(&session, "b"), QUEUED);
    assert_eq!(bell.rung(), 0);
    session.close(CloseReason::ForcedClose);
    assert_eq!(bell.rung(), 1);
}

#[test]
fn a_task_that_runs_is_not_woken_but_does_not_sleep_either() {
    type Happens = fn(&Session);
    let happen: [(&str, Happens); 4] = [
        ("send", |session| assert_eq!(send(session, "a"), QUEUED)),
        ("wake", Session::wake),
        ("close", |session| session.close(CloseReason::ServerShuttingDown)),
        ("overflow", |session| {
            assert_eq!(send(session, "a"), QUEUED);
            assert_eq!(send(session, &"x".repeat(LIMIT)), Sent::Overflowed);
        }),
    ];
    for (what, happens) in happen {
        let session = websocket();
        let bell = asleep(&session);
        session.run();
        happens(&session);
        assert!(!session.sleep(&Context::from_waker(Waker::noop()), false), "{what} is not lost");
        session.received();
        assert!(session.sleep(&Context::from_waker(Waker::noop()), false), "{what} is looked at once");
        assert_eq!(bell.rung(), 0, "{what} wakes nobody who is awake");
    }
}

#[test]
fn a_post_and_a_closing_get_keep_the_task_awake() {
    let session = polling();
    let context = Context::from_waker(Waker::noop());
    session.run();
    session.deliver(Pieces::new("4a".into()));
    assert!(!session.sleep(&context, true));
    session.close(CloseReason::ForcedClose);
    assert!(!session.sleep(&context, true));
    assert_eq!(answered(&session), [Frame::noop(), Frame::close()]);
    assert!(!session.sleep(&context, true));
    assert!(session.sleep(&context, true));
}

#[test]
fn a_blocked_transport_wakes_the_task_itself() {
    let session = websocket();
    session.run();
    send(&session, "a");
    assert!(session.sleep(&Context::from_waker(Waker::noop()), true));
    session.run();
    assert!(!session.sleep(&Context::from_waker(Waker::noop()), false));
}

#[test]
fn what_was_sent_before_close_is_sent_and_nothing_after() {
    let session = websocket();
    send(&session, "a");
    session.close(CloseReason::ForcedServerClose);
    session.close(CloseReason::ServerShuttingDown);
    assert_eq!(send(&session, "b"), Sent::Closed);
    assert!(!session.is_open());
    assert_eq!(session.close_reason(), Some(CloseReason::ForcedServerClose), "the first reason counts");
    assert!(!session.is_flushed() && !session.is_closed());
    assert_eq!(session.pop(), Some(frame("a")));
    assert!(session.is_flushed());
    assert_eq!(session.abort(CloseReason::TransportClose), CloseReason::ForcedServerClose);
    assert!(session.is_closed());
}

#[test]
fn a_vanished_transport_drops_what_waits() {
    let session = websocket();
    send(&session, "a");
    assert_eq!(session.abort(CloseReason::TransportClose), CloseReason::TransportClose);
    assert_eq!(session.abort(CloseReason::PingTimeout), CloseReason::TransportClose);
    assert_eq!(session.pop(), None);
    assert_eq!(send(&session, "b"), Sent::Closed);
}

#[test]
fn a_volatile_packet_is_only_sent_at_once() {
    let volatile = |session: &Session| session.send(Encoded::One(frame("v")), true);
    let session = websocket();
    assert_eq!(volatile(&session), QUEUED);
    assert_eq!(volatile(&session), Sent::Dropped, "the first one waits to be written");
    session.pop();
    assert_eq!(volatile(&session), QUEUED);
    session.pop();
    let (_, waker) = Bell::new();
    session.run();
    assert!(session.sleep(&Context::from_waker(&waker), true));
    assert_eq!(volatile(&session), Sent::Dropped, "the connection takes no more");
    session.run();
    assert!(session.sleep(&Context::from_waker(&waker), false));
    assert_eq!(volatile(&session), QUEUED);
}

#[test]
fn overflow_closes_the_session_and_frees_what_waited() {
    let session = websocket();
    let bell = asleep(&session);
    assert_eq!(session.send(Encoded::One(frame("volatile")), true), QUEUED);
    assert_eq!(send(&session, "a"), QUEUED);
    assert_eq!(session.send(Encoded::One(frame("v")), true), Sent::Dropped);
    assert_eq!(send(&session, &"x".repeat(LIMIT)), Sent::Overflowed);
    assert_eq!(send(&session, "b"), Sent::Closed);
    assert_eq!(bell.rung(), 1);
    assert!(session.is_flushed());
    assert_eq!(session.close_reason(), Some(CloseReason::ForcedClose));
}

#[test]
fn a_get_takes_all_that_waits_or_waits_itself() {
    let session = polling();
    send(&session, "a");
    send(&session, "b");
    assert_eq!(answered(&session), [frame("a"), frame("b")]);
    let (bell, waker) = Bell::new();
    assert!(get(&session, &waker).is_pending());
    send(&session, "c");
    send(&session, "d");
    assert_eq!(bell.rung(), 1);
    assert_eq!(answered(&session), [frame("c"), frame("d")]);
}

#[test]
fn a_get_learns_of_the_close_after_the_packets_before_it() {
    let session = polling();
    send(&session, "a");
    session.close(CloseReason::ForcedClose);
    let bell = asleep(&session);
    assert_eq!(answered(&session), [frame("a")]);
    assert!(!session.is_closed());
    assert_eq!(answered(&session), [Frame::noop(), Frame::close()]);
    assert!(session.is_closed());
    assert_eq!(bell.rung(), 1, "the task ends the session");
}

#[test]
fn close_answers_a_get_that_waits() {
    let session = polling();
    let (bell, waker) = Bell::new();
    assert!(get(&session, &waker).is_pending());
    session.close(CloseReason::ForcedClose);
    assert_eq!(bell.rung(), 1);
    assert_eq!(answered(&session), [Frame::close()]);
}

#[test]
fn a_broken_rule_ends_the_session_at_once_and_answers_a_get_that_waits() {
    let session = polling();
    let (bell, waker) = Bell::new();
    assert!(get(&session, &waker).is_pending());
    let task = asleep(&session);
    session.abort(CloseReason::TransportError);
    assert!(session.is_closed());
    assert_eq!(send(&session, "a"), Sent::Closed);
    assert_eq!((bell.rung(), task.rung()), (1, 1));
    assert_eq!(answered(&session), [Frame::close()]);
    assert_eq!(session.close_reason(), Some(CloseReason::TransportError));
}

#[test]
fn requests_of_a_kind_do_not_overlap() {
    let session = polling();
    assert_eq!(session.begin_get(), Ok(()));
    assert_eq!(session.begin_post(), Ok(()));
    assert_eq!(session.begin_get(), Err(Overlap));
    assert_eq!(session.begin_post(), Err(Overlap));
    session.end_get();
    assert_eq!(session.begin_get(), Ok(()));
    assert_eq!(session.begin_post(), Err(Overlap));
    session.end_post();
    assert_eq!(session.begin_post(), Ok(()));
}

#[test]
fn a_post_is_answered_when_its_packets_were_read() {
    let session = polling();
    let (bell, waker) = Bell::new();
    let task = asleep(&session);
    assert!(post(&session, "4a\u{1e}bAQ==", &waker).is_pending());
    assert_eq!(task.rung(), 1);
    assert_eq!(session.read(), Some(Ok(Piece::Text("4a".into()))));
    assert_eq!(bell.rung(), 0);
    assert_eq!(session.read(), Some(Ok(Piece::Binary(vec![1].into()))));
    assert_eq!(bell.rung(), 1);
    assert_eq!(session.read(), None);
    assert!(session.poll_delivered(&Context::from_waker(&waker)).is_ready());
}

#[test]
fn a_post_does_not_wait_for_a_session_that_reads_no_more() {
    let session = polling();
    let (bell, waker) = Bell::new();
    assert!(post(&session, "4a", &waker).is_pending());
    session.close(CloseReason::ForcedClose);
    assert_eq!(bell.rung(), 1);
    assert!(session.poll_delivered(&Context::from_waker(&waker)).is_ready());
    assert_eq!(session.read(), None);
    assert!(post(&session, "4b", &waker).is_ready(), "its body came when the session was closing");
    session.abort(CloseReason::TransportClose);
    assert!(post(&session, "4c", &waker).is_ready());
}

#[test]
fn no_get_waits_once_the_websocket_was_probed() {
    let session = polling();
    assert!(session.begin_upgrade());
    assert!(!session.begin_upgrade());
    let (bell, waker) = Bell::new();
    assert!(get(&session, &waker).is_pending());
    session.probed();
    assert_eq!(bell.rung(), 1);
    for get in ["the one that waited", "the next one"] {
        assert_eq!(answered(&session), [Frame::noop()], "{get}");
    }
    send(&session, "a");
    assert_eq!(answered(&session), [frame("a")]);
    session.abandon_upgrade();
    assert!(get(&session, &waker).is_pending());
    assert!(session.begin_upgrade());
    assert!(get(&session, &waker).is_pending(), "the new one was not probed yet");
}

#[test]
fn after_an_upgrade_a_get_takes_nothing() {
    let session = polling();
    let (bell, waker) = Bell::new();
    assert!(get(&session, &waker).is_pending());
    session.upgraded();
    assert_eq!(bell.rung(), 1);
    send(&session, "for the WebSocket");
    assert_eq!(answered(&session), [Frame::noop()]);
    assert!(!session.begin_upgrade() && !session.is_polling());
    assert_eq!(session.pop(), Some(frame("for the WebSocket")));
}

#[derive(Debug, Clone)]
enum Step {
    /// How many frames the packet has.
    Send(usize),
    SendVolatile(usize),
    Pop,
    Get,
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1..4usize).prop_map(Step::Send),
        2 => (1..4usize).prop_map(Step::SendVolatile),
        4 => Just(Step::Pop),
        2 => Just(Step::Get),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn every_frame_that_was_queued_comes_out_once_and_in_order(steps in steps()) {
        let session = Session::new("id".into(), 100 * LIMIT, true);
        let (mut queued, mut out, mut open) = (Vec::new(), Vec::new(), true);
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Send(count) | Step::SendVolatile(count) => {
                    let frames: Vec<_> = (0..count).map(|part| frame(&format!("{number}.{part}"))).collect();
                    let volatile = matches!(step, Step::SendVolatile(_));
                    let expected = match open {
                        false => Sent::Closed,
                        true if volatile && out.len() < queued.len() => Sent::Dropped,
                        true => QUEUED,
                    };
                    prop_assert_eq!(session.send(Encoded::Many(frames.clone().into()), volatile), expected);
                    if expected == QUEUED {
                        queued.extend(frames);
                    }
                }
                Step::Pop => out.extend(session.pop()),
                Step::Get => {
                    if let Poll::Ready(frames) = get(&session, Waker::noop()) {
                        prop_assert!(!frames.is_empty());
                        out.extend(frames.into_iter().filter(|f| *f != Frame::close() && *f != Frame::noop()));
                    }
                }
                Step::Close => {
                    session.close(CloseReason::ForcedClose);
                    open = false;
                }
            }
            prop_assert!(queued.starts_with(&out));
            let waiting = &queued[out.len()..];
            let bytes: usize = waiting.iter().map(|frame| frame.len() + 64).sum();
            prop_assert_eq!(session.shared.lock().outbox.bytes(), bytes);
            prop_assert_eq!(session.is_flushed(), waiting.is_empty());
        }
    }
}
