//! Which sockets a broadcast reaches, and that both directions of the index agree.

use std::collections::BTreeSet;

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::context::EventContext;
use crate::index::Members;
use crate::model::{Command, DisconnectReason, GatewayLimits, Operation, Target};
use crate::test_support::{World, rooms};
use engine_io::{CloseReason, Session};
use socket_io::Payload;

struct Member {
    socket: Arc<Socket>,
    session: Arc<Session>,
    context: EventContext,
}

impl Member {
    fn id(&self) -> &str {
        self.socket.id()
    }

    fn apply(&self, command: Command) {
        assert!(self.context.apply(vec![command]).is_done());
    }

    fn join(&self, rooms: &[&str]) {
        self.apply(Command::Join(rooms.iter().map(ToString::to_string).collect()));
    }

    fn leave(&self, room: &str) {
        self.apply(Command::Leave(room.into()));
    }

    /// How many packets it received since the last call.
    fn received(&self) -> usize {
        self.session.received().len()
    }
}

fn world(rooms_per_socket: usize) -> World {
    World::with_limits(GatewayLimits { rooms_per_socket, ..GatewayLimits::default() }, &[("/", &[])])
}

fn members<const N: usize>(world: &World) -> [Member; N] {
    std::array::from_fn(|_| {
        let (socket, session, context) = world.socket("/");
        Member { socket, session, context }
    })
}

/// How many packets each member receives of one broadcast of the first one.
fn reached<const N: usize>(members: &[Member; N], target: Target) -> [usize; N] {
    members[0].apply(Command::broadcast(target, "e", Payload::empty()));
    std::array::from_fn(|index| members[index].received())
}

fn excluding_sender(rooms: &[&str]) -> Target {
    Target { exclude_sender: true, ..self::rooms(rooms) }
}

fn except(rooms: &[&str], except: &[&str]) -> Target {
    Target { except: except.iter().map(ToString::to_string).collect(), ..self::rooms(rooms) }
}

fn index(world: &World) -> parking_lot::RwLockReadGuard<'_, Index> {
    world.rooms("/").index.read()
}

#[test]
fn a_broadcast_reaches_everybody_once() {
    let world = world(1000);
    let m: [_; 3] = members(&world);
    m[0].join(&["x", "y"]);
    m[1].join(&["y", "z", "y"]);
    assert_eq!(reached(&m, rooms(&[])), [1, 1, 1]);
    assert_eq!(reached(&m, excluding_sender(&[])), [0, 1, 1]);
    assert_eq!(reached(&m, rooms(&["x", "y", "z", "y"])), [1, 1, 0]);
    assert_eq!(reached(&m, excluding_sender(&["x", "y"])), [0, 1, 0]);
    assert_eq!(reached(&m, rooms(&["nobody"])), [0, 0, 0]);
}

#[test]
fn except_wins() {
    let world = world(1000);
    let m: [_; 3] = members(&world);
    m[0].join(&["x"]);
    m[1].join(&["x", "y"]);
    assert_eq!(reached(&m, except(&[], &["y"])), [1, 0, 1]);
    assert_eq!(reached(&m, except(&["x", "y"], &["y"])), [1, 0, 0]);
    assert_eq!(reached(&m, except(&["x"], &["x"])), [0, 0, 0]);
    assert_eq!(reached(&m, except(&[], &[m[2].id(), "nobody"])), [1, 1, 0]);
}

#[test]
fn an_id_is_a_room() {
    let world = world(1000);
    let m: [_; 3] = members(&world);
    let id = m[1].id();
    assert_eq!(reached(&m, rooms(&[id])), [0, 1, 0]);
    assert_eq!(reached(&m, rooms(&[id, id, m[2].id()])), [0, 1, 1]);
    m[1].leave(id);
    m[1].join(&[id]);
    m[2].join(&[id]);
    assert_eq!(reached(&m, rooms(&[id])), [0, 1, 1]);
    world.remove(&m[1].socket, DisconnectReason::ServerNamespace);
    m[1].received();
    assert_eq!(reached(&m, rooms(&[id])), [0, 0, 1], "another socket is still in the room");
}

