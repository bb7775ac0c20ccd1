//! The contract's own interfaces: `socket`, `namespace`, `broadcast-operator` and `async-calls`. Granted to all.
//!
//! A command is checked and counted here, and waits in [`CurrentEvent`] until it takes effect. The guest's values are
//! moved, never copied.

use std::sync::Arc;
use std::time::Duration;

use gateway::EventContext;
use gateway::model::{Command, CommandChecks, GatewayLimits, Operation, Target};
use runtime::{Calls, Copies};
use socket_io::Payload;
use wasmtime::component::{Accessor, HasSelf, Linker};

use super::interface::{Granted, Interface};
use crate::bindings::search::ListedSocket;
use crate::bindings::types::{Answers, Error, HandshakeDetails, Operator, RemoteSocket};
use crate::bindings::{acknowledgement, async_calls, broadcast_operator, namespace, search, socket, types};
use crate::convert::no_handshake;
use crate::current_event::CurrentEvent;

/// The series of the contract whose released versions are all accepted, because it only grows.
pub(super) const SERIES: &str = "0.1";

const fn interface(path: &'static str) -> Interface {
    Interface { path, series: SERIES, only: None, granted: Granted::Always }
}

pub(super) const INTERFACES: &[Interface] = &[
    interface("realtime:gateway/types"),
    interface("realtime:gateway/socket"),
    interface("realtime:gateway/namespace"),
    interface("realtime:gateway/broadcast-operator"),
    interface("realtime:gateway/acknowledgement"),
    interface("realtime:gateway/search"),
    Interface { only: Some(Calls::Concurrent), ..interface("realtime:gateway/async-calls") },
];

/// Access to a store's state for these interfaces.
pub(crate) trait RealtimeView: Send {
    fn realtime(&mut self) -> &mut Realtime;
}

pub(super) fn add_to_linker<T: RealtimeView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    type Data = HasSelf<Realtime>;
    socket::add_to_linker::<T, Data>(linker, T::realtime)?;
    namespace::add_to_linker::<T, Data>(linker, T::realtime)?;
    broadcast_operator::add_to_linker::<T, Data>(linker, T::realtime)?;
    acknowledgement::add_to_linker::<T, Data>(linker, T::realtime)?;
    search::add_to_linker::<T, Data>(linker, T::realtime)?;
    if calls == Calls::Concurrent {
        async_calls::add_to_linker::<T, Data>(linker, T::realtime)?;
    }
    Ok(())
}

/// The state of an event.
pub(crate) struct Realtime {
    current: Arc<CurrentEvent>,
    limits: Arc<GatewayLimits>,
    /// Room for the sockets that calls fetch.
    copies: Copies,
    checks: CommandChecks,
    /// The socket's data, if this event has replaced it.
    data: Option<String>,
}

impl Realtime {
    pub(crate) fn new(current: Arc<CurrentEvent>, limits: Arc<GatewayLimits>, copies: Copies) -> Self {
        Self { current, limits, copies, checks: CommandChecks::default(), data: None }
    }

    /// Begins another event: calls from now on belong to it.
    pub(crate) fn begin(&mut self, current: Arc<CurrentEvent>) {
        self.current = current;
        self.checks = CommandChecks::default();
        self.data = None;
    }

    pub(crate) fn current(&self) -> &Arc<CurrentEvent> {
        &self.current
    }

    /// Room for what calls return.
    pub(crate) fn copies(&self) -> &Copies {
        &self.copies
    }

    /// Whether a command has acknowledged the event.
    pub(crate) fn acknowledged(&self) -> bool {
        self.checks.acknowledged()
    }

    /// The event's context in the gateway.
    fn context(&self) -> Result<&EventContext, Error> {
        let not_yet = || Error::NotAllowed("a component that describes itself has no namespace yet".to_owned());
        self.current.context().ok_or_else(not_yet)
    }

    /// The id of the socket that caused the event.
    fn socket_id(&self) -> Result<&str, Error> {
        self.context().ok().and_then(EventContext::socket_id).ok_or(Error::NotConnected)
    }

    /// Checks a call that waits for the current socket's client.
    fn question(&mut self, event: &str, payload: types::Payload) -> Result<(Arc<CurrentEvent>, Payload), Error> {
        self.socket_id()?;
        let payload = self.checks.packet(event, payload.into(), &self.limits)?;
        Ok((self.current.clone(), payload))
    }

