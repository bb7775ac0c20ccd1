//! The life of a connection: `$connect`, events, `$disconnect`, and their limits.
//!
//! Over 500 lines: one table of promises, each a short test.

use engine_io::SessionLimits;
use tokio::time::Duration;

use super::*;
use crate::model::{Command, HandlerError, Operation};
use crate::test_support::{Client, World, connected, payload, rooms, waits};
use socket_io::Payload;

const LIFE: &[&str] = &["$connect", "$disconnect", "a", "b"];
/// A namespace that accepts at once.
const OPEN: &[&str] = &["$disconnect", "a", "b"];

fn rejected(message: &str, data: Option<&str>) -> HandlerError {
    HandlerError::Rejected { message: message.into(), data: data.map(str::to_owned) }
}

fn disconnect(close: bool) -> Command {
    Command::Disconnect { close }
}

/// Answers a namespace's `$disconnect` handler, and returns the reason that it got.
fn goodbye(world: &World, path: &str) -> String {
    let call = world.expect(path, "$disconnect");
    let (reason,): (String,) = serde_json::from_str(&call.event.payload.json).unwrap();
    call.done();
    reason
}

#[test]
fn connect_runs_once_and_events_wait_for_it() {
    let world = World::new(&[("/n", LIFE)]);
    let mut client = world.client();
    client.send("0/n,");
    let connect = world.expect("/n", "$connect");
    client.send(r#"2/n,["a",1]"#);
    client.send(r#"2/n,["b",2]"#);
    world.assert_quiet();
    assert_eq!(client.receives(), [""; 0]);
    connect.done();
    client.id("/n");
    let a = world.expect("/n", "a");
    assert_eq!(a.event.payload.json, "[1]");
    world.assert_quiet();
    a.done();
    client.work();
    world.expect("/n", "b").done();
    assert!(client.work());
    world.assert_quiet();
}

#[test]
fn what_connect_asks_for_follows_the_connect_packet_in_order() {
    let world = World::new(&[("/n", LIFE)]);
    let mut client = world.client();
    client.send("0/n,");
    let connect = world.call("/n");
    connect.emit("first");
    client.work();
    connect.join("room");
    connect.broadcast(rooms(&["room"]), "second");
    connect.emit("third");
    assert_eq!(client.receives(), [""; 0]);
    connect.done();
    let received = client.receives();
    connected("/n", &received[0]);
    assert_eq!(received[1..], [r#"2/n,["first"]"#, r#"2/n,["second"]"#, r#"2/n,["third"]"#]);
}

#[test]
fn without_a_connect_handler_the_client_is_in_at_once() {
    let world = World::new(&[("/n", &["a"])]);
    let (mut client, id) = world.joined("/n");
    assert_eq!(id.len(), 20);
    client.send(r#"2/n,["a"]"#);
    assert_eq!(world.expect("/n", "a").context.socket_id(), Some(id.as_str()));
}

#[test]
fn a_rejection_leaves_no_trace() {
    let world = World::new(&[("/n", LIFE)]);
    let mut other = world.client();
    other.send("0/n,");
    world.call("/n").done();
    other.id("/n");

    let mut client = world.client();
    client.send("0/n,");
    let connect = world.call("/n");
    connect.emit("hello");
    connect.join("room");
    connect.broadcast(rooms(&[]), "joined");
    connect.apply(Command::Sockets { target: rooms(&[]), operation: Operation::Disconnect { close: true } });
    client.send(r#"2/n,["a"]"#);
    connect.returns(Err(rejected("no \"entry\"", Some(r#"{"code":1}"#))));
    assert_eq!(client.receives(), [r#"4/n,{"message":"no \"entry\"","data":{"code":1}}"#]);
    assert_eq!(other.receives(), [""; 0]);
    client.send(r#"2/n,["a"]"#); // was under way
    client.close(CloseReason::TransportClose);
    world.assert_quiet();
    assert!(client.work());
}

#[test]
fn a_connect_that_fails_otherwise_is_an_internal_error() {
    let errors = [
        HandlerError::Failed("secret".into()),
        HandlerError::Trapped("secret".into()),
        HandlerError::TimedOut(Duration::from_secs(1)),
        HandlerError::OutOfMemory("secret".into()),
        HandlerError::NotStarted("secret".into()),
        HandlerError::InvalidArguments("secret".into()),
    ];
    for error in errors {
        let world = World::new(&[("/n", LIFE)]);
        let mut client = world.client();
        client.send("0/n,");
        let connect = world.call("/n");
        connect.emit("hello");
        connect.returns(Err(error));
        assert_eq!(client.receives(), [r#"4/n,{"message":"internal error"}"#]);
        client.close(CloseReason::TransportClose);
        world.assert_quiet();
    }
}

#[test]
fn a_client_may_try_again() {
    let world = World::new(&[("/n", LIFE)]);
    let mut client = world.client();
    client.send("0/n,");
    world.call("/n").returns(Err(rejected("no", None)));
    assert_eq!(client.receives(), [r#"4/n,{"message":"no"}"#]);
    client.send(r#"0/n,{"token":1}"#);
    let connect = world.expect("/n", "$connect");
    assert_eq!(connect.context.handshake().unwrap().auth, r#"{"token":1}"#);
    connect.done();
    let first = client.id("/n");
    client.send("1/n,");
    assert_eq!(goodbye(&world, "/n"), "client namespace disconnect");
    client.send("0/n,");
    world.expect("/n", "$connect").done();
    assert_ne!(client.id("/n"), first);
}

#[test]
fn a_namespace_that_does_not_exist() {
    let world = World::new(&[("/n", OPEN)]);
    let mut client = world.client();
    client.send("0");
    client.send("0/x\"y,");
    assert_eq!(client.receives(), [r#"4{"message":"Invalid namespace"}"#, r#"4/x"y,{"message":"Invalid namespace"}"#]);
    assert!(client.session.is_open());
}

#[test]
fn packets_out_of_order_end_the_session() {
    let world = World::new(&[("/n", LIFE), ("/m", OPEN)]);
    for packet in [r#"2/n,["a"]"#, r#"2["a"]"#, "1/n,", "3/n,0[]"] {
        let (mut client, _) = world.joined("/m");
        assert_eq!(client.deliver(packet), Err(CloseReason::ForcedServerClose), "{packet}");
    }
    let mut client = world.client();
    client.send("0/n,");
    assert_eq!(client.deliver("0/n,"), Err(CloseReason::ForcedServerClose), "while $connect runs");
    let (mut client, _) = world.joined("/m");
    assert_eq!(client.deliver("0/m,"), Err(CloseReason::ForcedServerClose));
    assert_eq!(client.deliver("9"), Err(CloseReason::ParseError));
}

#[test]
fn a_client_that_leaves_has_its_events_handled_first() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, id) = world.joined("/n");
    client.send(r#"2/n,["a",1]"#);
    client.send(r#"2/n,["a",2]"#);
    let first = world.call("/n");
    first.join("room");
    first.apply(Command::SetData(r#"{"x":1}"#.into()));
    client.send("1/n,");
    assert!(!first.context.connected());
    first.done();
    client.work();
    let second = world.expect("/n", "a");
    assert!(!second.context.connected());
    second.emit("unheard");
    second.returns(Ok(Some(Payload::empty())));
    client.work();
    let goodbye = world.expect("/n", "$disconnect");
    assert_eq!(goodbye.event.payload.json, r#"["client namespace disconnect"]"#);
    assert!(!goodbye.context.connected());
    assert_eq!(goodbye.context.rooms(), [id.as_str(), "room"]);
    assert_eq!(&*goodbye.context.data(), r#"{"x":1}"#);
    assert_eq!(&*goodbye.context.handshake().unwrap().request.url, "/socket.io/?EIO=4");
    goodbye.emit("unheard");
    goodbye.broadcast(rooms(&[&id]), "unheard");
    goodbye.done();
    assert!(client.work());
    client.close(CloseReason::TransportClose);
    world.assert_quiet();
    assert_eq!(client.receives(), [""; 0]);
}

#[test]
fn a_socket_that_is_disconnected_has_its_waiting_events_dropped() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, _) = world.joined("/n");
    for _ in 0..3 {
        client.send(r#"2/n,["a"]"#);
    }
    let call = world.call("/n");
    call.apply(disconnect(false));
    call.apply(disconnect(false));
    assert_eq!(client.receives(), ["1/n,"]);
    client.send(r#"2/n,["a"]"#);
    client.send("1/n,");
    client.send("3/n,7[]");
    world.assert_quiet();
    call.done();
    client.work();
    assert_eq!(goodbye(&world, "/n"), "server namespace disconnect");
    client.send(r#"2/n,["a"]"#);
    assert!(client.session.is_open());
    world.assert_quiet();
    client.join("/n");
}

#[test]
fn every_end_of_a_session_has_its_reason() {
    let ends = [
        (CloseReason::TransportClose, "transport close", true),
        (CloseReason::TransportError, "transport error", true),
        (CloseReason::PingTimeout, "ping timeout", true),
        (CloseReason::ParseError, "parse error", true),
        (CloseReason::ForcedClose, "forced close", false),
        (CloseReason::ForcedServerClose, "forced server close", false),
        (CloseReason::ServerShuttingDown, "server shutting down", false),
    ];
    for (reason, text, handled) in ends {
        let world = World::new(&[("/n", OPEN), ("/m", OPEN)]);
        let (mut client, _) = world.joined("/n");
        client.join("/m");
        client.send(r#"2/n,["a"]"#);
        client.send(r#"2/n,["b"]"#);
        client.close(reason);
        assert_eq!(goodbye(&world, "/m"), text);
        world.expect("/n", "a").done();
        client.work();
        if handled {
            world.expect("/n", "b").done();
            client.work();
        }
        assert_eq!(goodbye(&world, "/n"), text);
        assert!(client.work());
        world.assert_quiet();
    }
}

#[test]
fn a_socket_leaves_once() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, id) = world.joined("/n");
    let (mut other, _) = world.joined("/n");
    other.send(r#"2/n,["a"]"#);
    let call = world.call("/n");
    call.apply(Command::Sockets { target: rooms(&[&id]), operation: Operation::Disconnect { close: false } });
    call.apply(Command::Sockets { target: rooms(&[&id]), operation: Operation::Disconnect { close: false } });
    client.send("1/n,");
    client.close(CloseReason::TransportClose);
    assert_eq!(goodbye(&world, "/n"), "server namespace disconnect");
    assert!(client.work());
    world.assert_quiet();
}

#[test]
fn a_session_that_ends_while_connect_runs() {
    let world = World::new(&[("/n", LIFE)]);
    for accepted in [true, false] {
        let mut client = world.client();
        client.send("0/n,");
        let connect = world.call("/n");
        assert!(connect.context.connected());
        client.close(CloseReason::TransportClose);
        world.assert_quiet();
        assert!(!client.work());
        connect.returns(if accepted { Ok(None) } else { Err(rejected("no", None)) });
        client.work();
        if accepted {
            assert_eq!(goodbye(&world, "/n"), "transport close");
        }
        assert!(client.work());
        world.assert_quiet();
    }
}

#[test]
fn a_client_that_leaves_before_connect_began_was_never_there() {
    let world = World::new(&[("/n", LIFE)]);
    let mut client = world.client();
    client.deliver("0/n,").unwrap();
    client.deliver("1/n,").unwrap();
    assert!(client.work());
    world.assert_quiet();
}

#[test]
fn disconnecting_with_close_leaves_every_namespace() {
    let world = World::new(&[("/n", OPEN), ("/m", OPEN), ("/l", LIFE)]);
    let (mut client, _) = world.joined("/n");
    client.join("/m");
    client.send("0/l,");
    let connect = world.call("/l");
    client.send(r#"2/n,["a"]"#);
    client.send(r#"2/m,["a"]"#);
    let call = world.call("/n");
    call.apply(disconnect(true));
    call.done();
    assert_eq!(client.receives(), ["1/n,", "1/m,"]);
    assert!(!client.session.is_open());
    assert_eq!(goodbye(&world, "/n"), "server namespace disconnect");
    world.expect("/m", "a").done();
    client.work();
    assert_eq!(goodbye(&world, "/m"), "server namespace disconnect");
    client.connection.close(CloseReason::ForcedClose);
    connect.done();
    client.work();
    assert_eq!(goodbye(&world, "/l"), "server namespace disconnect");
    assert!(client.work());
    world.assert_quiet();
}

#[test]
fn a_goodbye_may_close_the_session() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, _) = world.joined("/n");
    client.send("1/n,");
    let call = world.expect("/n", "$disconnect");
    call.apply(disconnect(true));
    call.done();
    client.work();
    assert!(!client.session.is_open());
}

#[test]
fn sockets_do_not_wait_for_one_another() {
    let world = World::new(&[("/n", OPEN), ("/m", OPEN)]);
    let (mut client, _) = world.joined("/n");
    client.join("/m");
    let (mut other, other_id) = world.joined("/n");
    client.send(r#"2/n,["a"]"#);
    client.send(r#"2/n,["b"]"#);
    client.send(r#"2/m,["b"]"#);
    other.send(r#"2/n,["b"]"#);
    let slow = world.expect("/n", "a");
    assert_eq!(world.expect("/n", "b").context.socket_id(), Some(other_id.as_str()));
    world.expect("/m", "b").done();
    client.work();
    world.assert_quiet();
    slow.done();
    client.work();
    world.expect("/n", "b");
}

#[test]
fn an_acknowledgement_follows_the_commands() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, _) = world.joined("/n");
    client.send(r#"2/n,12["a","x"]"#);
    let call = world.call("/n");
    assert!(call.event.wants_ack);
    call.emit("first");
    call.returns(Ok(Some(payload(r#"["x"]"#))));
    assert_eq!(client.receives(), [r#"2/n,["first"]"#, r#"3/n,12["x"]"#]);
}

#[test]
fn no_acknowledgement_where_none_is_wanted_or_given() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, _) = world.joined("/n");
    let answers = [
        (r#"2/n,["a"]"#, Ok(Some(Payload::empty()))),
        (r#"2/n,1["a"]"#, Ok(None)),
        (r#"2/n,2["a"]"#, Err(HandlerError::Trapped("unreachable".into()))),
        (r#"2/n,3["a"]"#, Err(rejected("not here", None))),
    ];
    for (packet, answer) in answers {
        client.send(packet);
        let call = world.call("/n");
        call.emit("before");
        call.returns(answer);
        assert_eq!(client.receives(), [r#"2/n,["before"]"#], "the socket stays, and what was sent before");
    }
    assert!(client.session.is_open());
}

#[test]
fn attachments_pass_through() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, _) = world.joined("/n");
    client.send(r#"52-/n,3["a",{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]"#);
    client.send_attachment(b"zero");
    world.assert_quiet();
    client.send_attachment(b"one");
    let call = world.call("/n");
    let echo = call.event.payload.clone();
    assert_eq!(echo.attachments, ["zero", "one"]);
    call.returns(Ok(Some(echo)));
    let text = r#"62-/n,3[{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]"#;
    assert_eq!(client.receives(), [text, "bin:zero", "bin:one"]);
}

#[test]
fn events_without_a_handler_are_not_run() {
    let world = World::new(&[("/n", LIFE), ("/any", &["$connect", "*"])]);
    let mut client = world.client();
    for path in ["/n", "/any"] {
        client.send(&format!("0{path},"));
        world.expect(path, "$connect").done();
        client.id(path);
    }
    for name in ["c", "$connect", "$disconnect", "$other", ""] {
        client.send(&format!(r#"2/n,5["{name}"]"#));
        world.assert_quiet();
        client.send(&format!(r#"2/any,["{name}"]"#));
        match world.next_call("/any") {
            Some(call) => assert!(!LIFE[..2].contains(&name) && call.name() == name),
            None => assert!(LIFE[..2].contains(&name)),
        }
    }
    assert_eq!(client.receives(), [""; 0]);
    assert!(client.connection.members.iter().all(|member| member.waiting_bytes() == 0));
}

fn limited(change: impl FnOnce(&mut GatewayLimits)) -> World {
    let mut limits = GatewayLimits::default();
    change(&mut limits);
    World::with_limits(limits, &[("/n", OPEN), ("/m", OPEN)])
}

#[test]
fn input_stops_while_too_many_events_wait() {
    let world = limited(|limits| limits.waiting_events = 2);
    let (mut client, _) = world.joined("/n");
    client.join("/m");
    for waiting in 0..3 {
        assert!(client.connection.wants_input(), "{waiting} events wait");
        client.send(r#"2/n,["a"]"#);
    }
    assert!(!client.connection.wants_input());
    world.call("/n").done();
    client.work();
    assert!(client.connection.wants_input());
}

#[test]
fn input_stops_while_too_many_bytes_wait() {
    let world = limited(|limits| limits.unhandled_bytes = 1000);
    let (mut client, _) = world.joined("/n");
    client.join("/m");
    let large = format!(r#"["a","{}"]"#, "x".repeat(600));
    for path in ["/n", "/m"] {
        client.send(&format!("2{path},{large}"));
        assert!(client.connection.wants_input(), "an event that runs does not wait");
        client.send(&format!("2{path},{large}"));
    }
    assert!(!client.connection.wants_input());
    assert!(client.session.is_open(), "what came is kept");
    world.call("/m").done();
    client.work();
    assert!(client.connection.wants_input());
    client.close(CloseReason::ForcedClose);
    world.call("/n").done();
    world.call("/m").done();
    client.work();
    assert_eq!(client.connection.unhandled_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn input_goes_on_while_an_acknowledgement_is_owed() {
    let world = limited(|limits| (limits.waiting_events, limits.unhandled_bytes) = (1, 2000));
    let (mut client, _) = world.joined("/n");
    client.send(r#"2/n,["a"]"#);
    let call = world.call("/n");
    client.send(r#"2/n,["a"]"#);
    assert!(!client.connection.wants_input());
    {
        let question = Payload::empty();
        let ask = call.context.emit_with_ack("question", &question, Duration::from_secs(5));
        tokio::pin!(ask);
        assert!(waits(ask.as_mut()));
        assert!(client.connection.wants_input());
        let large = format!(r#"2/n,["a","{}"]"#, "x".repeat(800));
        client.send(&large);
        client.send(&large);
        assert!(client.connection.wants_input());
        assert_eq!(client.deliver(&large), Err(CloseReason::ForcedClose));
        assert!(ask.await.is_err());
    }
    assert!(!client.connection.wants_input());
}

#[tokio::test(start_paused = true)]
async fn who_joins_nothing_is_sent_away() {
    let limits = GatewayLimits::default();
    let world = World::new(&[("/n", LIFE)]);
    let mut client = world.client();
    let at = Some(Instant::now() + limits.connect_timeout);
    assert_eq!(client.connection.expires(), at);
    client.send("0/other,");
    assert_eq!(client.connection.expires(), at);
    client.send("0/n,");
    assert_eq!(client.connection.expires(), None, "the handler takes its time");
    world.call("/n").returns(Err(rejected("no", None)));
    client.work();
    assert_eq!(client.connection.expires(), at);
    client.send("0/n,");
    world.call("/n").done();
    client.work();
    client.send("1/n,");
    goodbye(&world, "/n");
    client.work();
    assert_eq!(client.connection.expires(), None, "it had joined");
}

#[test]
fn a_session_joins_so_many_namespaces() {
    let world = limited(|limits| limits.namespaces_per_session = 1);
    let (mut client, _) = world.joined("/n");
    client.send("0/m,");
    assert_eq!(client.receives(), [r#"4/m,{"message":"Too many namespaces"}"#]);
    client.send("1/n,");
    client.send("0/n,");
    assert_eq!(client.receives(), [r#"4/n,{"message":"Too many namespaces"}"#], "its $disconnect still runs");
    goodbye(&world, "/n");
    client.work();
    client.join("/m");
}

#[test]
fn auth_has_so_many_bytes() {
    let world = limited(|limits| limits.auth = 10);
    let (mut client, _) = world.joined("/n");
    client.send(r#"0/m,{"a":"123"}"#);
    assert_eq!(client.receives(), [r#"4/m,{"message":"Auth too large"}"#]);
    client.send(r#"0/m,{"a":"12"}"#);
    client.id("/m");
}

#[test]
fn a_socket_joins_so_many_rooms() {
    let world = limited(|limits| limits.rooms_per_socket = 3);
    let (mut client, id) = world.joined("/n");
    client.send(r#"2/n,["a"]"#);
    let call = world.call("/n");
    call.apply(Command::Join(["1", "1", "2", "3"].map(str::to_owned).into()));
    call.apply(Command::Leave("1".into()));
    call.join("4");
    call.join("5");
    call.done();
    client.send(r#"2/n,["a"]"#);
    assert_eq!(world.call("/n").context.rooms(), [id.as_str(), "2", "4"]);
}

#[test]
fn a_slow_consumer_loses_volatile_packets_and_then_its_session() {
    let world = limited(|limits| limits.session.unsent_bytes = 1000);
    let (mut client, _) = world.joined("/n");
    client.send(r#"2/n,["a"]"#);
    let call = world.call("/n");
    let emit = |name: &str, volatile| {
        let payload = payload(&format!(r#"["{}"]"#, "x".repeat(400)));
        call.apply(Command::Emit { event: name.into(), payload, volatile });
    };
    let names = |client: &mut Client| {
        let received = client.receives();
        received.iter().map(|packet| packet.split('"').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    emit("v1", true);
    assert_eq!(names(&mut client), ["v1"], "nothing else was waiting");
    emit("n1", false);
    emit("v2", true);
    emit("n2", false);
    assert_eq!(names(&mut client), ["n1", "n2"]);
    emit("n3", false);
    emit("n4", false);
    emit("n5", false);
    emit("n6", false);
    assert!(!client.session.is_open());
    assert!(!call.context.connected());
    assert_eq!(names(&mut client), [""; 0]);
}

#[test]
fn a_client_that_does_not_receive_waits_for_its_next_event() {
    let world = World::with_limits(
        GatewayLimits {
            session: SessionLimits { unsent_bytes: 1_000, ..SessionLimits::default() },
            ..GatewayLimits::default()
        },
        &[("/n", OPEN)],
    );
    let (mut client, _) = world.joined("/n");
    client.send(r#"2/n,["a"]"#);
    client.send(r#"2/n,["b"]"#);
    let a = world.expect("/n", "a");
    let large = payload(&format!(r#"["{}"]"#, "x".repeat(600)));
    a.apply(Command::Emit { event: "large".into(), payload: large, volatile: false });
    a.done();
    client.work();
    world.assert_quiet();
    assert_eq!(client.session.received().len(), 1);
    client.work();
    world.expect("/n", "b");
}

#[test]
fn a_client_that_leaves_while_connect_runs_is_told_nothing_more() {
    let world = World::new(&[("/n", LIFE)]);
    let mut client = world.client();
    client.send("0/n,");
    let connect = world.expect("/n", "$connect");
    connect.emit("hello");
    connect.join("r");
    client.send("1/n,");
    connect.done();
    assert_eq!(client.receives(), [""; 0]);
    let goodbye = world.expect("/n", "$disconnect");
    assert_eq!(goodbye.context.rooms()[1..], ["r"]);
    goodbye.done();
    client.work();
    client.send("0/n,");
    world.expect("/n", "$connect").done();
    client.id("/n");
}

#[test]
fn a_session_that_is_dropped_leaves_no_sockets_behind() {
    let world = World::new(&[("/n", OPEN)]);
    let (mut client, _) = world.joined("/n");
    let (other, id) = world.joined("/n");
    drop(other);
    client.send(r#"2/n,["a"]"#);
    let call = world.call("/n");
    call.broadcast(rooms(&[&id]), "unheard");
    let target = rooms(&[]);
    let found =
        futures_util::FutureExt::now_or_never(call.context.fetch_sockets(&target, usize::MAX)).unwrap().unwrap();
    assert_eq!(found.len(), 1);
}
