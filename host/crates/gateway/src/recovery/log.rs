//! The packets that a namespace sent lately, in order, each with its offset.
//!
//! Bounded in bytes and age, and in number if the operator says so; the oldest go first. A client that missed a dropped
//! packet cannot be recovered. Packets for one socket alone have a share of the bytes ([`SHARE`]): a socket that is sent
//! more loses its own, and nobody else loses any.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use engine_io::Encoded;
use tokio::time::Instant;

use crate::model::{RecoveryLimits, RoomNames, Selection, Target};
use crate::slices::Budget;

/// The recipients of a packet.
#[derive(Debug, Clone)]
pub(crate) enum Recipients {
    /// The socket of this id.
    Socket(Box<str>),
    /// The sockets that a broadcast selects, with the sender's id if a socket sent it.
    Selected(Target, Option<Box<str>>),
}

impl Recipients {
    /// Whether a socket of this id, in these rooms beside its own, is one of them.
    fn include(&self, id: &str, rooms: &HashSet<&str>) -> bool {
        match self {
            Self::Socket(socket) => **socket == *id,
            Self::Selected(target, sender) => {
                let is_in = |room: &String| *room == id || rooms.contains(room.as_str());
                Selection { target, sender: sender.as_deref() }.includes(id, is_in)
            }
        }
    }

    /// How many rooms may have to be looked up for that.
    fn lookups(&self) -> usize {
        match self {
            Self::Socket(_) => 0,
            Self::Selected(target, _) => target.rooms.len() + target.except.len(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Socket(id) => id.len(),
            Self::Selected(target, _) => {
                target.rooms.iter().chain(&target.except).map(|room| room.len() + size_of::<String>()).sum()
            }
        }
    }
}

/// The packets that a client missed.
#[derive(Debug)]
pub(crate) struct Missed {
    pub packets: Vec<Encoded>,
    /// The offset up to which they are complete.
    up_to: u64,
}

/// The socket of a client that returns, as the log looks for its packets.
pub(super) struct Returned<'a> {
    id: &'a str,
    /// Without the room of its own id.
    rooms: HashSet<&'a str>,
}

/// Whether all packets that a client missed were collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Collected {
    All,
    /// Not yet: the budget is spent.
    Some,
    /// Some of them are gone.
    Gone,
}

impl Missed {
    /// Nothing yet of what came after an offset.
    pub(super) fn after(offset: u64) -> Self {
        Self { packets: Vec::new(), up_to: offset }
    }
}

impl<'a> Returned<'a> {
    pub(super) fn new(id: &'a str, rooms: &'a RoomNames) -> Self {
        Self { id, rooms: rooms.iter().map(|room| &**room).collect() }
    }
}

/// Packets for one socket alone may take this part of the bytes.
const SHARE: usize = 16;

#[derive(Debug)]
pub(super) struct Log {
    /// By their offsets.
    kept: BTreeMap<u64, LoggedPacket>,
    bytes: usize,
    /// The offset of the newest packet, kept or not.
    newest: u64,
    /// The offset of the newest packet that was dropped because it was the oldest.
    dropped: u64,
    /// What is kept for one socket alone, by its id.
    own: HashMap<Box<str>, Own>,
}

/// The packets for one socket alone.
#[derive(Debug, Default)]
struct Own {
    offsets: VecDeque<u64>,
    bytes: usize,
    /// The offset of the newest packet that was dropped because the share was used up.
    dropped: u64,
}

#[derive(Debug)]
struct LoggedPacket {
    recipients: Recipients,
    packet: Encoded,
    size: usize,
    at: Instant,
}

impl Log {
    /// Bytes charged per packet for bookkeeping.
    const ENTRY: usize = size_of::<LoggedPacket>();

