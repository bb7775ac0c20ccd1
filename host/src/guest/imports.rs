//! What a guest imports: the functions of `socket`, `namespace`, `broadcast-operator` and `async-calls`.
//!
//! A command is checked and counted here, and waits in [`Current`] until it takes effect. What a guest passes is moved
//! on, never copied.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Accessor, HasSelf, Linker};
use wasmtime_wasi_http::p2::bindings::http::{outgoing_handler, types as http_types};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

use super::bindings::types::{Answers, Error, HandshakeDetails, Operator, RemoteSocket};
use super::bindings::{async_calls, broadcast_operator, namespace, socket, types};
use super::commands::{self, Current, names_size};
use super::convert::{self, no_handshake};
use super::payload;
use super::state::State;
use crate::config::HandlerLimits;
use crate::gateway::context::EventContext;
use crate::gateway::handler::{Command, Target};
use crate::runtime::Calls;
use crate::socket_io::Payload;

/// Offers everything that a component of one of the worlds may import.
///
/// # Errors
///
/// Where two interfaces have one name: never, with the versions this is built with.
pub(super) fn add_to_linker(linker: &mut Linker<State>, calls: Calls) -> wasmtime::Result<()> {
    type Data = HasSelf<State>;
    socket::add_to_linker::<_, Data>(linker, |state| state)?;
    namespace::add_to_linker::<_, Data>(linker, |state| state)?;
    broadcast_operator::add_to_linker::<_, Data>(linker, |state| state)?;
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    // Always offered: without a grant every request fails.
    outgoing_handler::add_to_linker::<_, WasiHttp>(linker, State::http)?;
    http_types::add_to_linker::<_, WasiHttp>(linker, &http_types::LinkOptions::default(), State::http)?;
    if calls == Calls::Concurrent {
        async_calls::add_to_linker::<_, Data>(linker, |state| state)?;
        wasmtime_wasi::p3::add_to_linker(linker)?;
    }
    Ok(())
}

impl State {
    /// Checks and counts what is to become one packet, and `names` bytes that say where it goes.
    fn packet(&mut self, event: &str, payload: types::Payload, names: usize) -> Result<Payload, Error> {
        let limits = &self.grants.limits;
        let allowed = payload::check_event(event).and_then(|()| payload::check_size(&payload, event.len(), limits));
        let size = if allowed.is_ok() { event.len() + payload::size(&payload) + names } else { 0 };
        self.spent.command(size, limits)?;
        allowed.and_then(|()| payload::check(payload))
    }

    /// Checks a call that waits for the current socket's client.
    fn question(&mut self, event: &str, payload: types::Payload) -> Result<(Arc<Current>, Payload), Error> {
        self.socket()?;
        let payload = self.packet(event, payload, 0)?;
        Ok((self.current.clone(), payload))
    }

    /// Checks a call that waits for the clients of many sockets.
    fn poll(
        &mut self,
        operator: Operator,
        event: &str,
        payload: types::Payload,
    ) -> Result<(Arc<Current>, Target, Payload), Error> {
        self.context()?;
        let names = names(&operator, &self.grants.limits)?;
        let payload = self.packet(event, payload, names)?;
        Ok((self.current.clone(), operator.into(), payload))
    }

    /// Checks a call that asks for sockets.
    fn search(&mut self, operator: Operator) -> Result<(Arc<Current>, Target, usize), Error> {
        self.context()?;
        self.spent.command(names(&operator, &self.grants.limits)?, &self.grants.limits)?;
        Ok((self.current.clone(), operator.into(), self.grants.limits.memory))
    }
}

/// Bytes of the rooms that an operator names. Each is looked up while the namespace's rooms are locked, so that their
/// number is bounded, too.
fn names(operator: &Operator, limits: &HandlerLimits) -> Result<usize, Error> {
    let most = limits.rooms_per_socket;
    if operator.rooms.len() + operator.except.len() > most {
        return Err(Error::NotAllowed(format!(
            "an operator may name {most} rooms; join the sockets to one room first"
        )));
    }
    Ok(names_size(&operator.rooms) + names_size(&operator.except))
}

/// The calls that wait, apart from the store, which others use meanwhile. What was called before takes effect first.
impl Current {
    async fn ask(&self, event: &str, payload: &Payload, timeout_ms: u32) -> Result<types::Payload, Error> {
        self.flush();
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
        self.flush();
        let context = self.context().ok_or(Error::NotConnected)?;
        Ok(context.broadcast_with_ack(target, event, payload, milliseconds(timeout_ms)).await?.into())
    }

    /// At most so many bytes: more than the guest has room for is not even copied.
    async fn find(&self, target: &Target, most: usize) -> Result<Vec<RemoteSocket>, Error> {
        self.flush();
        let context = self.context().ok_or(Error::NotConnected)?;
        let found = context.fetch_sockets(target).await?;
        let size: usize = found.iter().map(convert::size).sum();
        if size > most {
            let count = found.len();
            return Err(Error::NotAllowed(format!(
                "{count} sockets of {size} bytes; a handler has {most} bytes of memory: ask for those of fewer rooms"
            )));
        }
        Ok(found.into_iter().map(Into::into).collect())
    }
}

fn milliseconds(timeout: u32) -> Duration {
    Duration::from_millis(timeout.into())
}

impl types::Host for State {}

