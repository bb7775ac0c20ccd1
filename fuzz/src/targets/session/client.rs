//! A client and its session: what it sends, and checks of what it gets.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;

use super::log::Log;
use super::steps::limits;
use crate::targets::reference;
use engine_io::handler::{ClientRequest, Message, Service, SessionHandler};
use engine_io::packet::{Frame, Packet};
use engine_io::{CloseReason, Pairs, Session};
use gateway::Gateway;
use socket_io::{Body, Decoder, check_placeholders, is_reserved};

pub struct Client {
    number: usize,
    log: Arc<Mutex<Log>>,
    pub session: Arc<Session>,
    pub connection: Option<<Arc<Gateway> as Service>::Handler>,
    /// The connection knows that the session is over.
    over: bool,
    /// Reads what the client sends as the server does.
    decoder: Decoder,
    namespaces: HashMap<String, View>,
    /// Attachments that the client is to get next.
    due: usize,
    /// The close packet came.
    closed: bool,
}

/// A namespace as the client knows it.
#[derive(Default)]
struct View {
    /// CONNECT packets that were sent, and their answers.
    asked: usize,
    answered: usize,
    joined: bool,
    /// The client left before it was answered: which answer belongs to which CONNECT cannot be told any more.
    muddled: bool,
    /// The last packet of each run.
    last: HashMap<usize, u64>,
}

