//! Visits the sockets that a target selects, in slices: the lock of the rooms is free between two of them.
//!
//! A sweep visits sockets that match from its beginning to its end exactly once, in the order in which they connected;
//! none that came later, so it ends. One that joins or leaves a room meanwhile may be visited or not.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use crate::index::{Index, Members};
use crate::model::Selection;
use crate::slices::Budget;
use crate::socket::Socket;

/// How far a sweep has come.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    /// The place among the target's rooms.
    room: usize,
    /// Serial of the last socket visited in this room; none if the room was not begun.
    after: Option<u64>,
    /// Serials before the first and of the last socket that it visits; none before it begins.
    span: Option<(u64, u64)>,
    /// Those visited, if the target has several rooms.
    seen: HashSet<u64>,
}

impl Sweep {
    /// A sweep of the sockets that came since this one began.
    pub(crate) fn of_later(&self) -> Self {
        Self { span: self.span.map(|(_, last)| (last, u64::MAX)), ..Self::default() }
    }

    /// Visits the next sockets. True if these were the last, false if the budget is spent.
    pub(crate) fn run(
        &mut self,
        index: &Index,
        selection: Selection<'_>,
        budget: &mut Budget,
        mut visit: impl FnMut(&Arc<Socket>),
    ) -> bool {
        let target = selection.target;
        let left_out = LeftOut::new(index, &target.except, budget);
        let (first, last) = *self.span.get_or_insert_with(|| (0, index.newest()));
        let mut first_one = true;
        while self.room < target.rooms.len().max(1) {
            let place = target.rooms.get(self.room);
            let (own, members) = place.map_or((None, Some(index.sockets())), |room| index.members(room));
            let after = self.after.unwrap_or(first);
            let own = own.filter(|own| self.after.is_none() && (first < own.serial() && own.serial() <= last));
            let members = members.into_iter().flat_map(|members| range(members, after, last));
            for (socket, own) in own.into_iter().map(|own| (own, true)).chain(members.map(|member| (member, false))) {
                // However dear the lookups were, each slice gets on.
                if budget.is_spent() && !first_one {
                    return false;
                }
                first_one = false;
                budget.take(1);
                self.after = Some(if own { first } else { socket.serial() });
                let is_new = target.rooms.len() < 2 || self.seen.insert(socket.serial());
                if is_new && !selection.is_sender(socket.id()) && !left_out.has(socket, budget) {
                    visit(socket);
                }
            }
            budget.take(1);
            self.room += 1;
            self.after = None;
        }
        true
    }
}

/// The sockets after one serial, up to another.
fn range(members: &Members, after: u64, last: u64) -> impl Iterator<Item = &Arc<Socket>> {
    // The bounds of a range may not cross.
    members.range((Bound::Excluded(after), Bound::Included(last.max(after)))).map(|(_, socket)| socket)
}

/// The rooms whose sockets are left out, looked up once a slice.
struct LeftOut<'a> {
    rooms: Vec<(Option<&'a Arc<Socket>>, Option<&'a Members>)>,
    /// Their names, if they are many: then it may be quicker to look up a socket's rooms among them.
    names: HashSet<&'a str>,
}

impl<'a> LeftOut<'a> {
    const MANY: usize = 8;

    fn new(index: &'a Index, names: &'a [String], budget: &mut Budget) -> Self {
        budget.take(names.len());
        let found = |(own, members): &(Option<_>, Option<_>)| own.is_some() || members.is_some();
        let rooms: Vec<_> = names.iter().map(|name| index.members(name)).filter(found).collect();
        let names = if rooms.len() > Self::MANY { names.iter().map(String::as_str).collect() } else { HashSet::new() };
        Self { rooms, names }
    }

    fn has(&self, socket: &Socket, budget: &mut Budget) -> bool {
        if !self.names.is_empty() {
            let joined = socket.rooms();
            if joined.len() < self.rooms.len() {
                budget.take(joined.len());
                return self.names.contains(socket.id()) || joined.iter().any(|room| self.names.contains(&**room));
            }
        }
        budget.take(self.rooms.len());
        self.rooms.iter().any(|(own, members)| {
            own.is_some_and(|own| own.serial() == socket.serial())
                || members.is_some_and(|members| members.contains_key(&socket.serial()))
        })
    }
}
