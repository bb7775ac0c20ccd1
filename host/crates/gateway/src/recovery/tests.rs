//! Clients that are cut off and return.

use std::time::Duration;

use engine_io::{CloseReason, SessionLimits};
use serde_json::Value;

use crate::model::{Command, GatewayLimits, HandlerError, RecoveryLimits, Target};
use crate::test_support::{Client, World, payload, rooms};
use socket_io::Payload;

/// Handlers of a namespace in which the test answers every event.
const LIFE: &[&str] = &["$connect", "$disconnect", "a"];
/// Handlers of a namespace that lets clients come and go.
const OPEN: &[&str] = &["a"];

fn world(events: &[&str]) -> World {
    limited(RecoveryLimits::default(), events)
}

fn limited(recovery: RecoveryLimits, events: &[&str]) -> World {
    World::recovering(recovery, GatewayLimits::default(), &[("/n", events)])
}

/// The ids that a client got with CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ids {
    sid: String,
    pid: String,
}

fn ids(packet: &str) -> Ids {
    let json: Value = serde_json::from_str(packet.strip_prefix("0/n,").expect("CONNECT")).unwrap();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    Ids { sid: text("sid"), pid: text("pid") }
}

/// A client that joins as a new one.
fn join(world: &World) -> (Client, Ids) {
    let mut client = world.client();
    client.send("0/n,");
    let received = client.receives();
    (client, ids(&received[0]))
}