#[test]
fn empty_rooms_are_dropped() {
    let world = world(1000);
    let m: [_; 2] = members(&world);
    m[0].join(&["x", "y", "z"]);
    m[1].join(&["x"]);
    m[0].leave("y");
    m[0].leave("y");
    world.remove(&m[0].socket, DisconnectReason::Session(CloseReason::TransportClose));
    assert_eq!(index(&world).rooms().keys().map(|name| &**name).collect::<Vec<_>>(), ["x"]);
    m[1].leave("x");
    assert!(index(&world).rooms().is_empty());
    assert_eq!(m[0].socket.rooms().iter().map(|name| &**name).collect::<Vec<_>>(), ["x", "z"], "kept for $disconnect");
}

#[test]
fn a_socket_that_has_left_joins_nothing() {
    let world = world(1000);
    let m: [_; 2] = members(&world);
    world.remove(&m[0].socket, DisconnectReason::ClientNamespace);
    m[0].join(&["x"]);
    m[1].apply(Command::Sockets { target: rooms(&[m[0].id()]), operation: Operation::Join(vec!["x".into()]) });
    assert!(index(&world).rooms().is_empty());
    assert_eq!(index(&world).sockets().len(), 1);
}

#[test]
fn selected_sockets_are_disconnected() {
    let world = world(1000);
    let m: [_; 4] = members(&world);
    m[1].join(&["x"]);
    m[2].join(&["x"]);
    m[0].apply(Command::Sockets {
        target: except(&["x"], &[m[2].id()]),
        operation: Operation::Disconnect { close: false },
    });
    assert_eq!(m.each_ref().map(Member::received), [0, 1, 0, 0]);
    m[0].apply(Command::Sockets { target: excluding_sender(&[]), operation: Operation::Disconnect { close: true } });
    assert_eq!(m.each_ref().map(Member::received), [0, 0, 1, 1]);
    assert!(m[0].context.connected() && !m[3].context.connected());
    assert_eq!(index(&world).sockets().len(), 1);
}

#[derive(Debug, Clone)]
enum Step {
    Join(usize, Vec<usize>),
    Leave(usize, usize),
    SocketsJoin(usize, Selected, Vec<usize>),
    SocketsLeave(usize, Selected, Vec<usize>),
    Disconnect(usize),
    Broadcast(usize, Selected),
    Fetch(usize, Selected),
}

#[derive(Debug, Clone)]
struct Selected {
    rooms: Vec<usize>,
    except: Vec<usize>,
    exclude_sender: bool,
}

const SOCKETS: usize = 5;
/// Rooms of the model by number: first each socket's own, then named ones.
const ROOMS: usize = SOCKETS + 4;
const ROOMS_PER_SOCKET: usize = 4;

fn some_rooms() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..ROOMS, 0..4)
}

fn selected() -> impl Strategy<Value = Selected> {
    let except = prop_oneof![2 => Just(Vec::new()), 1 => some_rooms()];
    (some_rooms(), except, any::<bool>()).prop_map(|(rooms, except, exclude_sender)| Selected {
        rooms,
        except,
        exclude_sender,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..SOCKETS, some_rooms()).prop_map(|(socket, rooms)| Step::Join(socket, rooms)),
        3 => (0..SOCKETS, 0..ROOMS).prop_map(|(socket, room)| Step::Leave(socket, room)),
        2 => (0..SOCKETS, selected(), some_rooms()).prop_map(|(s, target, rooms)| Step::SocketsJoin(s, target, rooms)),
        2 => (0..SOCKETS, selected(), some_rooms()).prop_map(|(s, target, rooms)| Step::SocketsLeave(s, target, rooms)),
        1 => (0..SOCKETS).prop_map(Step::Disconnect),
        4 => (0..SOCKETS, selected()).prop_map(|(socket, target)| Step::Broadcast(socket, target)),
        1 => (0..SOCKETS, selected()).prop_map(|(socket, target)| Step::Fetch(socket, target)),
    ]
}

/// The rooms that every socket should be in, in the simplest form.
struct Model {
    /// Without its own room; kept when the socket has left.
    rooms: [BTreeSet<usize>; SOCKETS],
    there: [bool; SOCKETS],
}

impl Model {
    fn is_in(&self, socket: usize, room: usize) -> bool {
        socket == room || self.rooms[socket].contains(&room)
    }

