//! Work that is cut into slices: what others can do between two of them, and that nothing is lost or done twice.

use std::task::Waker;
use std::time::Duration;

use super::*;
use crate::model::{GatewayLimits, Operation, RecoveryLimits, Target};
use crate::test_support::{World, payload, rooms};
use engine_io::Session;

const MANY: usize = 1_000;

struct Member {
    socket: Arc<Socket>,
    session: Arc<Session>,
}

/// A world with sockets in `/`, and the context of the first one.
fn world(sockets: usize, recovery: Option<RecoveryLimits>) -> (World, Vec<Member>, crate::EventContext) {
    let limits = GatewayLimits { rooms_per_socket: 2 * MANY, ..GatewayLimits::default() };
    let world = World::recovering(recovery, limits, &[("/", &[])]);
    let mut sockets: Vec<_> = (0..sockets).map(|_| world.socket("/")).collect();
    let (first, session, context) = sockets.remove(0);
    let others = sockets.into_iter().map(|(socket, session, _)| Member { socket, session });
    let members = std::iter::once(Member { socket: first, session }).chain(others).collect();
    (world, members, context)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|room| format!("room {room}")).collect()
}

fn all(operation: Operation) -> Command {
    Command::Sockets { target: Target::default(), operation }
}

fn poll(applying: &mut Applying) -> Poll<()> {
    applying.poll_applied(&mut Context::from_waker(Waker::noop()))
}

/// Counts the slices after the first; `between` runs before each.
fn finish(mut applying: Applying, mut between: impl FnMut()) -> usize {
    let mut slices = 0;
    while !applying.is_applied() {
        between();
        slices += 1;
        let done = poll(&mut applying).is_ready();
        assert_eq!(done, applying.is_applied());
    }
    slices
}

#[test]
fn a_large_operation_frees_the_lock_between_slices() {
    let (world, members, context) = world(20, None);
    let lock_is_free = || assert!(world.rooms("/").try_write());
    let joining = context.apply(vec![all(Operation::Join(names(MANY)))]);
    let slices = finish(joining, lock_is_free);
    assert!((3..=6).contains(&slices), "20,000 steps: {slices} more slices");
    assert!(members.iter().all(|member| member.socket.rooms().len() == MANY));
    assert_eq!(world.rooms("/").counts(), (20, MANY));

    let leaving = context.apply(vec![all(Operation::Leave(names(MANY))); 3]);
    let slices = finish(leaving, lock_is_free);
    assert!((4..=8).contains(&slices), "those that have left cost little: {slices} more slices");
    assert_eq!(world.rooms("/").counts(), (20, 0));
}

#[test]
fn many_names_cost_what_the_sockets_rooms_do() {
    let (world, members, context) = world(200, None);
    finish(context.apply(vec![all(Operation::Join(vec!["room 7".into()]))]), || ());
    let slices = finish(context.apply(vec![all(Operation::Leave(names(MANY)))]), || ());
    assert!(slices <= 1, "{slices}");
    assert!(members.iter().all(|member| member.socket.rooms().is_empty()));
    assert_eq!(world.rooms("/").counts(), (200, 0));
}

