//! What this node has asked, and the replies in any order.

use std::sync::Arc;
use std::time::SystemTime;

use gateway::model::Handshake;
use socket_io::Payload;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;

fn socket(id: &str) -> RemoteSocket {
    let request = engine_io::handler::ClientRequest {
        headers: engine_io::Pairs::default(),
        query: engine_io::Pairs::default(),
        address: [127, 0, 0, 1].into(),
        url: "/".into(),
    };
    let handshake = Handshake { request: Arc::new(request), auth: "{}".into(), issued: SystemTime::UNIX_EPOCH };
    RemoteSocket { id: id.into(), rooms: Arc::default(), handshake: Arc::new(handshake), data: "{}".into() }
}

fn answer(json: &str) -> Reply {
    Reply::Answered(Payload { json: json.to_owned(), attachments: Vec::new() })
}

fn said(answers: &mut UnboundedReceiver<RemoteAnswer>) -> Vec<String> {
    std::iter::from_fn(|| answers.try_recv().ok()).map(|said| format!("{said:?}")).collect()
}

#[test]
fn sockets_of_all_nodes_complete_a_request() {
    let requests = Requests::new(0);
    let mut complete = requests.fetch("r");
    requests.reply("r", Reply::Sockets(vec![socket("a")]));
    requests.counted("r", 2);
    assert!(complete.try_recv().is_err(), "one is missing");
    requests.reply("other", Reply::Sockets(vec![socket("x")]));
    requests.reply("r", Reply::Asked(1));
    requests.reply("r", Reply::Sockets(vec![]));
    assert_eq!(complete.try_recv(), Ok(()));
    let found = requests.end("r");
    assert_eq!((found.sockets.len(), found.missing_nodes), (1, 0));
    assert!(!requests.awaits_any());
}

#[test]
fn a_request_that_ends_early_tells_what_is_missing() {
    let requests = Requests::new(0);
    requests.fetch("r");
    requests.counted("r", 3);
    requests.reply("r", Reply::Sockets(vec![socket("a")]));
    let found = requests.end("r");
    assert_eq!((found.sockets.len(), found.missing_nodes), (1, 2));
    requests.fetch("uncounted");
    assert_eq!(requests.end("uncounted").missing_nodes, 3, "as many as there were");
    let mut alone = requests.fetch("alone");
    requests.counted("alone", 0);
    assert_eq!(alone.try_recv(), Ok(()));
    assert_eq!(requests.end("alone").missing_nodes, 0);
}

#[test]
fn answers_complete_a_question() {
    let requests = Requests::new(1_000);
    let (sender, mut answers) = unbounded_channel();
    let mut complete = requests.ask("q", sender);
    requests.reply("q", Reply::Asked(1));
    requests.reply("q", answer("[1]"));
    assert!(requests.awaits("q"), "nodes are not counted yet");
    requests.counted("q", 2);
    requests.reply("q", Reply::Asked(1));
    assert!(requests.awaits("q"), "an answer is missing");
    requests.reply("q", answer("[2]"));
    assert!(!requests.awaits("q"));
    assert_eq!(complete.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    assert_eq!(said(&mut answers).len(), 5);
    assert!(answers.is_closed());
}

#[test]
fn nobody_waits_for_a_handler_that_is_gone() {
    let requests = Requests::new(1_000);
    let (sender, answers) = unbounded_channel();
    let _complete = requests.ask("q", sender);
    drop(answers);
    requests.reply("q", Reply::Asked(1));
    assert!(!requests.awaits("q"));
}

#[test]
fn answers_are_bounded_in_bytes() {
    let requests = Requests::new(ANSWER + 3);
    let (sender, mut answers) = unbounded_channel();
    let _complete = requests.ask("q", sender);
    requests.counted("q", 1);
    requests.reply("q", Reply::Asked(2));
    requests.reply("q", answer("[1]"));
    requests.reply("q", answer("[2]"));
    assert!(!requests.awaits("q"), "it is complete all the same");
    assert_eq!(said(&mut answers).len(), 3);
}

#[test]
fn what_is_lost_ends() {
    let requests = Requests::new(0);
    let mut complete = requests.fetch("r");
    let (sender, mut answers) = unbounded_channel();
    let _complete = requests.ask("q", sender);
    requests.lose_all();
    assert!(matches!(complete.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
    assert_eq!(said(&mut answers), ["Nodes(1)"], "at least one is missing");
    assert!(answers.is_closed());
}