impl Client {
    pub fn open(gateway: &Arc<Gateway>, number: usize, log: &Arc<Mutex<Log>>) -> Self {
        let limits = limits();
        let session = Arc::new(Session::new("session".into(), limits.session.unsent_bytes, true));
        let request = ClientRequest {
            headers: Pairs::default(),
            query: Pairs::default(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            url: number.to_string().into(),
        };
        let connection = Some(gateway.open(session.clone(), request, Instant::now()));
        let decoder = Decoder::new(limits.session.payload, limits.attachments);
        let namespaces = HashMap::new();
        Self { number, log: log.clone(), session, connection, over: false, decoder, namespaces, due: 0, closed: false }
    }

    /// Whether the server reads.
    fn is_read(&self) -> bool {
        !self.over && self.connection.as_ref().is_some_and(|connection| connection.wants_input())
    }

    pub fn text(&mut self, text: &str) {
        if self.is_read() {
            if let Ok(Some(packet)) = self.decoder.text(text) {
                let namespace = packet.namespace.into_owned();
                self.before(&namespace, &packet.body);
            }
            self.deliver(Message::Text(text));
        }
    }

    pub fn binary(&mut self, data: Vec<u8>) {
        let data = Bytes::from(data);
        if self.is_read() {
            if let Ok(Some(packet)) = self.decoder.binary(data.clone()) {
                self.before(&packet.namespace, &packet.body);
            }
            self.deliver(Message::Binary(data));
        }
    }

    /// A whole packet is about to arrive.
    fn before(&mut self, namespace: &str, body: &Body) {
        match body {
            Body::Connect { .. } => {
                self.namespaces.entry(namespace.to_owned()).or_default().asked += 1;
                let mut log = self.log.lock();
                let track = log.track(self.number, namespace);
                track.connects += 1;
                track.left = false;
            }
            Body::Disconnect => {
                // What was sent before is not for a client that has left.
                self.receive();
                let view = self.namespaces.entry(namespace.to_owned()).or_default();
                view.muddled |= view.asked > view.answered;
                view.joined = false;
                self.log.lock().track(self.number, namespace).left = true;
            }
            Body::Event { name, payload, ack } => {
                self.log.lock().track(self.number, namespace).arrive(name, payload, *ack);
            }
            Body::Ack { .. } => {}
        }
    }

    fn deliver(&mut self, message: Message<'_>) {
        if let Some(connection) = &mut self.connection
            && let Err(reason) = connection.message(message)
        {
            self.session.close(reason);
        }
        self.notice_close();
    }

    /// What the session's task does in one turn. True where no handler runs.
    pub fn work(&mut self) -> bool {
        let Some(connection) = &mut self.connection else { return true };
        let idle = connection.poll_work(&mut Context::from_waker(Waker::noop())).is_ready();
        self.notice_close();
        idle
    }

    pub fn notice_close(&mut self) {
        if let Some(reason) = self.session.close_reason()
            && let Some(connection) = &mut self.connection
            && !self.over
        {
            self.over = true;
            connection.close(reason);
        }
    }

    pub fn close(&mut self, reason: CloseReason) {
        self.session.close(reason);
        self.notice_close();
    }

    /// The session's task panics.
    pub fn drop_connection(&mut self) {
        self.session.close(CloseReason::ForcedClose);
        self.connection = None;
        self.over = true;
        self.log.lock().dropped.insert(self.number);
    }

    pub fn is_dropped(&self) -> bool {
        self.connection.is_none()
    }

    /// Takes all that waits for the client.
    pub fn receive(&mut self) {
        let waker = Context::from_waker(Waker::noop());
        while !self.closed
            && let Poll::Ready(frames) = self.session.poll_get(&waker)
        {
            let bytes: usize = frames.iter().map(Frame::len).sum();
            let largest = limits().session.payload * 2 + 100;
            assert!(bytes <= limits().session.unsent_bytes.max(largest), "{bytes} unsent bytes");
            for frame in frames {
                match frame {
                    Frame::Text(text) => self.receive_text(str::from_utf8(&text).expect("text is UTF-8")),
                    Frame::Binary(_) => self.due = self.due.checked_sub(1).expect("an attachment is due"),
                }
            }
            assert_eq!(self.due, 0, "a packet is sent whole");
        }
    }

    fn receive_text(&mut self, text: &str) {
        assert!(self.due == 0, "no text where an attachment is due");
        match Packet::decode(text).expect("an Engine.IO packet") {
            Packet::Message(text) => self.receive_packet(text),
            Packet::Close => self.closed = true,
            // As the reference has it, a GET that comes after the close gets one as well.
            Packet::Noop => {}
            other => panic!("{other:?} is for the transport to send"),
        }
    }

    fn receive_packet(&mut self, text: &str) {
        let parts = reference::parts(text).expect("a Socket.IO packet");
        let view = self.namespaces.get_mut(parts.namespace).expect("the client knows the namespace");
        let payload: Value = serde_json::from_str(parts.payload).unwrap_or_default();
        match parts.kind {
            0 => {
                assert!(payload["sid"].is_string() && (!view.joined || view.muddled));
                view.answered += 1;
                view.joined = true;
            }
            1 => {
                assert!(view.joined || view.muddled, "DISCONNECT follows CONNECT");
                view.joined = false;
            }
            4 => {
                assert!(payload["message"].is_string());
                view.answered += 1;
            }
            kind => {
                assert!(view.joined || view.muddled, "nothing is sent to a client that is not there: {text}");
                assert!(check_placeholders(parts.payload, parts.attachments).is_ok());
                self.due = parts.attachments;
                let mut arguments = payload.as_array().expect("an array").as_slice();
                if kind == 2 || kind == 5 {
                    let (name, rest) = arguments.split_first().expect("a name");
                    assert!(!is_reserved(name.as_str().expect("a string")));
                    arguments = rest;
                } else {
                    self.log.lock().track(self.number, parts.namespace).acknowledged(parts.id.expect("an id"));
                }
                if let Some(run) = arguments[0].as_u64() {
                    let (run, number) = (run as usize, arguments[1].as_u64().expect("a number"));
                    self.log.lock().assert_released(run);
                    let last = view.last.insert(run, number);
                    assert!(view.asked > 1 || last < Some(number), "packets of one handler come once, in order");
                }
            }
        }
        assert!(view.answered <= view.asked, "each CONNECT is answered once");
    }

    /// What waits for handlers is bounded.
    pub fn assert_bounded(&self, handles: impl Fn(&str, &str) -> bool) {
        let log = self.log.lock();
        if self.over || log.asked {
            return;
        }
        let (events, bytes) = log.waiting(self.number, handles);
        assert!(events <= limits().waiting_events, "{events} events wait");
        assert!(bytes <= limits().unhandled_bytes + limits().session.payload, "{bytes} bytes wait");
    }
}
