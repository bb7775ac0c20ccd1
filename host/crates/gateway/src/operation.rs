//! One operation on many sockets of this node, carried out in slices.
//!
//! It selects sockets as a [`Sweep`] does. An event is pushed to each while the sweep visits it; other operations first
//! collect the sockets, because they change the index.

use std::collections::VecDeque;
use std::sync::Arc;

use engine_io::Encoded;
use socket_io::Payload;

use crate::encode;
use crate::index::RoomList;
use crate::model::{DisconnectReason, Operation, Selection};
use crate::namespace::Namespace;
use crate::recovery::{Recipients, Recovery};
use crate::slices::Budget;
use crate::socket::Socket;
use crate::sweep::Sweep;

/// How far an operation has come. It begins anew for each.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    sweep: Sweep,
    /// Whether the sweep has ended.
    swept: bool,
    /// Sockets that were selected and are still to be changed.
    selected: VecDeque<Arc<Socket>>,
    /// The packet of an event, encoded once.
    packet: Option<Encoded>,
}

impl Progress {
    /// Carries on. True if the operation is complete, false if the budget is spent.
    pub(crate) fn carry_on(
        &mut self,
        namespace: &Namespace,
        selection: Selection<'_>,
        operation: &Operation,
        budget: &mut Budget,
    ) -> bool {
        if let (Operation::Emit { event, payload }, None) = (operation, namespace.recovery()) {
            let packet = self.packet.get_or_insert_with(|| {
                encode::event(namespace.path(), event, payload, None).charged_to(namespace.memory())
            });
            let volatile = selection.target.volatile;
            let deliver = |socket: &Arc<Socket>| socket.send(packet.clone(), volatile);
            return namespace.rooms().visit(&mut self.sweep, selection, budget, deliver);
        }
        if !self.swept {
            let selected = |socket: &Arc<Socket>| self.selected.push_back(socket.clone());
            self.swept = namespace.rooms().visit(&mut self.sweep, selection, budget, selected);
        }
        if !self.swept {
            return false;
        }
        match operation {
            Operation::Emit { event, payload } => {
                if let Some(recovery) = namespace.recovery() {
                    budget.take(self.selected.len());
                    self.emit_recoverable(namespace, recovery, selection, (event, payload));
                }
                true
            }
            Operation::Join(rooms) => self.each(budget, |socket, budget| namespace.rooms().join(socket, rooms, budget)),
            Operation::Leave(rooms) => {
                let rooms = RoomList::new(rooms, budget);
                self.each(budget, |socket, budget| namespace.rooms().leave(socket, &rooms, budget))
            }
            Operation::Disconnect { close } => self.each(budget, |socket, budget| {
                budget.take(1 + socket.rooms().len());
                namespace.remove(socket, DisconnectReason::ServerNamespace, *close);
            }),
        }
    }

    /// Sends an event that returning clients get later. All sockets get it at once, because each must see offsets in
    /// their order; nothing is looked up for those that were selected.
    fn emit_recoverable(
        &self,
        namespace: &Namespace,
        recovery: &Recovery,
        selection: Selection<'_>,
        (event, payload): (&str, &Payload),
    ) {
        let Selection { target, sender } = selection;
        let deliver = |packet: Encoded| {
            let send = |socket: &Arc<Socket>| socket.send(packet.clone(), target.volatile);
            self.selected.iter().for_each(send);
            // A client that returned since the sweep began, and did not find the packet in the log yet.
            let mut later = self.sweep.of_later();
            namespace.rooms().visit(&mut later, selection, &mut Budget::unlimited(), send);
        };
        recovery.send(
            Recipients::Selected(target.clone(), sender.map(Into::into)),
            target.volatile,
            |offset| encode::event(namespace.path(), event, payload, Some(offset)).charged_to(namespace.memory()),
            deliver,
        );
    }

    /// Changes the selected sockets, one after the other. True if these were the last, false if the budget is spent.
    fn each(&mut self, budget: &mut Budget, mut change: impl FnMut(&Arc<Socket>, &mut Budget)) -> bool {
        while let Some(socket) = self.selected.pop_front() {
            change(&socket, budget);
            if budget.is_spent() {
                break;
            }
        }
        self.selected.is_empty()
    }
}
