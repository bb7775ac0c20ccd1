//! Long-polling and upgrades over real connections, while the server's clock stands still: whatever waits for a timer never
//! happens.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are not known as such to clippy"
)]

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use engine_io::handler::{ClientRequest, Message, Service, SessionHandler};
use engine_io::packet::Frame;
use engine_io::transport::{Endpoint, PatientStream};
use engine_io::{CloseReason, Encoded, Session, SessionLimits};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

/// How long a client waits for what never comes where the server is wrong.
const PATIENCE: Duration = Duration::from_secs(60);
const UPGRADES: usize = 500;

/// Answers every message with the same one.
struct Echo;

impl Service for Echo {
    type Handler = EchoHandler;

    fn open(&self, session: Arc<Session>, _: ClientRequest, _: Instant) -> EchoHandler {
        EchoHandler(session)
    }
}

struct EchoHandler(Arc<Session>);

impl SessionHandler for EchoHandler {
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        if let Message::Text(text) = message {
            self.0.send(Encoded::One(Frame::from_message(format!("4{text}"))), false);
        }
        Ok(())
    }

    fn wants_input(&self) -> bool {
        true
    }

    fn poll_work(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn close(&mut self, _: CloseReason) {}

    fn expires(&self) -> Option<Instant> {
        None
    }
}

/// Serves in a thread of its own, in which no time passes.
fn serve() -> SocketAddr {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // While a blocking task runs, the paused clock does not go on by itself.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::MAX));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let endpoint = Endpoint::new(Echo, SessionLimits::default());
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let endpoint = endpoint.clone();
                let service = service_fn(move |request| {
                    let endpoint = endpoint.clone();
                    async move { Ok::<_, Infallible>(endpoint.serve(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await) }
                });
                let io = TokioIo::new(PatientStream::new(stream, Arc::default()));
                tokio::spawn(http1::Builder::new().serve_connection(io, service).with_upgrades());
            }
        });
    });
    told.recv().unwrap()
}

struct Connection(TcpStream);

impl Connection {
    fn to(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    /// A new session: its connection, and the part of the query that names it.
    fn open(server: SocketAddr) -> (Self, String) {
        let mut polling = Self::to(server);
        polling.get("");
        let (_, open) = polling.answer();
        (polling, format!("&sid={}", open.split('"').nth(3).unwrap()))
    }

    fn request(&mut self, method: &str, query: &str, headers: &str, body: &str) {
        let length = body.len();
        let head = format!("{method} /?EIO=4{query} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n");
        self.0.write_all((head + body).as_bytes()).unwrap();
    }

    fn get(&mut self, sid: &str) {
        self.request("GET", &format!("&transport=polling{sid}"), "", "");
    }

    /// Status and body of the answer.
    fn answer(&mut self) -> (String, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.bytes(1));
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let body = self.bytes(length.map_or(0, |length| length.parse().unwrap()));
        (head.split(' ').nth(1).unwrap().to_owned(), String::from_utf8(body).unwrap())
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("an answer without any time passing");
        bytes
    }

    fn post(&mut self, sid: &str, body: &str) {
        self.request("POST", &format!("&transport=polling{sid}"), "", body);
    }

    fn upgrade(&mut self, sid: &str) {
        let headers = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
        self.request("GET", &format!("&transport=websocket{sid}"), headers, "");
        assert_eq!(self.answer().0, "101");
    }

    /// Sends a short text, masked with zeros.
    fn text(&mut self, text: &str) {
        let head = [0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        self.0.write_all(&[&head, text.as_bytes()].concat()).unwrap();
    }

    /// The next short text.
    fn frame(&mut self) -> String {
        let head = self.bytes(2);
        String::from_utf8(self.bytes(head[1].into())).unwrap()
    }
}

/// When the client's GET comes.
#[derive(Debug, Clone, Copy)]
enum Get {
    BeforeTheWebSocket,
    BeforeTheProbe,
    WithTheProbe,
    AfterThePong,
    /// Answered once by a packet, as with the official client.
    TwiceAfterThePong,
}

#[test]
fn an_upgrade_waits_for_no_timer() {
    let server = serve();
    let gets =
        [Get::BeforeTheWebSocket, Get::BeforeTheProbe, Get::WithTheProbe, Get::AfterThePong, Get::TwiceAfterThePong];
    let mut upgraded = 0;
    for at in gets.into_iter().cycle().take(UPGRADES) {
        let (mut polling, sid) = Connection::open(server);
        if matches!(at, Get::BeforeTheWebSocket) {
            polling.get(&sid);
        }
        let mut websocket = Connection::to(server);
        websocket.upgrade(&sid);
        if matches!(at, Get::BeforeTheProbe) {
            polling.get(&sid);
        }
        websocket.text("2probe");
        if matches!(at, Get::WithTheProbe) {
            polling.get(&sid);
        }
        assert_eq!(websocket.frame(), "3probe");
        if matches!(at, Get::AfterThePong | Get::TwiceAfterThePong) {
            polling.get(&sid);
        }
        assert_eq!(polling.answer(), ("200".to_owned(), "6".to_owned()), "{at:?}");
        if matches!(at, Get::TwiceAfterThePong) {
            polling.get(&sid);
            assert_eq!(polling.answer().1, "6");
        }
        websocket.text("5");
        websocket.text("4first event");
        assert_eq!(websocket.frame(), "4first event", "{at:?}");
        upgraded += 1;
    }
    assert_eq!(upgraded, UPGRADES);
}

#[test]
fn a_get_that_comes_after_the_close_packet_of_the_same_moment_is_answered() {
    let server = serve();
    for get_first in [true, false] {
        let (mut get, sid) = Connection::open(server);
        let mut post = Connection::to(server);
        if get_first {
            get.get(&sid);
        }
        post.post(&sid, "1");
        if !get_first {
            get.get(&sid);
        }
        assert_eq!(get.answer(), ("200".to_owned(), "6".to_owned()));
        assert_eq!(post.answer(), ("200".to_owned(), "ok".to_owned()));
        get.get(&sid);
        assert_eq!(get.answer().0, "400", "the session is gone");
    }
}
