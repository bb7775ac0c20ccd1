//! What a handler sees and asks for: ids, rooms, data, and acknowledgements that it waits for.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::*;
use crate::model::{GatewayLimits, HandlerError, Operation};
use crate::test_support::{Call, Client, World, payload, rooms, waits};
use engine_io::CloseReason;

const WAIT: Duration = Duration::from_secs(5);
const EVENTS: &[&str] = &["a", "$disconnect"];

fn world() -> World {
    World::new(&[("/n", EVENTS), ("/held", &["$connect", "a"])])
}

/// A client's event that a handler has got.
fn event(world: &World, client: &mut Client) -> Call {
    client.send(r#"2/n,["a"]"#);
    world.expect("/n", "a")
}

/// The id in the one event that a client receives, which asks for an acknowledgement.
fn asked(client: &mut Client) -> u64 {
    let received = client.receives();
    let [packet] = received.as_slice() else { panic!("one event is expected, not {received:?}") };
    let id = packet.strip_prefix("2/n,").and_then(|rest| rest.strip_suffix(r#"["question",1]"#));
    id.unwrap_or_else(|| panic!("{packet}")).parse().unwrap()
}

fn answer(client: &mut Client, id: u64, json: &str) {
    client.send(&format!("3/n,{id}{json}"));
}

#[test]
fn ids_differ_and_are_not_the_sessions() {
    let world = World::new(&[("/n", EVENTS), ("/m", EVENTS)]);
    let (mut client, id) = world.joined("/n");
    assert_ne!(client.join("/m"), id);
    assert_ne!(id, client.session.id());
    let call = event(&world, &mut client);
    assert_eq!((call.context.socket_id(), call.context.namespace()), (Some(id.as_str()), "/n"));
}

#[test]
fn rooms_are_those_at_the_start_of_the_event() {
    let world = world();
    let (mut client, id) = world.joined("/n");
    let first = event(&world, &mut client);
    assert_eq!(first.context.rooms(), [id.as_str()]);
    first.apply(Command::Join(vec!["x".into(), "y".into(), id.clone()]));
    first.apply(Command::Leave("x".into()));
    first.apply(Command::Leave(id.clone()));
    first.apply(Command::Leave("never joined".into()));
    assert_eq!(first.context.rooms(), [id.as_str()]);
    first.done();
    let second = event(&world, &mut client);
    assert_eq!(second.context.rooms(), [id.as_str(), "y"]);
    second.broadcast(rooms(&[&id]), "private");
    assert_eq!(client.receives(), [r#"2/n,["private"]"#]);
}

#[test]
fn data_belongs_to_one_socket() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let (mut other, _) = world.joined("/n");
    let call = event(&world, &mut client);
    assert_eq!(&*call.context.data(), "{}");
    call.apply(Command::SetData(r#"{"x":1}"#.into()));
    assert_eq!(&*call.context.data(), r#"{"x":1}"#, "it reads its own writes");
    call.returns(Err(HandlerError::Failed("afterwards".into())));
    assert_eq!(&*event(&world, &mut other).context.data(), "{}");
    assert_eq!(&*event(&world, &mut client).context.data(), r#"{"x":1}"#);
}

#[test]
fn the_handshake_tells_of_the_first_request() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let handshake = event(&world, &mut client).context.handshake().unwrap();
    assert_eq!(handshake.request.query, [("EIO", "4")].into_iter().collect());
    assert_eq!((handshake.auth.as_str(), handshake.request.address), ("{}", Ipv4Addr::LOCALHOST.into()));
    assert!(handshake.issued.elapsed().is_ok());
}

#[test]
fn a_call_that_no_socket_caused() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let context = EventContext::without_socket(world.namespace("/n").clone());
    assert_eq!((context.socket_id(), context.connected(), context.rooms()), (None, false, Vec::new()));
    let everybody = Target { exclude_sender: true, ..Target::default() };
    let publishing = context.apply(vec![
        Command::Emit { event: "own".into(), payload: Payload::empty(), volatile: false },
        Command::broadcast(everybody, "all", Payload::empty()),
    ]);
    assert!(publishing.is_done());
    assert_eq!(client.receives(), [r#"2/n,["all"]"#]);
}

#[tokio::test(start_paused = true)]
async fn a_client_answers() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let (mut other, _) = world.joined("/n");
    let call = event(&world, &mut client);
    let question = payload("[1]");
    let ask = call.context.emit_with_ack("question", &question, WAIT);
    tokio::pin!(ask);
    assert!(waits(ask.as_mut()));
    let id = asked(&mut client);
    answer(&mut client, id + 1, r#"["unasked"]"#);
    answer(&mut other, id, r#"["somebody else"]"#);
    assert!(waits(ask.as_mut()));
    answer(&mut client, id, r#"["yes"]"#);
    answer(&mut client, id, r#"["again"]"#);
    assert_eq!(ask.await, Ok(payload(r#"["yes"]"#)));
}

#[tokio::test(start_paused = true)]
async fn a_client_answers_too_late() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let call = event(&world, &mut client);
    let start = tokio::time::Instant::now();
    let question = payload("[1]");
    assert_eq!(call.context.emit_with_ack("question", &question, WAIT).await, Err(CallError::TimedOut));
    assert_eq!(start.elapsed(), WAIT);
    let id = asked(&mut client);
    answer(&mut client, id, "[]");
    assert!(client.session.is_open());
    call.done();
    assert!(client.work());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_does_not_answer() {
    let ends: [fn(&World, &mut Client); 3] = [
        |_, client| client.send("1/n,"),
        |_, client| client.close(CloseReason::TransportClose),
        |world, client| {
            let everybody = EventContext::without_socket(world.namespace("/n").clone());
            let operation = Operation::Disconnect { close: true };
            assert!(everybody.apply(vec![Command::Sockets { target: Target::default(), operation }]).is_done());
            client.work();
        },
    ];
    for end in ends {
        let world = world();
        let (mut client, _) = world.joined("/n");
        let call = event(&world, &mut client);
        let question = payload("[1]");
        let start = tokio::time::Instant::now();
        {
            let ask = call.context.emit_with_ack("question", &question, WAIT);
            tokio::pin!(ask);
            assert!(waits(ask.as_mut()));
            end(&world, &mut client);
            assert_eq!(ask.await, Err(CallError::NotConnected));
        }
        let again = call.context.emit_with_ack("question", &question, WAIT).await;
        assert_eq!(again, Err(CallError::NotConnected));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn connect_sends_nothing_while_it_waits() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    client.send("0/held,");
    let connect = world.expect("/held", "$connect");
    connect.emit("early");
    connect.join("room");
    assert_eq!(client.receives(), [""; 0]);
    assert!(!client.work());

    let question = payload("[1]");
    let asked = connect.context.emit_with_ack("question", &question, WAIT).await;
    assert!(matches!(asked, Err(CallError::NotAllowed(_))));
    let asked = connect.context.broadcast_with_ack(&rooms(&[]), "question", &question, WAIT).await;
    assert!(matches!(asked, Err(CallError::NotAllowed(_))));
    assert_eq!(connect.context.fetch_sockets(&rooms(&[]), usize::MAX).await.unwrap().len(), 0);
    connect.done();
    assert_eq!(client.receives()[1..], [r#"2/held,["early"]"#]);
    client.send(r#"2/held,["a"]"#);
    assert_eq!(world.expect("/held", "a").context.rooms()[1..], ["room"]);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_gathers_answers_until_all_have_come() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let (mut other, _) = world.joined("/n");
    let call = event(&world, &mut client);
    let (question, everybody) = (payload("[1]"), Target::default());
    let ask = call.context.broadcast_with_ack(&everybody, "question", &question, WAIT);
    tokio::pin!(ask);
    assert!(waits(ask.as_mut()));
    let id = asked(&mut other);
    assert_eq!(asked(&mut client), id, "one packet for all");
    answer(&mut other, id, "[2]");
    answer(&mut other, id, "[2]");
    assert!(waits(ask.as_mut()));
    answer(&mut client, id, "[1]");
    let start = tokio::time::Instant::now();
    assert_eq!(ask.await, Ok(Answers { received: vec![payload("[2]"), payload("[1]")], missing: 0, missing_nodes: 0 }));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn answers_to_a_broadcast_that_are_missing_are_counted() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let (mut answers, _) = world.joined("/n");
    let (mut leaves, _) = world.joined("/n");
    let (_silent, _) = world.joined("/n");
    let call = event(&world, &mut client);
    let question = payload("[1]");
    let others = Target { exclude_sender: true, ..Target::default() };
    let start = tokio::time::Instant::now();
    let ask = call.context.broadcast_with_ack(&others, "question", &question, WAIT);
    tokio::pin!(ask);
    assert!(waits(ask.as_mut()));
    assert_eq!(client.receives(), [""; 0]);
    let id = asked(&mut answers);
    answer(&mut answers, id, "[2]");
    leaves.send("1/n,");
    assert_eq!(ask.await, Ok(Answers { received: vec![payload("[2]")], missing: 2, missing_nodes: 0 }));
    assert_eq!(start.elapsed(), WAIT);
}

#[tokio::test(start_paused = true)]
async fn answers_to_a_broadcast_that_are_too_large_together_are_missing() {
    let limits = GatewayLimits { unhandled_bytes: 1_000, ..GatewayLimits::default() };
    let world = World::with_limits(limits, &[("/n", &["a"])]);
    let mut clients: [_; 3] = std::array::from_fn(|_| world.joined("/n").0);
    let call = event(&world, &mut clients[0]);
    let (question, everybody) = (payload("[1]"), Target::default());
    let ask = call.context.broadcast_with_ack(&everybody, "question", &question, WAIT);
    tokio::pin!(ask);
    assert!(waits(ask.as_mut()));
    let large = format!("[\"{}\"]", "x".repeat(500));
    for client in &mut clients {
        let id = asked(client);
        answer(client, id, &large);
    }
    let start = tokio::time::Instant::now();
    assert_eq!(ask.await, Ok(Answers { received: vec![payload(&large)], missing: 2, missing_nodes: 0 }));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_who_cannot_answer() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    let (mut leaves, _) = world.joined("/n");
    let call = event(&world, &mut client);
    let question = payload("[1]");
    let others = Target { exclude_sender: true, ..Target::default() };
    let start = tokio::time::Instant::now();
    {
        let ask = call.context.broadcast_with_ack(&others, "question", &question, WAIT);
        tokio::pin!(ask);
        assert!(waits(ask.as_mut()));
        leaves.close(CloseReason::PingTimeout);
        assert_eq!(ask.await, Ok(Answers { received: Vec::new(), missing: 1, missing_nodes: 0 }));
    }
    let nobody = call.context.broadcast_with_ack(&others, "question", &question, WAIT).await;
    assert_eq!(nobody, Ok(Answers::default()));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[test]
fn an_acknowledgement_is_a_command_among_others() {
    let world = world();
    let (mut client, _) = world.joined("/n");
    client.send(r#"2/n,7["a"]"#);
    let call = world.expect("/n", "a");
    assert!(call.context.wants_ack());
    call.emit("before");
    call.apply(Command::Acknowledge(payload("[1]")));
    call.emit("after");
    assert_eq!(client.receives(), [r#"2/n,["before"]"#, "3/n,7[1]", r#"2/n,["after"]"#]);
    call.done();
    assert_eq!(client.receives(), [""; 0]);

    client.send(r#"2/n,["a"]"#);
    let call = world.expect("/n", "a");
    assert!(!call.context.wants_ack());
    call.apply(Command::Acknowledge(payload("[1]")));
    call.done();
    assert_eq!(client.receives(), [""; 0], "nobody waits for it");
}
