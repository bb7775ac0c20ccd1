//! What each command of a handler does.

use std::sync::Arc;

use super::adapter::Selection;
use super::encode;
use super::handler::Command;
use super::namespace::Namespace;
use super::reason::DisconnectReason;
use super::socket::Socket;

/// Carries out commands in order. `socket` is the current event's.
pub(super) fn apply(namespace: &Namespace, socket: Option<&Arc<Socket>>, commands: Vec<Command>) {
    let adapter = namespace.adapter();
    let sender = socket.map(|socket| socket.id());
    for command in commands {
        match command {
            Command::Broadcast { target, event, payload } => {
                adapter.broadcast(
                    Selection { target: &target, sender },
                    encode::event(namespace.path(), None, &event, &payload),
                );
            }
            Command::SocketsJoin { target, rooms } => {
                adapter.sockets_join(Selection { target: &target, sender }, &rooms)
            }
            Command::SocketsLeave { target, rooms } => {
                adapter.sockets_leave(Selection { target: &target, sender }, &rooms)
            }
            Command::DisconnectSockets { target, close } => {
                adapter.disconnect_sockets(Selection { target: &target, sender }, close)
            }
            own => {
                if let Some(socket) = socket {
                    apply_own(namespace, socket, own);
                }
            }
        }
    }
}

/// Carries out a command on the current event's socket.
fn apply_own(namespace: &Namespace, socket: &Socket, command: Command) {
    let adapter = namespace.adapter();
    match command {
        Command::Emit { event, payload, volatile } => {
            socket.send(encode::event(namespace.path(), None, &event, &payload), volatile);
        }
        Command::Join(rooms) => adapter.join(socket, &rooms),
        Command::Leave(room) => adapter.leave(socket, &room),
        Command::Disconnect { close } => socket.leave_namespace(DisconnectReason::ServerNamespace, close),
        Command::SetData(json) => socket.set_data(json),
        _ => {}
    }
}