#[test]
fn other_sockets_act_between_slices_and_commands_keep_their_order() {
    let (world, members, context) = world(20, None);
    let (other, _, of_other) = world.socket("/");
    let mut applying = context.apply(vec![
        all(Operation::Join(names(MANY))),
        Command::broadcast(rooms(&["room 999"]), "joined", payload("[]")),
    ]);
    context.apply_after(&mut applying, vec![Command::SetData(r#"{"last":true}"#.into())]);
    assert!(!applying.is_done());
    of_other.apply(vec![Command::SetData(r#"{"n":1}"#.into())]).now();
    assert_eq!(&*other.data(), r#"{"n":1}"#);
    assert_eq!(&*members[0].socket.data(), "{}", "after the commands before it");
    finish(applying, || ());
    assert_eq!(&*members[0].socket.data(), r#"{"last":true}"#);
    assert!(members.iter().all(|member| member.session.received().len() == 1), "each had joined before the event");
}

impl Applying {
    fn now(&mut self) {
        assert!(self.is_done());
    }
}

#[test]
fn sockets_that_come_and_go_meanwhile_are_reached_once_at_most() {
    let (world, members, context) = world(5_000, None);
    let applying = context.apply(vec![Command::broadcast(Target::default(), "e", payload("[]"))]);
    assert!(!applying.is_done());
    world.remove(&members[0].socket, DisconnectReason::ClientNamespace);
    world.remove(&members[4_500].socket, DisconnectReason::ClientNamespace);
    let (_, late, _) = world.socket("/");
    finish(applying, || ());
    for (index, member) in members.iter().enumerate() {
        assert_eq!(member.session.received().len(), usize::from(index != 4_500), "{index}");
    }
    assert_eq!(late.received().len(), 0, "it was not there when the event was emitted");
}

#[test]
fn several_rooms_are_visited_once_over_slices() {
    let (world, members, context) = world(3_000, None);
    for (index, member) in members.iter().enumerate() {
        let rooms: Vec<String> = if index.is_multiple_of(3) { vec!["a".into(), "b".into()] } else { vec!["b".into()] };
        world.rooms("/").join(&member.socket, &rooms, &mut Budget::unlimited());
    }
    let own = members[5].socket.id().to_owned();
    let mut target = rooms(&["a", "b", &own]);
    target.except = vec![members[7].socket.id().to_owned()];
    let slices = finish(context.apply(vec![Command::broadcast(target, "e", payload("[]"))]), || ());
    assert!(slices > 0);
    for (index, member) in members.iter().enumerate() {
        assert_eq!(member.session.received().len(), usize::from(index != 7), "{index}");
    }
}

#[test]
fn who_is_left_out_is_looked_up_the_shorter_way() {
    let (world, members, context) = world(2_000, None);
    let out = |index: usize| index.is_multiple_of(2);
    for (index, member) in members.iter().enumerate() {
        let rooms = [format!("room {}", index % MANY)];
        world.rooms("/").join(&member.socket, &rooms, &mut Budget::unlimited());
    }
    let except = (0..MANY).filter(|room| out(*room)).map(|room| format!("room {room}")).collect();
    let target = Target { except, ..Target::default() };
    let slices = finish(context.apply(vec![Command::broadcast(target, "e", payload("[]"))]), || ());
    assert!(slices <= 2, "not a million lookups: {slices}");
    for (index, member) in members.iter().enumerate() {
        assert_eq!(member.session.received().len(), usize::from(!out(index)), "{index}");
    }
}

#[test]
fn with_recovery_who_comes_between_slices_gets_the_event() {
    let (world, members, context) = world(5_000, Some(RecoveryLimits::default()));
    let applying = context.apply(vec![Command::broadcast(Target::default(), "e", payload("[]"))]);
    assert!(!applying.is_done());
    let (_, late, _) = world.socket("/");
    finish(applying, || ());
    assert!(members.iter().all(|member| member.session.received().len() == 1));
    assert_eq!(late.received().len(), 1, "it would not find the event in the log otherwise");
}

#[test]
fn sockets_are_disconnected_in_slices() {
    let (world, members, context) = world(100, None);
    finish(context.apply(vec![all(Operation::Join(names(MANY)))]), || ());
    let others = Target { exclude_sender: true, ..Target::default() };
    let operation = Operation::Disconnect { close: false };
    let slices = finish(context.apply(vec![Command::Sockets { target: others, operation }]), || {
        assert!(world.rooms("/").try_write());
    });
    assert!((15..=25).contains(&slices), "99,000 steps: {slices} more slices");
    assert_eq!(world.rooms("/").counts(), (1, MANY));
    assert!(members[1..].iter().all(|member| !member.socket.connected()));
}

#[test]
fn what_is_dropped_takes_no_effect() {
    let (world, _, context) = world(20, None);
    drop(context.apply(vec![all(Operation::Join(names(MANY))), all(Operation::Disconnect { close: true })]));
    assert_eq!(world.rooms("/").counts().0, 20);
}

#[tokio::test]
async fn asking_and_fetching_let_others_work_too() {
    let (_, members, context) = world(10_000, None);
    let target = Target::default();
    let mut fetching = Box::pin(context.fetch_sockets(&target, usize::MAX));
    let mut turns = 0;
    let found = std::future::poll_fn(|cx| {
        turns += 1;
        fetching.as_mut().poll(cx)
    });
    assert_eq!(found.await.unwrap().len(), members.len());
    assert!(turns >= 2, "{turns}");
    assert_eq!(context.count_sockets(&target).await, Ok(members.len()));
    let listed = context.list_sockets(&target, usize::MAX).await.unwrap();
    assert_eq!(listed.len(), members.len());
    assert!(context.list_sockets(&target, 1_000).await.is_err());
    let error = context.fetch_sockets(&target, 10_000).await.unwrap_err();
    assert!(error.to_string().contains("`count-sockets`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_commands_of_a_connect_handler_have_a_time_limit() {
    let limits = GatewayLimits { commands_time: Duration::from_secs(1), ..GatewayLimits::default() };
    let world = World::with_limits(limits, &[("/n", &["$connect", "a"])]);
    let _others: Vec<_> = (0..100).map(|_| world.socket("/n")).collect();
    let mut client = world.client();
    client.send("0/n,");
    let connect = world.expect("/n", "$connect");
    connect.apply(all(Operation::Join(names(900))));
    connect.apply(Command::SetData(r#"{"too":"late"}"#.into()));
    connect.done();
    client.work();
    client.send(r#"2/n,["a"]"#);
    world.assert_quiet();
    tokio::time::advance(Duration::from_secs(2)).await;
    client.work();
    let event = world.expect("/n", "a");
    assert_eq!(&*event.context.data(), "{}");
    assert!(event.context.connected());
}
