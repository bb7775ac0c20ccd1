//! The HTTP endpoint: which session a request belongs to, and whether it may be served (the reference server's
//! `verify`).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body;
use hyper::{Error, Method, Request};
use tokio::time::Instant;

use super::registry::{Live, Registry};
use super::request::{HttpResponse, Refusal, SessionQuery, TransportName, client_request};
use super::task::SessionTask;
use super::{handshake, polling, upgrade};
use crate::handler::Service;
use crate::packet::Frame;
use crate::{ClientMemory, CloseReason, Encoded, Session, SessionLimits, id};
use telemetry::metrics;

/// How long the tasks of closed sessions have to free what they held, before further ones are closed.
const RELIEF: Duration = Duration::from_millis(20);

/// Serves Engine.IO requests and keeps their sessions.
pub struct Endpoint<S> {
    service: S,
    registry: Arc<Registry>,
    memory: Arc<ClientMemory>,
}

impl<S: Service> Endpoint<S> {
    /// An endpoint without sessions.
    pub fn new(service: S, limits: SessionLimits) -> Arc<Self> {
        let memory = service.memory();
        Arc::new(Self { service, registry: Arc::new(Registry::new(limits)), memory })
    }

    /// The layer above.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// How many sessions there are, and how many have ended but still run handlers.
    pub fn counts(&self) -> (usize, usize) {
        self.registry.counts()
    }

    /// Bytes that clients make the host keep.
    pub fn clients_memory(&self) -> usize {
        self.memory.used()
    }

    /// Closes the sessions that hold most whenever clients make the host keep more than they may. Never ready.
    pub async fn relieve(&self) {
        loop {
            self.memory.exceeded().await;
            let closed = self.registry.relieve(&self.memory);
            // What was closed is freed by its tasks. Where nobody is to blame, there is no need to look again soon.
            tokio::time::sleep(if closed > 0 { RELIEF } else { 50 * RELIEF }).await;
        }
    }

    /// Answers one request. `address` is the client's.
    pub async fn serve(
        self: &Arc<Self>,
        request: Request<impl Body<Data = Bytes, Error = Error>>,
        address: IpAddr,
    ) -> HttpResponse {
        let query = SessionQuery::of(&request);
        let upgrade = query.upgrade;
        match self.route(request, query, address).await {
            Ok(response) => response,
            Err(refusal) => {
                tracing::debug!(%address, ?refusal, "request refused");
                refusal.response(upgrade)
            }
        }
    }

    async fn route(
        self: &Arc<Self>,
        request: Request<impl Body<Data = Bytes, Error = Error>>,
        query: SessionQuery,
        address: IpAddr,
    ) -> Result<HttpResponse, Refusal> {
        let transport = query.transport.ok_or(Refusal::UnknownTransport)?;
        let websocket = transport == TransportName::WebSocket;
        if let Some(sid) = &query.sid {
            let polls = !websocket && request.method() == Method::GET;
            let known = |live: &Arc<Live>| !live.session().is_closed() || (polls && live.session().awaits_last_get());
            let live = self.registry.get(sid).filter(known).ok_or(Refusal::UnknownSid)?;
            if !query.supported || websocket != query.upgrade {
                return Err(Refusal::BadRequest);
            }
            return match transport {
                TransportName::WebSocket => upgrade::upgrade(request, live, self.limits()),
                TransportName::Polling if !live.session().is_polling() => Err(Refusal::BadRequest),
                TransportName::Polling => {
                    let _forget = ForgetClosed { registry: &self.registry, live: &live };
                    polling::serve(request, live.session(), self.limits().payload).await
                }
            };
        }
        if request.method() != Method::GET {
            return Err(Refusal::BadHandshakeMethod);
        }
        if websocket != query.upgrade {
            return Err(Refusal::BadRequest);
        }
        if !query.supported {
            return Err(Refusal::UnsupportedProtocolVersion);
        }
        self.open(request, websocket, address).await
    }

    async fn open(
        self: &Arc<Self>,
        request: Request<impl Body<Data = Bytes, Error = Error>>,
        websocket: bool,
        address: IpAddr,
    ) -> Result<HttpResponse, Refusal> {
        let accept = if websocket { Some(handshake::accept(&request)?) } else { None };
        let seen = client_request(&request, address)?;
        let session = Session::with_memory(id::random(), self.limits().unsent_bytes, !websocket, self.memory.clone());
        let has_room = self.memory.used() < self.memory.comfortable();
        let Some(live) = has_room.then(|| self.registry.insert(session, address)).flatten() else {
            metrics().sessions_refused.increment();
            return Err(Refusal::TooManySessions);
        };
        metrics().sessions_opened.increment();
        let session = live.session().clone();
        session.send(Encoded::One(self.open_packet(&session, websocket)), false);
        let handler = self.service.open(session.clone(), seen, Instant::now());
        let task = SessionTask::new(self.registry.clone(), live, handler);
        match accept {
            Some(accept) => {
                let (response, socket) = handshake::switch(hyper::upgrade::on(request), accept, self.limits().payload);
                tokio::spawn(task.on_websocket(socket));
                Ok(response)
            }
            None => {
                tokio::spawn(task);
                polling::serve(request, &session, self.limits().payload).await
            }
        }
    }

    /// The handshake (Engine.IO protocol 4, section "Handshake").
    fn open_packet(&self, session: &Session, websocket: bool) -> Frame {
        let upgrades = if websocket { "" } else { r#""websocket""# };
        Frame::open(&format!(
            r#"{{"sid":"{}","upgrades":[{upgrades}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
            session.id(),
            self.limits().ping_interval.as_millis(),
            self.limits().ping_timeout.as_millis(),
            self.limits().payload
        ))
    }

    fn limits(&self) -> &SessionLimits {
        self.registry.limits()
    }

    /// Closes all sessions, refuses new ones, and waits until their handlers have finished.
    ///
    /// It has no time limit of its own: the caller bounds the wait.
    pub async fn shut_down(&self) {
        self.registry.close_all(CloseReason::ServerShuttingDown);
        self.registry.drained().await;
    }
}

/// Forgets a session that was kept for a GET when the request that it waited for is over, answered or not.
struct ForgetClosed<'a> {
    registry: &'a Registry,
    live: &'a Live,
}

impl Drop for ForgetClosed<'_> {
    fn drop(&mut self) {
        if self.live.session().is_closed() {
            self.registry.remove(self.live);
        }
    }
}
