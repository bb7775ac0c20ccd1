//! One session: which namespaces it is in, and where its packets go.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use tokio::time::Instant;

use engine_io::handler::{ClientRequest, Message, SessionHandler};
use engine_io::{CloseReason, Session};
use socket_io::{Body, Decoder, Packet};
use telemetry::{metrics, summary};

use crate::encode;
use crate::member::Member;
use crate::model::{DisconnectReason, Event, GatewayLimits, Handshake};
use crate::mount::{Mount, Mounts};
use crate::recovery::Resume;
use crate::socket::Socket;

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;

/// The gateway's side of one session.
pub struct Connection {
    mounts: Arc<Mounts>,
    limits: Arc<GatewayLimits>,
    session: Arc<Session>,
    request: Arc<ClientRequest>,
    decoder: Decoder,
    members: Vec<Member>,
    /// Namespaces that the session was in or was refused: packets for them may still arrive.
    left: Vec<Arc<Mount>>,
    /// When the session is closed if its client has still joined no namespace.
    connect_by: Option<Instant>,
}

impl Connection {
    pub(crate) fn new(
        mounts: Arc<Mounts>,
        limits: Arc<GatewayLimits>,
        session: Arc<Session>,
        request: ClientRequest,
        now: Instant,
    ) -> Self {
        let decoder = Decoder::new(limits.session.payload, limits.attachments);
        let connect_by = Some(now + limits.connect_timeout);
        Self {
            mounts,
            limits,
            session,
            request: Arc::new(request),
            decoder,
            members: Vec::new(),
            left: Vec::new(),
            connect_by,
        }
    }

    fn dispatch(&mut self, packet: Packet<'_>) -> Result<(), CloseReason> {
        let path = packet.namespace.as_ref();
        let member = self.members.iter_mut().find(|m| m.is_active() && m.socket().namespace() == path);
        match (packet.body, member) {
            (Body::Connect { auth }, None) => self.connect(path, auth),
            (Body::Event { name, payload, ack }, Some(member)) => {
                member.push(Event { name, payload, wants_ack: ack.is_some() }, ack);
                return self.check_unhandled();
            }
            (Body::Ack { id, payload }, Some(member)) => member.socket().acknowledged(id, payload),
            (Body::Disconnect, Some(member)) => member.leave(DisconnectReason::ClientNamespace),
            (Body::Connect { .. }, Some(_)) => return Err(CloseReason::ForcedServerClose),
            (_, None) => {
                // The socket may have left in the meantime, and the client may not know yet.
                if !self.was_in(path) {
                    return Err(CloseReason::ForcedServerClose);
                }
            }
        }
        Ok(())
    }

    fn connect(&mut self, path: &str, auth: Option<String>) {
        let refusal = match self.mounts.get(path) {
            None => "Invalid namespace",
            // Sockets that still run their last handlers count, too.
            Some(_) if self.members.len() >= self.limits.namespaces_per_session => "Too many namespaces",
            // It is kept as long as the socket, and other handlers may fetch it.
            Some(_) if auth.as_ref().is_some_and(|auth| auth.len() > self.limits.auth) => "Auth too large",
            Some(mount) => {
                let namespace = mount.namespace();
                let resume = namespace.recovery().and_then(|recovery| Resume::of(recovery, auth.as_deref()?));
                let id = resume.as_ref().map(Resume::id);
                let auth = auth.unwrap_or_else(|| "{}".to_owned());
                let handshake = Handshake { request: self.request.clone(), auth, issued: SystemTime::now() };
                let (path, pid) = (namespace.shared_path().clone(), namespace.new_pid());
                let socket = Socket::new(path, self.session.clone(), handshake, id, pid);
                // Most clients use one namespace; without this the vector would make room for four.
                self.members.reserve_exact(1);
                self.members.push(Member::new(mount.clone(), socket, self.session.clone(), resume));
                return;
            }
        };
        let _ = self.session.send(encode::connect_error(path, refusal, None), false);
    }

    /// While a handler waits for an acknowledgement the session is still read, but only up to a bound.
    fn check_unhandled(&self) -> Result<(), CloseReason> {
        if self.unhandled_bytes() <= self.limits.unhandled_bytes || !self.owes_ack() {
            return Ok(());
        }
        metrics().slow_consumers.increment();
        const CAUSE: &str = "session closed: too many events wait behind a handler that waits for an acknowledgement";
        if summary::is_warning_due(CAUSE, "") {
            tracing::warn!("{CAUSE}");
        }
        Err(CloseReason::ForcedClose)
    }

    /// Whether the session was in a namespace, or was refused there.
    fn was_in(&self, path: &str) -> bool {
        let mounts = self.members.iter().map(Member::mount).chain(&self.left);
        mounts.map(|mount| mount.namespace()).any(|namespace| namespace.path() == path)
    }

    fn unhandled_bytes(&self) -> usize {
        self.members.iter().map(Member::waiting_bytes).sum()
    }

    fn owes_ack(&self) -> bool {
        self.members.iter().any(|member| member.socket().owes_ack())
    }

    /// Closes the session if a handler asked for it; every namespace is left first.
    fn close_if_asked(&mut self) {
        if self.members.iter().any(|member| member.socket().closes_session()) && self.session.is_open() {
            for member in &mut self.members {
                member.leave(DisconnectReason::ServerNamespace);
            }
            self.session.close(CloseReason::ForcedClose);
        }
    }

    fn forget_done(&mut self) {
        if !self.members.iter().any(Member::is_done) {
            return;
        }
        for member in self.members.extract_if(.., |member| member.is_done()) {
            if !self.left.iter().any(|left| Arc::ptr_eq(left, member.mount())) {
                self.left.push(member.mount().clone());
            }
        }
    }
}

impl SessionHandler for Connection {
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        let packet = match message {
            Message::Text(text) => self.decoder.text(text),
            Message::Binary(data) => self.decoder.binary(data),
        };
        match packet {
            Ok(Some(packet)) => self.dispatch(packet),
            Ok(None) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "malformed packet");
                Err(CloseReason::ParseError)
            }
        }
    }

    fn wants_input(&self) -> bool {
        let limits = &self.limits;
        let room = self.members.iter().all(|member| member.waiting() < limits.waiting_events)
            && self.unhandled_bytes() < limits.unhandled_bytes;
        room || self.owes_ack()
    }

    fn poll_work(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut idle = true;
        for member in &mut self.members {
            idle &= member.poll_work(cx).is_ready();
            if member.is_connected() {
                self.connect_by = None;
            }
        }
        self.close_if_asked();
        self.forget_done();
        if idle { Poll::Ready(()) } else { Poll::Pending }
    }

    fn held(&self) -> usize {
        self.request.size() + self.decoder.held() + self.members.iter().map(Member::held).sum::<usize>()
    }

    fn close(&mut self, reason: CloseReason) {
        for member in &mut self.members {
            member.leave(DisconnectReason::Session(reason));
        }
    }

    fn expires(&self) -> Option<Instant> {
        // A client whose `$connect` handler still runs is not late.
        self.connect_by.filter(|_| self.members.is_empty())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // After an orderly end there is nothing to do; a panic must not leave sockets behind in rooms.
        for member in &mut self.members {
            member.leave(DisconnectReason::Session(CloseReason::ForcedClose));
        }
    }
}