    /// Checks a call that waits for the clients of many sockets.
    fn poll(
        &mut self,
        operator: Operator,
        event: &str,
        payload: types::Payload,
    ) -> Result<(Arc<CurrentEvent>, Target, Payload), Error> {
        self.context()?;
        let target = operator.into();
        let payload = self.checks.packet_to(&target, event, payload.into(), &self.limits)?;
        Ok((self.current.clone(), target, payload))
    }

    /// Checks a call that asks for sockets.
    fn search(&mut self, operator: Operator) -> Result<(Arc<CurrentEvent>, Target, Copies), Error> {
        self.context()?;
        let target = operator.into();
        self.checks.target(&target, &self.limits)?;
        Ok((self.current.clone(), target, self.copies.clone()))
    }

    /// Checks and calls an operation on many sockets.
    fn on_sockets(&mut self, target: Target, operation: Operation) -> Result<(), Error> {
        self.context()?;
        let command = self.checks.sockets(target, operation, &self.limits)?;
        self.current.call(command);
        Ok(())
    }
}

/// The calls that wait. They do not borrow the store, which others use meanwhile. Earlier commands take effect first.
impl CurrentEvent {
    async fn ask(&self, event: &str, payload: &Payload, timeout_ms: u32) -> Result<types::Payload, Error> {
        self.flushed().await;
        let context = self.context().ok_or(Error::NotConnected)?;
        Ok(context.emit_with_ack(event, payload, milliseconds(timeout_ms)).await?.into())
    }

    async fn ask_all(
        &self,
        target: &Target,
        event: &str,
        payload: &Payload,
        timeout_ms: u32,
    ) -> Result<Answers, Error> {
        self.flushed().await;
        let context = self.context().ok_or(Error::NotConnected)?;
        Ok(context.broadcast_with_ack(target, event, payload, milliseconds(timeout_ms)).await?.into())
    }

    /// Finds sockets, at most as many bytes as the guest has memory for. Nothing is copied before there is room for it.
    async fn find(&self, target: &Target, copies: &Copies) -> Result<Vec<RemoteSocket>, Error> {
        self.flushed().await;
        let context = self.context().ok_or(Error::NotConnected)?;
        let found = context.fetch_sockets(target, copies.most()).await?;
        self.hold(copies.room_for(found.iter().map(|socket| socket.size()).sum()).await);
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Lists sockets, likewise.
    async fn list(&self, target: &Target, copies: &Copies) -> Result<Vec<ListedSocket>, Error> {
        self.flushed().await;
        let context = self.context().ok_or(Error::NotConnected)?;
        let found = context.list_sockets(target, copies.most()).await?;
        self.hold(copies.room_for(found.iter().map(|socket| socket.size()).sum()).await);
        Ok(found.into_iter().map(Into::into).collect())
    }

    async fn count(&self, target: &Target) -> Result<u64, Error> {
        self.flushed().await;
        let context = self.context().ok_or(Error::NotConnected)?;
        Ok(context.count_sockets(target).await?.try_into().unwrap_or(u64::MAX))
    }
}

fn milliseconds(timeout: u32) -> Duration {
    Duration::from_millis(timeout.into())
}

impl types::Host for Realtime {}

impl socket::Host for Realtime {
    fn id(&mut self) -> String {
        let id = self.current.context().and_then(|context| context.socket_id());
        id.unwrap_or_default().to_owned()
    }

    fn rooms(&mut self) -> Vec<String> {
        self.current.rooms()
    }

    fn handshake(&mut self) -> HandshakeDetails {
        match self.current.context().and_then(EventContext::handshake) {
            Some(handshake) => (&*handshake).into(),
            None => no_handshake(),
        }
    }

    fn data(&mut self) -> String {
        match (&self.data, self.current.context()) {
            (Some(data), _) => data.clone(),
            (None, Some(context)) => context.data().as_ref().to_owned(),
            (None, None) => "{}".to_owned(),
        }
    }

    fn set_data(&mut self, json: String) -> Result<(), Error> {
        self.socket_id()?;
        let command = self.checks.set_data(json, &self.limits)?;
        if let Command::SetData(json) = &command {
            self.data = Some(json.clone());
        }
        self.current.call(command);
        Ok(())
    }

    fn connected(&mut self) -> bool {
        self.current.context().is_some_and(|context| context.connected())
    }

    fn recovered(&mut self) -> bool {
        self.current.context().is_some_and(|context| context.recovered())
    }

    fn emit(&mut self, event: String, payload: types::Payload, volatile: bool) -> Result<(), Error> {
        self.socket_id()?;
        let payload = self.checks.packet(&event, payload.into(), &self.limits)?;
        self.current.call(Command::Emit { event, payload, volatile });
        Ok(())
    }

