//! Drives the gateway without transports: a client's packets go in, frames come out, and the test itself is the
//! handler.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::SystemTime;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use engine_io::handler::{ClientRequest, Message, Service, SessionHandler};
use engine_io::packet::Frame;
use engine_io::{CloseReason, Session};
use socket_io::Payload;

use crate::cluster::{Cluster, OneNode};
use crate::connection::Connection;
use crate::context::EventContext;
use crate::gateway::Gateway;
use crate::handler::{EventHandler, HandlerFuture};
use crate::model::{
    Command, Description, DisconnectReason, Event, GatewayLimits, HandlerError, Handshake, RecoveryLimits, Target,
};
use crate::mount::Mount;
use crate::namespace::Namespace;
use crate::rooms::Rooms;
use crate::socket::Socket;

/// A handler whose events wait until the test has answered them.
pub(crate) struct Guest {
    description: Description,
    calls: Mutex<VecDeque<Call>>,
}

impl EventHandler for Guest {
    fn description(&self) -> &Description {
        &self.description
    }

    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture {
        let (answer, answered) = oneshot::channel();
        self.calls.lock().push_back(Call { event, context, answer });
        Box::pin(async { answered.await.unwrap_or_else(|_| Err(HandlerError::Failed("no answer".into()))) })
    }
}

/// An event that the handler got and has not answered.
pub(crate) struct Call {
    pub event: Event,
    pub context: EventContext,
    answer: oneshot::Sender<Result<Option<Payload>, HandlerError>>,
}

impl Call {
    pub(crate) fn name(&self) -> &str {
        &self.event.name
    }

    pub(crate) fn apply(&self, command: Command) {
        assert!(self.context.apply(vec![command]).is_done());
    }

    pub(crate) fn emit(&self, event: &str) {
        self.apply(Command::Emit { event: event.into(), payload: Payload::empty(), volatile: false });
    }

    pub(crate) fn broadcast(&self, target: Target, event: &str) {
        self.apply(Command::broadcast(target, event, Payload::empty()));
    }

    pub(crate) fn join(&self, room: &str) {
        self.apply(Command::Join(vec![room.into()]));
    }

    /// Ends the event; its session has yet to notice.
    pub(crate) fn returns(self, result: Result<Option<Payload>, HandlerError>) {
        // Nobody waits any more if the session's task was dropped.
        let _ = self.answer.send(result);
    }

    pub(crate) fn done(self) {
        self.returns(Ok(None));
    }
}

struct Mounted {
    mount: Arc<Mount>,
    guest: Arc<Guest>,
}

impl Mounted {
    fn namespace(&self) -> &Arc<Namespace> {
        self.mount.namespace()
    }
}

/// A gateway with namespaces.
pub(crate) struct World {
    gateway: Arc<Gateway>,
    mounted: Vec<Mounted>,
}

/// The first request of every session.
fn request() -> ClientRequest {
    ClientRequest {
        headers: [("origin", "https://example.org")].into_iter().collect(),
        query: [("EIO", "4")].into_iter().collect(),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        url: "/socket.io/?EIO=4".into(),
    }
}

impl World {
    /// Namespaces, each with the names of the events that are handled there.
    pub(crate) fn new(namespaces: &[(&str, &[&str])]) -> Self {
        Self::with_limits(GatewayLimits::default(), namespaces)
    }

    pub(crate) fn with_limits(limits: GatewayLimits, namespaces: &[(&str, &[&str])]) -> Self {
        Self::recovering(None, limits, namespaces)
    }

    /// With connection state recovery.
    pub(crate) fn recovering(
        recovery: impl Into<Option<RecoveryLimits>>,
        limits: GatewayLimits,
        namespaces: &[(&str, &[&str])],
    ) -> Self {
        Self::clustered(Arc::new(OneNode), recovery, limits, namespaces)
    }

    /// As one node of several.
    pub(crate) fn clustered(
        cluster: Arc<dyn Cluster>,
        recovery: impl Into<Option<RecoveryLimits>>,
        limits: GatewayLimits,
        namespaces: &[(&str, &[&str])],
    ) -> Self {
        let mut gateway = Gateway::new(limits, recovery.into(), cluster);
        let mut mounted = Vec::new();
        for (path, events) in namespaces {
            let any_event = events.contains(&"*");
            let events = events.iter().map(ToString::to_string).collect();
            let namespace = Some((*path).into());
            let description = Description { namespace, events, any_event, ..Description::default() };
            let guest = Arc::new(Guest { description, calls: Mutex::default() });
            let mount = gateway.mount(None, guest.clone()).unwrap();
            mounted.push(Mounted { mount, guest });
        }
        Self { gateway: Arc::new(gateway), mounted }
    }

    /// A new session.
    pub(crate) fn client(&self) -> Client {
        Client::of(&self.gateway)
    }

    /// A session that has joined a namespace whose handler accepts at once, and the socket's id.
    pub(crate) fn joined(&self, path: &str) -> (Client, String) {
        let mut client = self.client();
        let id = client.join(path);
        (client, id)
    }