    pub(super) fn new() -> Self {
        Self { kept: BTreeMap::new(), bytes: 0, newest: 0, dropped: 0, own: HashMap::new() }
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Keeps the packet of the next offset.
    pub(super) fn push(&mut self, recipients: Recipients, packet: Encoded, now: Instant, limits: &RecoveryLimits) {
        let size = packet.size() + recipients.size() + Self::ENTRY;
        self.newest += 1;
        self.bytes += size;
        if let Recipients::Socket(id) = &recipients {
            let id = id.clone();
            let own = self.own.entry(id.clone()).or_default();
            own.offsets.push_back(self.newest);
            own.bytes += size;
            self.kept.insert(self.newest, LoggedPacket { recipients, packet, size, at: now });
            self.keep_to_share(&id, limits.bytes / SHARE);
        } else {
            self.kept.insert(self.newest, LoggedPacket { recipients, packet, size, at: now });
        }
        while limits.packets.is_some_and(|most| self.kept.len() > most) || self.bytes > limits.bytes {
            self.forget_oldest();
        }
    }

    /// Drops the oldest packets for one socket alone while they take more than its share.
    fn keep_to_share(&mut self, id: &str, share: usize) {
        let Some(own) = self.own.get_mut(id) else { return };
        while own.bytes > share
            && let Some(offset) = own.offsets.pop_front()
        {
            own.dropped = offset;
            if let Some(kept) = self.kept.remove(&offset) {
                own.bytes -= kept.size;
                self.bytes -= kept.size;
            }
        }
    }

    /// Drops packets older than `age`.
    pub(super) fn expire(&mut self, age: Duration, now: Instant) {
        while self.kept.first_key_value().is_some_and(|(_, kept)| now.duration_since(kept.at) > age) {
            self.forget_oldest();
        }
        if self.kept.is_empty() {
            // Whoever missed one that a share has dropped missed this, too.
            self.dropped = self.newest;
            self.own = HashMap::new();
        }
    }

    /// Frees the capacity that a burst needed.
    pub(super) fn shrink(&mut self) {
        self.own.shrink_to(self.own.len() * 2);
    }

    fn forget_oldest(&mut self) {
        let Some((offset, kept)) = self.kept.pop_first() else { return };
        self.bytes -= kept.size;
        self.dropped = offset;
        if let Recipients::Socket(id) = &kept.recipients
            && let Some(own) = self.own.get_mut(id)
        {
            own.offsets.pop_front();
            own.bytes -= kept.size;
            if own.offsets.is_empty() && own.dropped <= offset {
                self.own.remove(id);
            }
        }
    }

    /// Adds packets since `missed` was collected.
    pub(super) fn collect(&self, missed: &mut Missed, socket: &Returned<'_>, budget: &mut Budget) -> Collected {
        let dropped = self.own.get(socket.id).map_or(self.dropped, |own| own.dropped.max(self.dropped));
        if missed.up_to < dropped || missed.up_to > self.newest {
            return Collected::Gone;
        }
        for (offset, kept) in self.kept.range(missed.up_to + 1..) {
            if budget.is_spent() {
                return Collected::Some;
            }
            budget.take(1 + kept.recipients.lookups());
            if kept.recipients.include(socket.id, &socket.rooms) {
                missed.packets.push(kept.packet.clone());
            }
            missed.up_to = *offset;
        }
        missed.up_to = self.newest;
        Collected::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine_io::packet::Frame;

    fn packet(text: &str) -> Encoded {
        Encoded::One(Frame::from_message(format!("4{text}")))
    }

    fn limits(packets: usize, bytes: usize) -> RecoveryLimits {
        RecoveryLimits { packets: Some(packets), bytes, ..RecoveryLimits::default() }
    }

    fn all() -> Recipients {
        Recipients::Selected(Target::default(), None)
    }

    fn log(count: usize, limits: &RecoveryLimits) -> Log {
        let mut log = Log::new();
        for number in 1..=count {
            log.push(all(), packet(&number.to_string()), Instant::now(), limits);
        }
        log
    }

    fn texts(missed: Option<Missed>) -> Option<Vec<String>> {
        let text = |packet: &Encoded| match &packet.frames()[0] {
            Frame::Text(text) => String::from_utf8(text[1..].to_vec()).unwrap(),
            Frame::Binary(_) => panic!("a text frame is expected"),
        };
        missed.map(|missed| missed.packets.iter().map(text).collect())
    }

    fn collect(log: &Log, missed: &mut Missed, budget: &mut Budget) -> Collected {
        log.collect(missed, &Returned::new("me", &RoomNames::default()), budget)
    }

    fn after(log: &Log, offset: u64) -> Option<Vec<String>> {
        let mut missed = Missed::after(offset);
        let collected = collect(log, &mut missed, &mut Budget::unlimited());
        texts((collected == Collected::All).then_some(missed))
    }

    #[test]
    fn what_came_after_an_offset() {
        let log = log(3, &limits(10, 10_000));
        assert_eq!(after(&log, 0).unwrap(), ["1", "2", "3"]);
        assert_eq!(after(&log, 2).unwrap(), ["3"]);
        assert_eq!(after(&log, 3).unwrap(), [""; 0]);
        assert_eq!(after(&log, 4), None, "no such packet was sent yet");
    }

    #[test]
    fn the_oldest_go_first() {
        let log = log(5, &limits(2, 10_000));
        assert_eq!(after(&log, 3).unwrap(), ["4", "5"]);
        assert_eq!(after(&log, 2), None, "3 is gone");
        let one = packet("1").size() + Log::ENTRY;
        let log = self::log(5, &limits(10, 2 * one));
        assert_eq!(log.bytes, 2 * one);
        assert_eq!(log.kept.len(), 2);
    }

    #[test]
    fn a_packet_that_does_not_fit_is_a_gap() {
        let mut log = log(1, &limits(10, 10_000));
        log.push(all(), packet(&"x".repeat(1_000)), Instant::now(), &limits(10, 1_000));
        assert_eq!((log.kept.len(), log.bytes), (0, 0));
        assert_eq!(after(&log, 1), None);
        assert_eq!(after(&log, 2).unwrap(), [""; 0]);
    }

    #[test]
    fn the_old_expire() {
        let limits = limits(10, 10_000);
        let mut log = log(1, &limits);
        let later = Instant::now() + Duration::from_secs(60);
        log.push(all(), packet("2"), later, &limits);
        log.expire(Duration::from_secs(30), later);
        assert_eq!(after(&log, 0), None);
        assert_eq!(after(&log, 1).unwrap(), ["2"]);
    }

    #[test]
    fn who_is_sent_much_loses_only_its_own() {
        let limits = RecoveryLimits { bytes: 256 << 10, ..RecoveryLimits::default() };
        let rooms = RoomNames::default();
        let mut log = Log::new();
        log.push(Recipients::Socket("me".into()), packet("mine"), Instant::now(), &limits);
        log.push(all(), packet("for all"), Instant::now(), &limits);
        for _ in 0..12_000 {
            log.push(Recipients::Socket("greedy".into()), packet("x"), Instant::now(), &limits);
        }
        assert_eq!(after(&log, 0).unwrap(), ["mine", "for all"]);
        let greedy = |log: &Log, offset: u64| {
            let mut missed = Missed::after(offset);
            let collected = log.collect(&mut missed, &Returned::new("greedy", &rooms), &mut Budget::unlimited());
            (collected == Collected::All).then_some(missed.packets.len())
        };
        assert_eq!(greedy(&log, 0), None, "its oldest are gone");
        assert_eq!(greedy(&log, log.newest() - 10), Some(10));
        assert!(log.bytes() < (256 << 10) / 8);
        let later = Instant::now() + Duration::from_secs(60);
        log.expire(Duration::from_secs(30), later);
        assert_eq!((log.bytes(), log.kept.len(), log.own.len()), (0, 0, 0));
        assert!(after(&log, 0).is_none() && greedy(&log, log.newest() - 1).is_none());
        assert_eq!(after(&log, log.newest()).unwrap(), [""; 0]);
    }

    #[test]
    fn what_came_meanwhile_completes_it() {
        let limits = limits(2, 10_000);
        let mut log = log(2, &limits);
        let mut budget = Budget::unlimited();
        let mut missed = Missed::after(1);
        assert_eq!(collect(&log, &mut missed, &mut budget), Collected::All);
        log.push(all(), packet("3"), Instant::now(), &limits);
        assert_eq!(collect(&log, &mut missed, &mut budget), Collected::All);
        assert_eq!(texts(Some(missed)).unwrap(), ["2", "3"]);
        let mut missed = Missed::after(3);
        for _ in 0..3 {
            log.push(all(), packet("x"), Instant::now(), &limits);
        }
        assert_eq!(collect(&log, &mut missed, &mut budget), Collected::Gone);
    }

    #[test]
    fn a_long_log_is_searched_in_slices() {
        let limits = limits(100, 1 << 20);
        let mut log = Log::new();
        let many = Target { rooms: (0..1_000).map(|room| room.to_string()).collect(), ..Target::default() };
        for number in 1..=20 {
            log.push(Recipients::Selected(many.clone(), None), packet("of others"), Instant::now(), &limits);
            log.push(all(), packet(&number.to_string()), Instant::now(), &limits);
        }
        let (mut missed, mut slices) = (Missed::after(0), 1);
        while collect(&log, &mut missed, &mut Budget::slice()) == Collected::Some {
            slices += 1;
        }
        assert_eq!(slices, 5, "20,000 lookups");
        assert_eq!(texts(Some(missed)).unwrap(), (1..=20).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn recipients_are_those_of_the_broadcast() {
        let rooms = HashSet::from(["a", "b"]);
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let included = |to: &[&str], except: &[&str], sender: Option<&str>| {
            let target = Target { rooms: names(to), except: names(except), exclude_sender: true, ..Target::default() };
            Recipients::Selected(target, sender.map(Into::into)).include("me", &rooms)
        };
        assert!(included(&[], &[], None) && included(&["x", "b"], &["y"], Some("other")));
        assert!(included(&["me"], &[], None));
        assert!(!included(&["x"], &[], None) && !included(&["a"], &["b"], None) && !included(&[], &["me"], None));
        assert!(!included(&["a"], &[], Some("me")));
        assert!(Recipients::Socket("me".into()).include("me", &rooms));
        assert!(!Recipients::Socket("a".into()).include("me", &rooms));
    }
}