    async fn emit_with_ack(
        &mut self,
        event: String,
        payload: types::Payload,
        timeout_ms: u32,
    ) -> Result<types::Payload, Error> {
        let (current, payload) = self.question(&event, payload)?;
        current.ask(&event, &payload, timeout_ms).await
    }

    fn join(&mut self, rooms: Vec<String>) -> Result<(), Error> {
        self.socket_id()?;
        let now = || self.current.rooms();
        let command = self.checks.join(rooms, now, &self.limits)?;
        self.current.call(command);
        Ok(())
    }

    fn leave(&mut self, room: String) -> Result<(), Error> {
        let own = self.socket_id()?.to_owned();
        let now = || self.current.rooms();
        let command = self.checks.leave(room, &own, now, &self.limits)?;
        self.current.call(command);
        Ok(())
    }

    fn disconnect(&mut self, close: bool) -> Result<(), Error> {
        self.socket_id()?;
        let command = self.checks.disconnect(close, &self.limits)?;
        self.current.call(command);
        Ok(())
    }
}

impl namespace::Host for Realtime {
    fn name(&mut self) -> String {
        self.current.context().map(|context| context.namespace()).unwrap_or_default().to_owned()
    }

    fn emit(&mut self, event: String, payload: types::Payload) -> Result<(), Error> {
        self.on_sockets(Target::default(), Operation::Emit { event, payload: payload.into() })
    }
}

impl broadcast_operator::Host for Realtime {
    fn emit(&mut self, operator: Operator, event: String, payload: types::Payload) -> Result<(), Error> {
        self.on_sockets(operator.into(), Operation::Emit { event, payload: payload.into() })
    }

    async fn emit_with_ack(
        &mut self,
        operator: Operator,
        event: String,
        payload: types::Payload,
        timeout_ms: u32,
    ) -> Result<Answers, Error> {
        let (current, target, payload) = self.poll(operator, &event, payload)?;
        current.ask_all(&target, &event, &payload, timeout_ms).await
    }

    async fn fetch_sockets(&mut self, operator: Operator) -> Result<Vec<RemoteSocket>, Error> {
        let (current, target, copies) = self.search(operator)?;
        current.find(&target, &copies).await
    }

    fn sockets_join(&mut self, operator: Operator, rooms: Vec<String>) -> Result<(), Error> {
        self.on_sockets(operator.into(), Operation::Join(rooms))
    }

    fn sockets_leave(&mut self, operator: Operator, rooms: Vec<String>) -> Result<(), Error> {
        self.on_sockets(operator.into(), Operation::Leave(rooms))
    }

    fn disconnect_sockets(&mut self, operator: Operator, close: bool) -> Result<(), Error> {
        self.on_sockets(operator.into(), Operation::Disconnect { close })
    }
}

impl acknowledgement::Host for Realtime {
    fn acknowledge(&mut self, payload: types::Payload) -> Result<(), Error> {
        let wanted = self.context().is_ok_and(EventContext::wants_ack);
        let command = self.checks.acknowledge(payload.into(), wanted, &self.limits)?;
        self.current.call(command);
        Ok(())
    }
}

impl search::Host for Realtime {
    async fn count_sockets(&mut self, operator: Operator) -> Result<u64, Error> {
        let (current, target, _) = self.search(operator)?;
        current.count(&target).await
    }

    async fn list_sockets(&mut self, operator: Operator) -> Result<Vec<ListedSocket>, Error> {
        let (current, target, copies) = self.search(operator)?;
        current.list(&target, &copies).await
    }
}

impl async_calls::Host for Realtime {}

impl<T: Send + 'static> async_calls::HostWithStore<T> for HasSelf<Realtime> {
    async fn emit_with_ack(
        store: &Accessor<T, Self>,
        event: String,
        payload: types::Payload,
        timeout_ms: u32,
    ) -> Result<types::Payload, Error> {
        let (current, payload) = store.with(|mut store| store.get().question(&event, payload))?;
        current.ask(&event, &payload, timeout_ms).await
    }

    async fn broadcast_with_ack(
        store: &Accessor<T, Self>,
        operator: Operator,
        event: String,
        payload: types::Payload,
        timeout_ms: u32,
    ) -> Result<Answers, Error> {
        let (current, target, payload) = store.with(|mut store| store.get().poll(operator, &event, payload))?;
        current.ask_all(&target, &event, &payload, timeout_ms).await
    }

    async fn fetch_sockets(store: &Accessor<T, Self>, operator: Operator) -> Result<Vec<RemoteSocket>, Error> {
        let (current, target, copies) = store.with(|mut store| store.get().search(operator))?;
        current.find(&target, &copies).await
    }
}