    /// A socket without a connection behind it, and what it asks for.
    pub(crate) fn socket(&self, path: &str) -> (Arc<Socket>, Arc<Session>, EventContext) {
        let namespace = self.namespace(path);
        let session = Arc::new(Session::new("session".into(), self.gateway.limits().session.unsent_bytes, false));
        let handshake = Handshake { request: request().into(), auth: "{}".into(), issued: SystemTime::UNIX_EPOCH };
        let socket = Socket::new(namespace.shared_path().clone(), session.clone(), handshake, None, None);
        socket.accept(Some(Vec::new()));
        namespace.rooms().add(&socket);
        session.received();
        let context = EventContext::of(namespace, &socket, None, None);
        (socket, session, context)
    }

    fn mounted(&self, path: &str) -> &Mounted {
        self.mounted.iter().find(|mounted| mounted.namespace().path() == path).unwrap()
    }

    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    pub(crate) fn mount(&self, path: &str) -> &Arc<Mount> {
        &self.mounted(path).mount
    }

    pub(crate) fn namespace(&self, path: &str) -> &Arc<Namespace> {
        self.mounted(path).namespace()
    }

    pub(crate) fn rooms(&self, path: &str) -> &Rooms {
        self.namespace(path).rooms()
    }

    /// A socket leaves its namespace.
    pub(crate) fn remove(&self, socket: &Socket, reason: DisconnectReason) {
        self.namespace(socket.namespace()).remove(socket, reason, false);
    }

    /// The next event that the handler of a namespace got.
    pub(crate) fn call(&self, path: &str) -> Call {
        self.next_call(path).expect("the handler runs")
    }

    /// As [`World::call`]; none if it got none.
    pub(crate) fn next_call(&self, path: &str) -> Option<Call> {
        self.mounted(path).guest.calls.lock().pop_front()
    }

    /// The next event, which must have this name.
    pub(crate) fn expect(&self, path: &str, name: &str) -> Call {
        let call = self.call(path);
        assert_eq!(call.name(), name);
        call
    }

    /// No handler got an event that the test has not seen.
    pub(crate) fn assert_quiet(&self) {
        for mounted in &self.mounted {
            let names: Vec<_> = mounted.guest.calls.lock().iter().map(|call| call.event.name.clone()).collect();
            assert!(names.is_empty(), "{} got {names:?}", mounted.namespace().path());
        }
    }
}

/// A client's session.
pub(crate) struct Client {
    pub connection: Connection,
    pub session: Arc<Session>,
}

impl Client {
    /// A new session of a gateway.
    pub(crate) fn of(gateway: &Gateway) -> Self {
        let session = Arc::new(Session::new("session".into(), gateway.limits().session.unsent_bytes, false));
        let connection = gateway.open(session.clone(), request(), Instant::now());
        Self { connection, session }
    }

    /// The client sends a packet, which is handled at once as far as possible.
    pub(crate) fn send(&mut self, packet: &str) {
        self.deliver(packet).unwrap();
        self.work();
    }

    /// The client sends a packet and nobody works yet.
    pub(crate) fn deliver(&mut self, packet: &str) -> Result<(), CloseReason> {
        self.connection.message(Message::Text(packet))
    }

    pub(crate) fn send_attachment(&mut self, data: &'static [u8]) {
        self.connection.message(Message::Binary(Bytes::from_static(data))).unwrap();
        self.work();
    }

    /// One turn of the session's task. True if no handler runs.
    pub(crate) fn work(&mut self) -> bool {
        self.connection.poll_work(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// The session ends.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        self.session.close(reason);
        self.connection.close(reason);
        self.work();
    }

    /// What the client receives: Socket.IO packets, attachments with `bin:` before them.
    pub(crate) fn receives(&mut self) -> Vec<String> {
        self.work();
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        let frames = self.session.received();
        let packet = |frame: &Frame| match frame {
            Frame::Text(bytes) => text(bytes).strip_prefix('4').unwrap().to_owned(),
            Frame::Binary(bytes) => format!("bin:{}", text(bytes)),
        };
        frames.iter().map(packet).collect()
    }

    /// Joins a namespace whose handler accepts at once, and returns the socket's id.
    pub(crate) fn join(&mut self, path: &str) -> String {
        self.send(&format!("0{path},"));
        self.id(path)
    }

    /// The client receives CONNECT, and nothing else.
    pub(crate) fn id(&mut self, path: &str) -> String {
        let received = self.receives();
        let [packet] = received.as_slice() else { panic!("only CONNECT is expected, not {received:?}") };
        connected(path, packet)
    }
}

/// The socket's id in a CONNECT packet.
pub(crate) fn connected(path: &str, packet: &str) -> String {
    let id = packet.strip_prefix(&format!("0{path},{{\"sid\":\"")).and_then(|rest| rest.strip_suffix("\"}"));
    id.unwrap_or_else(|| panic!("CONNECT is expected, not {packet}")).to_owned()
}

pub(crate) fn payload(json: &str) -> Payload {
    Payload { json: json.into(), attachments: Vec::new() }
}

pub(crate) fn rooms(names: &[&str]) -> Target {
    Target { rooms: names.iter().map(ToString::to_string).collect(), ..Target::default() }
}

/// Whether a future waits.
pub(crate) fn waits(future: Pin<&mut impl Future>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}
