//! The script: what clients write, read and leave, made from the fuzzer's bytes.

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::yield_now;
use tokio::time::{advance, sleep, timeout};

use super::connection::{Connection, Server, frame};
use super::handler::{Handlers, NAMES};
use engine_io::SessionLimits;
use engine_io::transport::Endpoint;
use gateway::cluster::OneNode;
use gateway::model::GatewayLimits;
use gateway::{Gateway, Mount};
use telemetry::metrics;

/// The last one does not exist.
const NAMESPACES: [&str; 3] = ["/", "/b", "/none"];
const CONNECTIONS: usize = 5;
const ROOMS: usize = 10;
/// How often tasks have their turn after a step.
const TURNS: usize = 6;
/// Longer than anything that the server waits for.
const END: Duration = Duration::from_secs(3600);

#[derive(Debug, Arbitrary)]
pub struct Script {
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Open(First),
    /// Where `cut` is not beyond it, the rest is written after tasks have had their turn.
    Write {
        connection: u8,
        what: What,
        cut: Option<u8>,
    },
    Read {
        connection: u8,
    },
    /// Nothing more is written.
    Shut {
        connection: u8,
    },
    Drop {
        connection: u8,
    },
    Wait {
        seconds: u8,
    },
}

/// What a new connection begins with; the answer is read.
#[derive(Debug, Arbitrary)]
enum First {
    Nothing,
    Polling,
    WebSocket,
}

#[derive(Debug, Arbitrary)]
enum What {
    Get {
        sid: Option<u8>,
    },
    Post {
        sid: u8,
        packets: Vec<Packet>,
        longer: u8,
    },
    Upgrade {
        sid: Option<u8>,
    },
    /// A WebSocket message in fragments of a size; 0: whole.
    Message {
        packet: Packet,
        fragment: u8,
    },
    Frame {
        last: bool,
        opcode: u8,
        data: Vec<u8>,
    },
    Request {
        method: u8,
        query: String,
        body: Vec<u8>,
    },
    Bytes(Vec<u8>),
}

#[derive(Debug, Arbitrary)]
enum Packet {
    Connect { namespace: u8, rejected: bool },
    Disconnect { namespace: u8 },
    Event { namespace: u8, name: u8, ack: Option<u8>, attachments: u8 },
    Ack { namespace: u8, id: u8 },
    Attachment,
    Probe,
    Upgrade,
    Pong,
    Close,
    Large(u8),
    Text(String),
}

fn limits() -> GatewayLimits {
    GatewayLimits {
        session: SessionLimits {
            payload: 4000,
            unsent_bytes: 100_000,
            sessions: 4,
            sessions_per_address: Some(3),
            ..SessionLimits::default()
        },
        attachments: 2,
        waiting_events: 3,
        unhandled_bytes: 10_000,
        namespaces_per_session: 2,
        rooms_per_socket: ROOMS,
        ..GatewayLimits::default()
    }
}

impl Script {
    /// Plays the script; then clients go, the server stops, and nothing is left.
    pub fn run(self) {
        thread_local! {
            static RUNTIME: LazyCell<Runtime> = LazyCell::new(runtime);
        }
        RUNTIME.with(|runtime| runtime.block_on(self.play()));
    }

