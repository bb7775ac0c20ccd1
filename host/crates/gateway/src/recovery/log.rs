//! The packets that a namespace sent lately, in order, each with its offset.
//!
//! Bounded in bytes and age, and in number if the operator says so; the oldest go first. A client that missed a dropped
//! packet cannot be recovered. Packets for one socket alone have a share of the bytes ([`SHARE`]): a socket that is sent
//! more loses its own, and nobody else loses any.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use engine_io::Encoded;
use tokio::time::Instant;

use crate::model::{RecoveryLimits, RoomNames, Selection, Target};

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
    fn include(&self, id: &str, rooms: &RoomNames) -> bool {
        match self {
            Self::Socket(socket) => **socket == *id,
            Self::Selected(target, sender) => {
                let is_in = |room: &String| *room == id || rooms.iter().any(|joined| **joined == **room);
                Selection { target, sender: sender.as_deref() }.includes(id, is_in)
            }
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

    /// The packets for a socket after an offset; none if some of them are gone.
    pub(super) fn after(&self, offset: u64, id: &str, rooms: &RoomNames) -> Option<Missed> {
        let mut missed = Missed { packets: Vec::new(), up_to: offset };
        self.complete(&mut missed, id, rooms).then_some(missed)
    }

    /// Adds the packets since `missed` was collected; false if some of them are gone.
    pub(super) fn complete(&self, missed: &mut Missed, id: &str, rooms: &RoomNames) -> bool {
        let dropped = self.own.get(id).map_or(self.dropped, |own| own.dropped.max(self.dropped));
        if missed.up_to < dropped || missed.up_to > self.newest {
            return false;
        }
        let newer = self.kept.range(missed.up_to + 1..).filter(|(_, kept)| kept.recipients.include(id, rooms));
        missed.packets.extend(newer.map(|(_, kept)| kept.packet.clone()));
        missed.up_to = self.newest;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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

    fn after(log: &Log, offset: u64) -> Option<Vec<String>> {
        texts(log.after(offset, "me", &RoomNames::default()))
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
        assert!(log.after(0, "greedy", &rooms).is_none(), "its oldest are gone");
        assert!(log.after(log.newest() - 10, "greedy", &rooms).is_some_and(|missed| missed.packets.len() == 10));
        assert!(log.bytes() < (256 << 10) / 8);
        let later = Instant::now() + Duration::from_secs(60);
        log.expire(Duration::from_secs(30), later);
        assert_eq!((log.bytes(), log.kept.len(), log.own.len()), (0, 0, 0));
        assert!(after(&log, 0).is_none() && log.after(log.newest() - 1, "greedy", &rooms).is_none());
        assert_eq!(after(&log, log.newest()).unwrap(), [""; 0]);
    }

    #[test]
    fn what_came_meanwhile_completes_it() {
        let limits = limits(2, 10_000);
        let mut log = log(2, &limits);
        let rooms = RoomNames::default();
        let mut missed = log.after(1, "me", &rooms).unwrap();
        log.push(all(), packet("3"), Instant::now(), &limits);
        assert!(log.complete(&mut missed, "me", &rooms));
        assert_eq!(texts(Some(missed)).unwrap(), ["2", "3"]);
        let mut missed = log.after(3, "me", &rooms).unwrap();
        for _ in 0..3 {
            log.push(all(), packet("x"), Instant::now(), &limits);
        }
        assert!(!log.complete(&mut missed, "me", &rooms));
    }

    #[test]
    fn recipients_are_those_of_the_broadcast() {
        let rooms: RoomNames = Arc::new(vec!["a".into(), "b".into()]);
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