impl socket::Host for State {
    fn id(&mut self) -> String {
        let id = self.current.context().and_then(|context| context.socket_id());
        id.unwrap_or_default().to_owned()
    }

    fn rooms(&mut self) -> Vec<String> {
        self.current.context().map(|context| context.rooms()).unwrap_or_default()
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
        self.socket()?;
        let limits = &self.grants.limits;
        if json.len() > limits.socket_data {
            return Err(Error::PayloadTooLarge(limits.socket_data as u64));
        }
        self.spent.command(json.len(), limits)?;
        payload::check_object(&json).map_err(Error::InvalidPayload)?;
        self.data = Some(json.clone());
        self.current.call(Command::SetData(json));
        Ok(())
    }

    fn connected(&mut self) -> bool {
        self.current.context().is_some_and(|context| context.connected())
    }

    fn recovered(&mut self) -> bool {
        self.current.context().is_some_and(|context| context.recovered())
    }

    fn emit(&mut self, event: String, payload: types::Payload, volatile: bool) -> Result<(), Error> {
        self.socket()?;
        let payload = self.packet(&event, payload, 0)?;
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
        self.socket()?;
        let limits = &self.grants.limits;
        self.spent.command(names_size(&rooms), limits)?;
        commands::check_rooms(&rooms, limits)?;
        let most = limits.rooms_per_socket;
        let joined = self.joined();
        let new: HashSet<&String> = rooms.iter().filter(|room| !joined.contains(*room)).collect();
        if joined.len() + new.len() > most {
            return Err(commands::too_many_rooms(most));
        }
        let new: Vec<String> = new.into_iter().cloned().collect();
        joined.extend(new);
        self.current.call(Command::Join(rooms));
        Ok(())
    }

    fn leave(&mut self, room: String) -> Result<(), Error> {
        let is_own = self.socket()?.socket_id() == Some(&room);
        self.spent.command(room.len(), &self.grants.limits)?;
        if !is_own {
            self.joined().remove(&room);
        }
        self.current.call(Command::Leave(room));
        Ok(())
    }

    fn disconnect(&mut self, close: bool) -> Result<(), Error> {
        self.socket()?;
        self.spent.command(0, &self.grants.limits)?;
        self.current.call(Command::Disconnect { close });
        Ok(())
    }
}

impl namespace::Host for State {
    fn name(&mut self) -> String {
        self.current.context().map(|context| context.namespace()).unwrap_or_default().to_owned()
    }

    fn emit(&mut self, event: String, payload: types::Payload) -> Result<(), Error> {
        self.context()?;
        let payload = self.packet(&event, payload, 0)?;
        self.current.call(Command::Broadcast { target: Target::default(), event, payload });
        Ok(())
    }
}

impl broadcast_operator::Host for State {
    fn emit(&mut self, operator: Operator, event: String, payload: types::Payload) -> Result<(), Error> {
        self.context()?;
        let names = names(&operator, &self.grants.limits)?;
        let payload = self.packet(&event, payload, names)?;
        self.current.call(Command::Broadcast { target: operator.into(), event, payload });
        Ok(())
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
        let (current, target, most) = self.search(operator)?;
        current.find(&target, most).await
    }

    fn sockets_join(&mut self, operator: Operator, rooms: Vec<String>) -> Result<(), Error> {
        self.context()?;
        let limits = &self.grants.limits;
        self.spent.command(names(&operator, limits)? + names_size(&rooms), limits)?;
        commands::check_rooms(&rooms, limits)?;
        self.current.call(Command::SocketsJoin { target: operator.into(), rooms });
        Ok(())
    }

    fn sockets_leave(&mut self, operator: Operator, rooms: Vec<String>) -> Result<(), Error> {
        self.context()?;
        let limits = &self.grants.limits;
        self.spent.command(names(&operator, limits)? + names_size(&rooms), limits)?;
        commands::check_rooms(&rooms, limits)?;
        self.current.call(Command::SocketsLeave { target: operator.into(), rooms });
        Ok(())
    }

    fn disconnect_sockets(&mut self, operator: Operator, close: bool) -> Result<(), Error> {
        self.context()?;
        self.spent.command(names(&operator, &self.grants.limits)?, &self.grants.limits)?;
        self.current.call(Command::DisconnectSockets { target: operator.into(), close });
        Ok(())
    }
}

impl async_calls::Host for State {}

impl async_calls::HostWithStore<State> for HasSelf<State> {
    async fn emit_with_ack(
        store: &Accessor<State, Self>,
        event: String,
        payload: types::Payload,
        timeout_ms: u32,
    ) -> Result<types::Payload, Error> {
        let (current, payload) = store.with(|mut store| store.get().question(&event, payload))?;
        current.ask(&event, &payload, timeout_ms).await
    }

    async fn broadcast_with_ack(
        store: &Accessor<State, Self>,
        operator: Operator,
        event: String,
        payload: types::Payload,
        timeout_ms: u32,
    ) -> Result<Answers, Error> {
        let (current, target, payload) = store.with(|mut store| store.get().poll(operator, &event, payload))?;
        current.ask_all(&target, &event, &payload, timeout_ms).await
    }

    async fn fetch_sockets(store: &Accessor<State, Self>, operator: Operator) -> Result<Vec<RemoteSocket>, Error> {
        let (current, target, most) = store.with(|mut store| store.get().search(operator))?;
        current.find(&target, most).await
    }
}