    async fn play(self) {
        let mut gateway = Gateway::new(limits(), None, Arc::new(OneNode));
        let mounts: Vec<Arc<Mount>> = NAMESPACES[..2]
            .iter()
            .map(|path| gateway.mount(None, Arc::new(Handlers::new(path))).expect("paths differ"))
            .collect();
        let server = Endpoint::new(Arc::new(gateway), limits().session);
        let before = open();
        let mut clients = Clients { server: server.clone(), connections: Vec::new(), sids: Vec::new() };
        for step in self.steps {
            clients.step(step).await;
        }
        drop(clients);
        let ended = async {
            server.shut_down().await;
            while Handle::current().metrics().num_alive_tasks() > 0 {
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(END, ended).await.expect("every session and every task ends");
        for mount in &mounts {
            assert_eq!(mount.namespace().counts(), (0, 0), "no room is left");
        }
        assert_eq!(open(), before, "who came has gone");
    }
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    // Rust's own start ignores this signal, which a connection that is gone causes; libFuzzer's is C++.
    runtime.block_on(async { drop(signal(SignalKind::pipe()).expect("a signal")) });
    runtime
}

/// Sessions and sockets that have come and not gone, in this process.
fn open() -> (u64, u64) {
    let metrics = metrics();
    let sessions = metrics.sessions_opened.get() - metrics.sessions_closed.get();
    (sessions, metrics.sockets_connected.get() - metrics.sockets_disconnected.get())
}

struct Clients {
    server: Arc<Server>,
    connections: Vec<Connection>,
    /// Of sessions that clients have heard of.
    sids: Vec<String>,
}

impl Clients {
    async fn step(&mut self, step: Step) {
        match step {
            Step::Open(first) if self.connections.len() < CONNECTIONS => self.open(first).await,
            Step::Open(_) => {}
            Step::Write { connection, what, cut } => {
                let bytes = self.bytes(what);
                let (first, rest) = bytes.split_at(cut.map_or(bytes.len(), |cut| bytes.len().min(cut.into())));
                self.on(connection, |connection| connection.write(first));
                if !rest.is_empty() {
                    turns().await;
                    self.on(connection, |connection| connection.write(rest));
                }
            }
            Step::Read { connection } => {
                self.on(connection, Connection::read);
                self.learn();
            }
            Step::Shut { connection } => self.on(connection, Connection::shut),
            Step::Drop { connection } if !self.connections.is_empty() => {
                let index = usize::from(connection) % self.connections.len();
                self.connections.remove(index);
            }
            Step::Drop { .. } => {}
            Step::Wait { seconds } => advance(Duration::from_secs(seconds.into())).await,
        }
        turns().await;
    }

    async fn open(&mut self, first: First) {
        let mut connection = Connection::open(&self.server);
        match first {
            First::Nothing => {}
            First::Polling => connection.write(&self.bytes(What::Get { sid: None })),
            First::WebSocket => connection.write(&self.bytes(What::Upgrade { sid: None })),
        }
        turns().await;
        connection.read();
        self.connections.push(connection);
        self.learn();
    }

    /// Ids of sessions that were read; those of connections that were dropped are forgotten.
    fn learn(&mut self) {
        self.sids = self.connections.iter().flat_map(Connection::sids).collect();
    }

    fn on(&mut self, number: u8, act: impl FnOnce(&mut Connection)) {
        let connections = self.connections.len();
        if connections > 0 {
            act(&mut self.connections[usize::from(number) % connections]);
        }
    }

    fn bytes(&self, what: What) -> Vec<u8> {
        const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        match what {
            What::Get { sid } => request("GET", &format!("transport=polling{}", self.sid(sid)), "", b""),
            What::Post { sid, packets, longer } => {
                let packets: Vec<_> = packets.iter().take(20).map(|packet| packet.text(true)).collect();
                let body = packets.join("\u{1e}");
                let length = format!("Content-Length: {}\r\n", body.len() + usize::from(longer / 0xf0));
                let query = format!("transport=polling{}", self.sid(Some(sid)));
                request("POST", &query, &length, body.as_bytes())
            }
            What::Upgrade { sid } => request("GET", &format!("transport=websocket{}", self.sid(sid)), WEBSOCKET, b""),
            What::Message { packet: Packet::Attachment, .. } => frame(true, 2, &[1, 2, 3]),
            What::Message { packet, fragment } => {
                let text = packet.text(false).into_bytes();
                let size = if fragment == 0 { text.len() } else { fragment.into() };
                let count = text.len().div_ceil(size.max(1));
                let fragments = text.chunks(size.max(1)).enumerate();
                fragments.flat_map(|(index, part)| frame(index + 1 == count, u8::from(index == 0), part)).collect()
            }
            What::Frame { last, opcode, data } => frame(last, opcode, &data),
            What::Request { method, query, body } => {
                const METHODS: [&str; 4] = ["GET", "POST", "PUT", "OPTIONS"];
                let length = format!("Content-Length: {}\r\n", body.len());
                request(METHODS[usize::from(method) % METHODS.len()], &query, &length, &body)
            }
            What::Bytes(bytes) => bytes,
        }
    }

    fn sid(&self, number: Option<u8>) -> String {
        match number {
            Some(number) if !self.sids.is_empty() => {
                format!("&sid={}", self.sids[usize::from(number) % self.sids.len()])
            }
            Some(_) => "&sid=unknown".to_owned(),
            None => String::new(),
        }
    }
}

async fn turns() {
    for _ in 0..TURNS {
        yield_now().await;
    }
}

fn request(method: &str, query: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{method} /socket.io/?EIO=4&{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

impl Packet {
    fn text(&self, polling: bool) -> String {
        let path = |namespace: &u8| NAMESPACES[usize::from(*namespace) % NAMESPACES.len()];
        match self {
            Self::Connect { namespace, rejected: false } => format!("40{},", path(namespace)),
            Self::Connect { namespace, rejected: true } => format!(r#"40{},{{"a":"no"}}"#, path(namespace)),
            Self::Disconnect { namespace } => format!("41{},", path(namespace)),
            Self::Event { namespace, name, ack, attachments } => {
                let head = match attachments % 4 {
                    0 => "42".to_owned(),
                    count => format!("45{count}-"),
                };
                let ack = ack.map(|ack| ack.to_string()).unwrap_or_default();
                format!(r#"{head}{},{ack}["{}",1]"#, path(namespace), NAMES[usize::from(*name) % NAMES.len()])
            }
            Self::Ack { namespace, id } => format!("43{},{id}[]", path(namespace)),
            Self::Attachment if polling => "bAQID".to_owned(),
            Self::Attachment => String::new(),
            Self::Probe => "2probe".to_owned(),
            Self::Upgrade => "5".to_owned(),
            Self::Pong => "3".to_owned(),
            Self::Close => "1".to_owned(),
            Self::Large(size) => format!("42/,[\"echo\",\"{}\"]", "x".repeat(usize::from(*size) * 20)),
            Self::Text(text) => text.clone(),
        }
    }
}
