//! The HTTP endpoint: which session a request belongs to, and whether it may be served (the reference server's
//! `verify`).

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Body;
use hyper::{Error, Method, Request, upgrade};
use tokio::time::Instant;

use super::registry::{Live, Registry};
use super::request::{HttpResponse, Refusal, Target, TransportName, client_request};
use super::task::SessionTask;
use super::{polling, websocket};
use crate::config::ClientLimits;
use crate::engine_io::handler::Service;
use crate::engine_io::packet::Frame;
use crate::engine_io::{CloseReason, Encoded, Session, id};
use crate::telemetry::metrics;

/// Serves Engine.IO requests and keeps their sessions.
pub struct Endpoint<S> {
    pub(super) service: S,
    pub(super) registry: Registry,
    pub(super) limits: ClientLimits,
}

impl<S: Service> Endpoint<S> {
    /// An endpoint without sessions.
    pub fn new(service: S, limits: ClientLimits) -> Arc<Self> {
        let registry = Registry::new(limits.sessions, limits.sessions_per_address);
        Arc::new(Self { service, registry, limits })
    }

    /// The layer above.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// How many sessions there are, and how many have ended whose handlers have not.
    pub fn counts(&self) -> (usize, usize) {
        self.registry.counts()
    }

    /// Answers one request. `address` is the client's.
    pub async fn serve(
        self: &Arc<Self>,
        request: Request<impl Body<Data = Bytes, Error = Error>>,
        address: IpAddr,
    ) -> HttpResponse {
        let target = Target::of(&request);
        let upgrade = target.upgrade;
        match self.route(request, target, address).await {
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
        target: Target,
        address: IpAddr,
    ) -> Result<HttpResponse, Refusal> {
        let transport = target.transport.ok_or(Refusal::UnknownTransport)?;
        let websocket = transport == TransportName::WebSocket;
        if let Some(sid) = &target.sid {
            let live = self.registry.get(sid).filter(|live| !live.session.is_closed()).ok_or(Refusal::UnknownSid)?;
            if !target.supported || websocket != target.upgrade {
                return Err(Refusal::BadRequest);
            }
            return match transport {
                TransportName::WebSocket => websocket::upgrade(request, live, &self.limits),
                TransportName::Polling if !live.session.is_polling() => Err(Refusal::BadRequest),
                TransportName::Polling => polling::serve(request, &live.session, self.limits.payload).await,
            };
        }
        if request.method() != Method::GET {
            return Err(Refusal::BadHandshakeMethod);
        }
        if websocket != target.upgrade {
            return Err(Refusal::BadRequest);
        }
        if !target.supported {
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
        let accept = if websocket { Some(websocket::accept(&request)?) } else { None };
        let session = Session::new(id::random(), self.limits.unsent_bytes, !websocket);
        let Some(live) = self.registry.insert(session, address) else {
            metrics().sessions_refused.increment();
            return Err(Refusal::TooManySessions);
        };
        metrics().sessions_opened.increment();
        let session = live.session.clone();
        session.send(Encoded::One(self.open_packet(&session, websocket)), false);
        let handler = self.service.open(session.clone(), client_request(&request, address), Instant::now());
        let task = SessionTask::new(self.clone(), live, handler);
        match accept {
            Some(accept) => {
                let (response, socket) = websocket::switch(upgrade::on(request), accept, &self.limits);
                tokio::spawn(task.on_websocket(socket));
                Ok(response)
            }
            None => {
                tokio::spawn(task);
                polling::serve(request, &session, self.limits.payload).await
            }
        }
    }

    /// The handshake (Engine.IO protocol 4, section "Handshake").
    fn open_packet(&self, session: &Session, websocket: bool) -> Frame {
        let upgrades = if websocket { "" } else { r#""websocket""# };
        Frame::open(&format!(
            r#"{{"sid":"{}","upgrades":[{upgrades}],"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
            session.id(),
            self.limits.ping_interval.as_millis(),
            self.limits.ping_timeout.as_millis(),
            self.limits.payload
        ))
    }

    pub(super) fn ended(&self, live: &Live) {
        self.registry.remove(live);
    }

    /// Closes all sessions, takes no more, and waits until their handlers have finished.
    pub async fn shut_down(&self) {
        self.registry.close(CloseReason::ServerShuttingDown);
        self.registry.ended().await;
    }
}
