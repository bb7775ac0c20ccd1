//! The script: steps of clients, handlers and time, made from the fuzzer's bytes.

use std::cell::LazyCell;
use std::collections::HashSet;
use std::sync::Arc;

use arbitrary::Arbitrary;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::coop::unconstrained;
use tokio::time::advance;

use super::client::Client;
use super::handler::{Handlers, command, seconds};
use super::log::Log;
use super::steps::{Operation, Order, Outcome, binary, close_reason, limits};
use engine_io::CloseReason;
use gateway::EventContext;
use gateway::cluster::OneNode;
use gateway::model::Description;
use gateway::{Gateway, Mount};
use telemetry::metrics;

/// Namespaces with the events that are handled there; any, where `*` is among them. The last one does not exist.
const NAMESPACES: [(&str, &[&str]); 4] = [
    ("/", &["$connect", "$disconnect", "a", "b"]),
    ("/open", &["$disconnect", "*"]),
    ("/third", &["$connect", "$disconnect", "a"]),
    ("/none", &[]),
];
const NAMES: [&str; 6] = ["a", "b", "c", "$connect", "$disconnect", "connect"];
const CLIENTS: usize = 4;

#[derive(Debug, Arbitrary)]
pub struct Script {
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Open,
    Send {
        client: u8,
        packet: ClientPacket,
    },
    Text {
        client: u8,
        text: String,
    },
    Binary {
        client: u8,
        data: Vec<u8>,
    },
    Receive {
        client: u8,
    },
    Work {
        client: u8,
    },
    Close {
        client: u8,
        reason: u8,
    },
    Drop {
        client: u8,
    },
    Order {
        call: u8,
        order: Order,
    },
    /// A command that no socket caused.
    Outside {
        namespace: u8,
        operation: Operation,
    },
    Wait {
        seconds: u8,
    },
}

#[derive(Debug, Arbitrary)]
enum ClientPacket {
    Connect {
        namespace: u8,
    },
    Disconnect {
        namespace: u8,
    },
    /// With its attachments, or without the last one.
    Event {
        namespace: u8,
        name: u8,
        ack: Option<u8>,
        size: u8,
        attachments: u8,
        whole: bool,
    },
    Ack {
        namespace: u8,
        id: u8,
        attachments: u8,
        whole: bool,
    },
}

impl Script {
    /// Plays the script, then lets everything end.
    pub fn run(self) {
        thread_local! {
            static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
                Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
            });
        }
        RUNTIME.with(|runtime| {
            runtime.block_on(unconstrained(async {
                let mut world = World::new();
                for step in self.steps {
                    world.step(step).await;
                }
                world.end().await;
            }));
        });
    }
}

struct World {
    gateway: Arc<Gateway>,
    mounted: Vec<Arc<Mount>>,
    clients: Vec<Client>,
    calls: Arc<Mutex<Vec<UnboundedSender<Order>>>>,
    log: Arc<Mutex<Log>>,
    /// Makes events different.
    events: usize,
    /// Sockets that had come and gone in this process before.
    before: (u64, u64),
}

