//! What each command of a handler does, here and on the other nodes.

use std::sync::Arc;

use socket_io::Payload;

use crate::cluster::{ClusterFuture, Message, Scope};
use crate::encode;
use crate::model::{Command, DisconnectReason, Operation, Selection, Target};
use crate::namespace::Namespace;
use crate::recovery::Recipients;
use crate::socket::Socket;

/// Carries out commands in order; `socket` is the current event's. Returns the messages that the cluster has not taken
/// yet.
pub(crate) fn apply(
    namespace: &Namespace,
    socket: Option<&Arc<Socket>>,
    commands: Vec<Command>,
) -> Vec<ClusterFuture<()>> {
    let mut publishing = Vec::new();
    for command in commands {
        match (command, socket) {
            (Command::Sockets { target, operation }, _) => {
                let sender = socket.map(|socket| socket.id());
                carry_out(namespace, Selection { target: &target, sender }, &operation);
                publishing.extend(publish(namespace, sender, &target, &operation));
            }
            (Command::Emit { event, payload, volatile }, Some(socket)) => {
                emit(namespace, socket, &event, &payload, volatile);
            }
            (Command::Join(rooms), Some(socket)) => namespace.rooms().join(socket, &rooms),
            (Command::Leave(room), Some(socket)) => namespace.rooms().leave(socket, &room),
            (Command::Disconnect { close }, Some(socket)) => {
                namespace.remove(socket, DisconnectReason::ServerNamespace, close);
            }
            (Command::SetData(json), Some(socket)) => socket.set_data(json),
            // These act on the current socket; without one they do nothing.
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
    publishing
}

/// Carries out an operation on the selected sockets of this node.
pub(crate) fn carry_out(namespace: &Namespace, selection: Selection<'_>, operation: &Operation) {
    match operation {
        Operation::Emit { event, payload } => broadcast(namespace, selection, event, payload),
        Operation::Join(rooms) => namespace.rooms().join_selected(selection, rooms),
        Operation::Leave(rooms) => namespace.rooms().leave_selected(selection, rooms),
        Operation::Disconnect { close } => {
            for socket in namespace.rooms().selected(selection) {
                namespace.remove(&socket, DisconnectReason::ServerNamespace, *close);
            }
        }
    }
}

fn publish(
    namespace: &Namespace,
    sender: Option<&str>,
    target: &Target,
    operation: &Operation,
) -> Option<ClusterFuture<()>> {
    if target.local {
        return None;
    }
    let scope = Scope { namespace: namespace.path(), sender, target };
    namespace.cluster().publish(Message { scope, operation })
}

fn emit(namespace: &Namespace, socket: &Socket, event: &str, payload: &Payload, volatile: bool) {
    let encode =
        |offset: Option<&str>| encode::event(namespace.path(), event, payload, offset).charged_to(namespace.memory());
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
    let encode =
        |offset: Option<&str>| encode::event(namespace.path(), event, payload, offset).charged_to(namespace.memory());
    match namespace.recovery() {
        None => namespace.rooms().broadcast(selection, &encode(None)),
        Some(recovery) => {
            let Selection { target, sender } = selection;
            recovery.send(
                Recipients::Selected(target.clone(), sender.map(Into::into)),
                target.volatile,
                |offset| encode(Some(offset)),
                |packet| namespace.rooms().broadcast(selection, &packet),
            );
        }
    }
}