    fn selects(&self, sender: usize, target: &Selected, socket: usize) -> bool {
        let wanted = target.rooms.is_empty() || target.rooms.iter().any(|room| self.is_in(socket, *room));
        let unwanted = target.except.iter().any(|room| self.is_in(socket, *room));
        self.there[socket] && wanted && !unwanted && !(target.exclude_sender && socket == sender)
    }

    fn join(&mut self, socket: usize, rooms: &[usize]) {
        for room in rooms {
            if !self.there[socket] || self.is_in(socket, *room) {
                continue;
            }
            if self.rooms[socket].len() + 1 == ROOMS_PER_SOCKET {
                return;
            }
            self.rooms[socket].insert(*room);
        }
    }

    fn leave(&mut self, socket: usize, room: usize) {
        if self.there[socket] {
            self.rooms[socket].remove(&room);
        }
    }
}

proptest! {
    #[test]
    fn agrees_with_a_naive_model(steps in prop::collection::vec(step(), 0..60)) {
        let world = world(ROOMS_PER_SOCKET);
        let m: [Member; SOCKETS] = members(&world);
        let mut model = Model { rooms: Default::default(), there: [true; SOCKETS] };
        let name = |room: usize| if room < SOCKETS { m[room].id().to_owned() } else { format!("room {room}") };
        let names = |rooms: &[usize]| rooms.iter().map(|room| name(*room)).collect::<Vec<_>>();
        let target = |selected: &Selected| Target {
            rooms: names(&selected.rooms),
            except: names(&selected.except),
            exclude_sender: selected.exclude_sender,
            ..Target::default()
        };
        for step in steps {
            match step {
                Step::Join(socket, rooms) => {
                    m[socket].apply(Command::Join(names(&rooms)));
                    model.join(socket, &rooms);
                }
                Step::Leave(socket, room) => {
                    m[socket].leave(&name(room));
                    model.leave(socket, room);
                }
                Step::SocketsJoin(sender, selected, rooms) => {
                    m[sender].apply(Command::Sockets { target: target(&selected), operation: Operation::Join(names(&rooms)) });
                    let sockets: Vec<_> = (0..SOCKETS).filter(|s| model.selects(sender, &selected, *s)).collect();
                    sockets.into_iter().for_each(|socket| model.join(socket, &rooms));
                }
                Step::SocketsLeave(sender, selected, rooms) => {
                    m[sender].apply(Command::Sockets { target: target(&selected), operation: Operation::Leave(names(&rooms)) });
                    let sockets: Vec<_> = (0..SOCKETS).filter(|s| model.selects(sender, &selected, *s)).collect();
                    for socket in sockets {
                        rooms.iter().for_each(|room| model.leave(socket, *room));
                    }
                }
                Step::Disconnect(socket) => {
                    world.remove(&m[socket].socket, DisconnectReason::ClientNamespace);
                    model.there[socket] = false;
                }
                Step::Broadcast(sender, selected) => {
                    let (target, event) = (target(&selected), "e".to_owned());
                    m[sender].apply(Command::broadcast(target, event, Payload::empty()));
                    for (socket, member) in m.iter().enumerate() {
                        prop_assert_eq!(member.received(), usize::from(model.selects(sender, &selected, socket)));
                    }
                }
                Step::Fetch(sender, selected) => {
                    let target = target(&selected);
                    let found = m[sender].context.fetch_sockets(&target, usize::MAX).now_or_never().unwrap().unwrap();
                    let found: BTreeSet<_> = found.into_iter().map(|socket| socket.id).collect();
                    let want = (0..SOCKETS).filter(|s| model.selects(sender, &selected, *s)).map(name).collect();
                    prop_assert_eq!(found, want);
                }
            }
            let mut entries = 0;
            for (socket, member) in m.iter().enumerate() {
                let listed = member.socket.rooms();
                let want: BTreeSet<_> = model.rooms[socket].iter().map(|room| name(*room)).collect();
                prop_assert_eq!(listed.len(), want.len());
                prop_assert_eq!(listed.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), want);
                entries += if model.there[socket] { listed.len() } else { 0 };
            }
            let index = index(&world);
            prop_assert!(index.rooms().values().all(|members| !members.is_empty()));
            prop_assert_eq!(index.rooms().values().map(Members::len).sum::<usize>(), entries);
            prop_assert_eq!(index.sockets().len(), model.there.iter().filter(|there| **there).count());
        }
    }
}