impl World {
    fn new() -> Self {
        let (log, calls) = <(Arc<Mutex<Log>>, Arc<Mutex<Vec<_>>>)>::default();
        let mut gateway = Gateway::new(limits(), None, Arc::new(OneNode));
        let mut mounted = Vec::new();
        for (path, events) in &NAMESPACES[..3] {
            let handlers = Handlers { description: describe(path, events), log: log.clone(), calls: calls.clone() };
            mounted.push(gateway.mount(None, Arc::new(handlers)).expect("paths differ"));
        }
        let gateway = Arc::new(gateway);
        Self { gateway, mounted, clients: Vec::new(), calls, log, events: 0, before: counted() }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Open if self.clients.len() < CLIENTS => {
                self.clients.push(Client::open(&self.gateway, self.clients.len(), &self.log));
            }
            Step::Open => {}
            Step::Send { client, packet } => self.send(client, packet),
            Step::Text { client, text } => self.client(client, |client| client.text(&text)),
            Step::Binary { client, data } => self.client(client, |client| client.binary(data)),
            Step::Receive { client } => self.client(client, Client::receive),
            Step::Work { client } => self.client(client, |client| {
                client.work();
            }),
            Step::Close { client, reason } => self.client(client, |client| client.close(close_reason(reason))),
            Step::Drop { client } => self.client(client, Client::drop_connection),
            Step::Order { call, order } => {
                let calls = self.calls.lock();
                if !calls.is_empty() {
                    // The handler may have returned already.
                    let _ = calls[usize::from(call) % calls.len()].send(order);
                }
            }
            Step::Outside { namespace, operation } => {
                let mount = &self.mounted[usize::from(namespace) % self.mounted.len()];
                let command = command(&self.log, None, operation);
                let context = EventContext::without_socket(mount.namespace().clone());
                assert!(context.apply(vec![command]).is_done());
            }
            Step::Wait { seconds: wait } => advance(seconds(wait)).await,
        }
        self.calls.lock().retain(|call| !call.is_closed());
        for client in &mut self.clients {
            client.notice_close();
            client.assert_bounded(handles);
        }
    }

    fn client(&mut self, number: u8, act: impl FnOnce(&mut Client)) {
        let clients = self.clients.len();
        if clients > 0 {
            act(&mut self.clients[usize::from(number) % clients]);
        }
    }

    fn send(&mut self, client: u8, packet: ClientPacket) {
        let (text, attachments) = self.packet(packet);
        self.client(client, |client| {
            client.text(&text);
            for _ in 0..attachments {
                client.binary(vec![b'x'; 40]);
            }
            client.work();
        });
    }

    /// A packet's text, and how many attachments are sent after it.
    fn packet(&mut self, packet: ClientPacket) -> (String, usize) {
        let path = |namespace: u8| NAMESPACES[usize::from(namespace) % NAMESPACES.len()].0;
        match packet {
            ClientPacket::Connect { namespace } => (format!("0{},", path(namespace)), 0),
            ClientPacket::Disconnect { namespace } => (format!("1{},", path(namespace)), 0),
            ClientPacket::Event { namespace, name, ack, size, attachments, whole } => {
                self.events += 1;
                let (head, sent) = binary('2', '5', attachments, whole);
                let ack = ack.map(|ack| ack.to_string()).unwrap_or_default();
                let name = NAMES[usize::from(name) % NAMES.len()];
                let (number, filling) = (self.events, "x".repeat(usize::from(size) * 4));
                (format!(r#"{head}{},{ack}["{name}",{number},"{filling}"]"#, path(namespace)), sent)
            }
            ClientPacket::Ack { namespace, id, attachments, whole } => {
                let (head, sent) = binary('3', '6', attachments, whole);
                (format!("{head}{},{id}[1]", path(namespace)), sent)
            }
        }
    }

    /// Handlers return, clients go, and nothing is left.
    async fn end(mut self) {
        self.settle().await;
        self.log.lock().assert_complete(handles);
        for client in &mut self.clients {
            client.close(CloseReason::TransportClose);
        }
        self.settle().await;
        let log = self.log.lock();
        log.assert_complete(handles);
        log.assert_over();
        let dropped = self.clients.iter().any(Client::is_dropped);
        for mut client in self.clients.drain(..) {
            client.receive();
            client.connection = None;
            assert_eq!(Arc::strong_count(&client.session), 1, "no socket is left that holds the session");
        }
        for mount in &self.mounted {
            assert_eq!(mount.namespace().counts(), (0, 0), "no room is left");
        }
        let (connected, disconnected) = (counted().0 - self.before.0, counted().1 - self.before.1);
        assert_eq!(connected, disconnected, "who came has gone");
        assert!(dropped || disconnected == log.goodbyes() as u64, "$disconnect comes once for each");
    }

    /// Works until nothing runs: every handler returns, and acknowledgements that do not come are given up.
    async fn settle(&mut self) {
        loop {
            for call in self.calls.lock().drain(..) {
                // It may have returned already.
                let _ = call.send(Order::Return(Outcome::Nothing));
            }
            let idle = self.clients.iter_mut().fold(true, |idle, client| client.work() && idle);
            // Events of a client that has much to receive wait until it has.
            let held = self.clients.iter().any(|client| client.session.is_clogged());
            for client in &mut self.clients {
                client.receive();
                client.notice_close();
            }
            if idle && !held && self.calls.lock().is_empty() {
                return;
            }
            advance(seconds(u8::MAX)).await;
        }
    }
}

fn describe(path: &str, events: &[&str]) -> Description {
    Description {
        namespace: Some(path.to_owned()),
        events: events.iter().map(ToString::to_string).collect::<HashSet<_>>(),
        any_event: events.contains(&"*"),
        ..Description::default()
    }
}

/// Whether an event that a client sends has a handler.
fn handles(path: &str, name: &str) -> bool {
    let (_, events) = NAMESPACES.iter().find(|(namespace, _)| *namespace == path).expect("a namespace");
    !name.starts_with('$') && (events.contains(&name) || events.contains(&"*"))
}

fn counted() -> (u64, u64) {
    (metrics().sockets_connected.get(), metrics().sockets_disconnected.get())
}