/// A client that returns, and sees what it gets.
fn come_back(world: &World, ids: &Ids, offset: Option<&str>) -> Client {
    let mut client = world.client();
    let offset = offset.map(|offset| format!(r#","offset":"{offset}""#)).unwrap_or_default();
    client.send(&format!(r#"0/n,{{"pid":"{}"{offset}}}"#, ids.pid));
    client
}

/// Packets before CONNECT, and what CONNECT says.
fn welcome(client: &mut Client) -> (Vec<String>, Ids) {
    let mut received = client.receives();
    let connect = received.pop().expect("CONNECT");
    (received, ids(&connect))
}

fn broadcast(world: &World, target: Target, event: &str) {
    let (.., context) = world.socket("/n");
    assert!(context.apply(vec![Command::broadcast(target, event, payload("[1]"))]).is_done());
}

fn emit(event: &str, volatile: bool) -> Command {
    Command::Emit { event: event.into(), payload: Payload::empty(), volatile }
}

#[test]
fn a_client_gets_its_id_rooms_data_and_what_it_missed() {
    let world = world(LIFE);
    let mut client = world.client();
    client.send("0/n,");
    let connect = world.expect("/n", "$connect");
    assert!(!connect.context.recovered());
    connect.join("r");
    connect.apply(Command::SetData(r#"{"x":1}"#.into()));
    connect.done();
    let own = ids(&client.receives()[0]);
    broadcast(&world, rooms(&["r"]), "seen");
    assert_eq!(client.receives(), [r#"2/n,["seen",1,"1"]"#]);

    client.close(CloseReason::TransportClose);
    broadcast(&world, rooms(&["r"]), "one");
    broadcast(&world, rooms(&["other"]), "for others");
    world.expect("/n", "$disconnect").done();
    client.work();
    broadcast(&world, rooms(&[&own.sid]), "two");

    let mut client = come_back(&world, &own, Some("1"));
    let connect = world.expect("/n", "$connect");
    assert!(connect.context.recovered());
    assert_eq!(connect.context.socket_id(), Some(&*own.sid));
    assert_eq!(connect.context.rooms(), [own.sid.as_str(), "r"]);
    assert_eq!(&*connect.context.data(), r#"{"x":1}"#);
    broadcast(&world, rooms(&["r"]), "meanwhile");
    connect.emit("hello");
    assert_eq!(client.receives(), [""; 0], "nothing before the handler has accepted");
    connect.done();
    assert_eq!(
        client.receives(),
        [
            r#"2/n,["one",1,"2"]"#,
            r#"2/n,["two",1,"4"]"#,
            r#"2/n,["meanwhile",1,"5"]"#,
            &format!(r#"0/n,{{"sid":"{}","pid":"{}"}}"#, own.sid, own.pid),
            r#"2/n,["hello","6"]"#,
        ]
    );
    broadcast(&world, rooms(&["r"]), "after");
    assert_eq!(client.receives(), [r#"2/n,["after",1,"7"]"#]);
}

#[test]
fn own_events_are_kept_and_those_that_expect_an_answer_or_are_volatile_are_not() {
    let world = world(OPEN);
    let (mut client, own) = join(&world);
    client.send(r#"2/n,["a"]"#);
    let call = world.expect("/n", "a");
    call.apply(emit("kept", false));
    assert_eq!(client.receives(), [r#"2/n,["kept","1"]"#]);
    call.apply(emit("volatile", true));
    call.done();
    assert_eq!(client.receives(), [r#"2/n,["volatile","1"]"#]);
    client.close(CloseReason::PingTimeout);
    let (missed, again) = welcome(&mut come_back(&world, &own, Some("0")));
    assert_eq!(missed, [r#"2/n,["kept","1"]"#]);
    assert_eq!(again, own);
}

#[test]
fn a_client_that_has_seen_no_event_missed_those_since_it_connected() {
    let world = world(OPEN);
    broadcast(&world, rooms(&[]), "before");
    let (mut client, own) = join(&world);
    client.close(CloseReason::TransportClose);
    broadcast(&world, rooms(&[]), "after");
    let (missed, again) = welcome(&mut come_back(&world, &own, None));
    assert_eq!((missed.as_slice(), &again), (&[r#"2/n,["after",1,"2"]"#.to_owned()][..], &own));
}

#[test]
fn attachments_are_kept() {
    let world = world(OPEN);
    let (mut client, own) = join(&world);
    client.close(CloseReason::TransportClose);
    let (.., context) = world.socket("/n");
    let json = r#"[{"_placeholder":true,"num":0}]"#.to_owned();
    let payload = Payload { json, attachments: vec!["bytes".into()] };
    assert!(context.apply(vec![Command::broadcast(rooms(&[]), "e", payload)]).is_done());
    let (missed, _) = welcome(&mut come_back(&world, &own, None));
    assert_eq!(missed, [r#"51-/n,["e",{"_placeholder":true,"num":0},"1"]"#, "bin:bytes"]);
}

#[test]
fn nobody_gets_what_was_sent_before_it_connected() {
    let world = world(OPEN);
    broadcast(&world, rooms(&[]), "before");
    let (mut client, own) = join(&world);
    client.close(CloseReason::TransportClose);
    assert_eq!(welcome(&mut come_back(&world, &own, Some("0"))), (vec![], own));
}

#[test]
fn who_may_not_return_starts_anew() {
    let world = world(OPEN);
    let fresh = |ids: &Ids, offset| {
        let (missed, again) = welcome(&mut come_back(&world, ids, offset));
        missed.is_empty() && again.sid != ids.sid && again.pid != ids.pid
    };
    let (mut client, own) = join(&world);
    assert!(fresh(&own, Some("0")), "the first one is still there");
    client.send("1/n,");
    assert!(fresh(&own, Some("0")), "it left by itself");
    for offset in ["9", "-1", "x", ""] {
        let (mut client, own) = join(&world);
        client.close(CloseReason::TransportClose);
        assert!(fresh(&own, Some(offset)), "{offset}");
    }
    let (mut client, own) = join(&world);
    client.close(CloseReason::ParseError);
    assert!(fresh(&own, Some("0")), "it broke the protocol");
    let (mut client, own) = join(&world);
    client.close(CloseReason::TransportClose);
    assert!(!fresh(&own, None));
    assert!(fresh(&own, None), "it is in use");
}

#[test]
fn auth_that_is_for_the_handler_alone_is_left_to_it() {
    let world = world(LIFE);
    for auth in [r#"{"pid":1}"#, r#"{"offset":"1"}"#, r#"{"pid":"x","offset":{}}"#, r#"{"pid":null}"#] {
        let mut client = world.client();
        client.send(&format!("0/n,{auth}"));
        let connect = world.expect("/n", "$connect");
        assert_eq!(connect.context.handshake().unwrap().auth, auth);
        assert!(!connect.context.recovered());
    }
}

#[tokio::test(start_paused = true)]
async fn only_in_time() {
    let duration = Duration::from_secs(10);
    let world = limited(RecoveryLimits { duration, ..RecoveryLimits::default() }, OPEN);
    for (gone, again) in [(duration, true), (duration + Duration::from_millis(1), false)] {
        let (mut client, own) = join(&world);
        client.close(CloseReason::TransportClose);
        tokio::time::advance(gone).await;
        assert_eq!(welcome(&mut come_back(&world, &own, None)).1 == own, again);
    }
}

#[test]
fn who_missed_too_many_packets_starts_anew() {
    let world = limited(RecoveryLimits { packets: Some(2), ..RecoveryLimits::default() }, OPEN);
    for (count, again) in [(2, true), (3, false)] {
        let (mut client, own) = join(&world);
        client.close(CloseReason::TransportClose);
        for _ in 0..count {
            broadcast(&world, rooms(&["r"]), "x");
        }
        assert_eq!(welcome(&mut come_back(&world, &own, None)).1 == own, again);
    }
}

#[test]
fn who_missed_more_than_it_could_receive_at_once_starts_anew() {
    let client = GatewayLimits {
        session: SessionLimits { unsent_bytes: 2_000, ..SessionLimits::default() },
        ..GatewayLimits::default()
    };
    let world = World::recovering(RecoveryLimits::default(), client, &[("/n", OPEN)]);
    for (count, again) in [(5, true), (50, false)] {
        let (mut client, own) = join(&world);
        client.close(CloseReason::TransportClose);
        for _ in 0..count {
            broadcast(&world, rooms(&[]), "x");
        }
        assert_eq!(welcome(&mut come_back(&world, &own, None)).1 == own, again);
    }
}

#[test]
fn who_returns_early_waits_for_the_last_handlers() {
    let world = world(LIFE);
    let mut client = world.client();
    client.send("0/n,");
    world.expect("/n", "$connect").done();
    let own = ids(&client.receives()[0]);
    client.send(r#"2/n,["a"]"#);
    let a = world.expect("/n", "a");
    client.close(CloseReason::TransportClose);

    let mut again = come_back(&world, &own, None);
    again.send(r#"2/n,["a",2]"#);
    world.assert_quiet();
    a.apply(Command::SetData(r#"{"late":true}"#.into()));
    a.done();
    client.work();
    let goodbye = world.expect("/n", "$disconnect");
    again.work();
    world.assert_quiet();
    goodbye.done();
    client.work();
    again.work();
    let connect = world.expect("/n", "$connect");
    assert!(connect.context.recovered());
    assert_eq!(&*connect.context.data(), r#"{"late":true}"#);
    connect.done();
    assert_eq!(welcome(&mut again).1, own);
    assert_eq!(world.expect("/n", "a").event.payload.json, "[2]");
}

#[test]
fn a_client_that_gives_up_waiting_loses_nothing() {
    let world = world(LIFE);
    let mut client = world.client();
    client.send("0/n,");
    world.expect("/n", "$connect").done();
    let own = ids(&client.receives()[0]);
    client.close(CloseReason::TransportClose);
    come_back(&world, &own, None).close(CloseReason::TransportClose);
    world.expect("/n", "$disconnect").done();
    client.work();

    let mut third = come_back(&world, &own, None);
    let connect = world.expect("/n", "$connect");
    assert!(connect.context.recovered());
    // Neither does one whose connection breaks while `$connect` runs.
    third.close(CloseReason::TransportClose);
    connect.done();
    third.work();
    world.expect("/n", "$disconnect").done();
    third.work();
    let _fourth = come_back(&world, &own, None);
    assert!(world.expect("/n", "$connect").context.recovered());
}

#[test]
fn a_client_that_breaks_off_before_anything_ran_loses_nothing() {
    let world = world(OPEN);
    let (mut client, own) = join(&world);
    client.close(CloseReason::TransportClose);
    let mut second = world.client();
    second.deliver(&format!(r#"0/n,{{"pid":"{}"}}"#, own.pid)).unwrap();
    second.close(CloseReason::TransportClose);
    assert_eq!(welcome(&mut come_back(&world, &own, None)).1, own);
}

#[test]
fn a_client_that_is_refused_loses_its_state() {
    let world = world(LIFE);
    let mut client = world.client();
    client.send("0/n,");
    world.expect("/n", "$connect").done();
    let own = ids(&client.receives()[0]);
    client.close(CloseReason::TransportClose);
    world.expect("/n", "$disconnect").done();
    client.work();
    broadcast(&world, rooms(&[]), "missed");

    let mut again = come_back(&world, &own, None);
    world.expect("/n", "$connect").returns(Err(HandlerError::Rejected { message: "no".into(), data: None }));
    assert_eq!(again.receives(), [r#"4/n,{"message":"no"}"#]);
    let _third = come_back(&world, &own, None);
    assert!(!world.expect("/n", "$connect").context.recovered());
}

#[test]
fn a_client_whose_packets_were_dropped_while_connect_ran_is_sent_away() {
    let world = limited(RecoveryLimits { packets: Some(1), ..RecoveryLimits::default() }, LIFE);
    let mut client = world.client();
    client.send("0/n,");
    world.expect("/n", "$connect").done();
    let own = ids(&client.receives()[0]);
    client.close(CloseReason::TransportClose);
    world.expect("/n", "$disconnect").done();
    client.work();
    let mut again = come_back(&world, &own, None);
    let connect = world.expect("/n", "$connect");
    broadcast(&world, rooms(&[]), "1");
    broadcast(&world, rooms(&[]), "2");
    connect.done();
    again.work();
    assert!(!again.session.is_open());
}

#[test]
fn what_is_emitted_after_the_client_was_cut_off_reaches_it_when_it_returns() {
    let world = world(&["a", "$disconnect"]);
    let (mut client, own) = join(&world);
    client.send(r#"2/n,["a"]"#);
    client.send(r#"2/n,["a"]"#);
    let running = world.expect("/n", "a");
    client.close(CloseReason::TransportClose);
    running.emit("in an event that ran");
    running.done();
    client.work();
    let waiting = world.expect("/n", "a");
    waiting.emit("in an event that waited");
    waiting.apply(emit("volatile", true));
    waiting.done();
    client.work();
    let goodbye = world.expect("/n", "$disconnect");
    goodbye.emit("in $disconnect");
    goodbye.done();
    client.work();
    assert_eq!(client.receives(), [""; 0]);

    let mut client = come_back(&world, &own, None);
    let (missed, again) = welcome(&mut client);
    assert_eq!(again, own);
    let named = |name: &str, offset: u64| format!(r#"2/n,["{name}","{offset}"]"#);
    assert_eq!(
        missed,
        [named("in an event that ran", 1), named("in an event that waited", 2), named("in $disconnect", 3)]
    );
}

#[test]
fn nothing_is_kept_for_who_has_left_for_good() {
    let world = world(&["$disconnect"]);
    let (mut client, _) = join(&world);
    client.send("1/n,");
    let goodbye = world.expect("/n", "$disconnect");
    goodbye.emit("nobody will ask for it");
    goodbye.done();
    client.work();
    let (mut client, _) = join(&world);
    broadcast(&world, Target::default(), "e");
    assert_eq!(client.receives(), [r#"2/n,["e",1,"1"]"#]);
}
