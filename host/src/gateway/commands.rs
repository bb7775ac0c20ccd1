//! What each command of a handler does.

use std::sync::Arc;

use super::adapter::Selection;
use super::encode;
use super::handler::{Command, Target};
use super::namespace::Namespace;
use super::reason::DisconnectReason;
use super::recovery::Recipients;
use super::socket::Socket;
use crate::socket_io::Payload;

/// Carries out commands in order. `socket` is the current event's.
pub(super) fn apply(namespace: &Namespace, socket: Option<&Arc<Socket>>, commands: Vec<Command>) {
    let adapter = namespace.adapter();
    let sender = socket.map(|socket| socket.id());
    for command in commands {
        match (command, socket) {
            (Command::Emit { event, payload, volatile }, Some(socket)) => {
                emit(namespace, socket, &event, &payload, volatile);
            }
            (Command::Broadcast { target, event, payload }, _) => {
                broadcast(namespace, select(&target, sender), &event, &payload);
            }
            (Command::Join(rooms), Some(socket)) => adapter.join(socket, &rooms),
            (Command::Leave(room), Some(socket)) => adapter.leave(socket, &room),
            (Command::Disconnect { close }, Some(socket)) => {
                socket.leave_namespace(DisconnectReason::ServerNamespace, close);
            }
            (Command::SetData(json), Some(socket)) => socket.set_data(json),
            (Command::SocketsJoin { target, rooms }, _) => adapter.sockets_join(select(&target, sender), &rooms),
            (Command::SocketsLeave { target, rooms }, _) => adapter.sockets_leave(select(&target, sender), &rooms),
            (Command::DisconnectSockets { target, close }, _) => {
                adapter.disconnect_sockets(select(&target, sender), close);
            }
            // Without a socket there is nobody to do it to.
            (
                Command::Emit { .. }
                | Command::Join(_)
                | Command::Leave(_)
                | Command::Disconnect { .. }
                | Command::SetData(_),
                None,
            ) => {}
        }
    }
}

fn select<'a>(target: &'a Target, sender: Option<&'a str>) -> Selection<'a> {
    Selection { target, sender }
}

fn emit(namespace: &Namespace, socket: &Socket, event: &str, payload: &Payload, volatile: bool) {
    let encode = |offset: Option<&str>| encode::event(namespace.path(), event, payload, offset);
    match namespace.recovery() {
        None => socket.send(encode(None), volatile),
        Some(_) if socket.left().is_some() => {}
        Some(recovery) => {
            let recipients = Recipients::Socket(socket.id().into());
            recovery.send(recipients, volatile, |offset| encode(Some(offset)), |packet| socket.send(packet, volatile));
        }
    }
}

fn broadcast(namespace: &Namespace, selection: Selection<'_>, event: &str, payload: &Payload) {
    let adapter = namespace.adapter();
    let encode = |offset: Option<&str>| encode::event(namespace.path(), event, payload, offset);
    match namespace.recovery() {
        None => adapter.broadcast(selection, encode(None)),
        Some(recovery) => {
            let Selection { target, sender } = selection;
            recovery.send(
                Recipients::Selected(target.clone(), sender.map(Into::into)),
                target.volatile,
                |offset| encode(Some(offset)),
                |packet| adapter.broadcast(selection, packet),
            );
        }
    }
}
