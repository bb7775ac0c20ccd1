//! Sessions that have joined no namespace, by the address that opened them.
//!
//! A client that joins nothing costs an attacker next to nothing, so there is a bound for each address and one for all.
//! When one is reached, the oldest session of the address that has most of them makes room: whoever floods displaces
//! itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};

/// Sessions `T` that have joined no namespace.
#[derive(Debug)]
pub(super) struct Unjoined<T> {
    /// Those of each origin, by their serial number: the oldest first.
    by_origin: HashMap<IpAddr, BTreeMap<u64, T>>,
    /// How many each origin has.
    counts: BTreeSet<(usize, IpAddr)>,
    total: usize,
}

impl<T> Default for Unjoined<T> {
    fn default() -> Self {
        Self { by_origin: HashMap::new(), counts: BTreeSet::new(), total: 0 }
    }
}

/// Whom an address counts for: in IPv6 its /64, all of whose addresses usually belong to one customer.
pub(super) fn origin(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

impl<T> Unjoined<T> {
    pub(super) fn add(&mut self, origin: IpAddr, serial: u64, session: T) {
        let before = self.count(origin);
        let added = self.by_origin.entry(origin).or_default().insert(serial, session).is_none();
        self.recount(origin, before, before + usize::from(added));
    }

    pub(super) fn remove(&mut self, origin: IpAddr, serial: u64) {
        let before = self.count(origin);
        if self.by_origin.get_mut(&origin).and_then(|sessions| sessions.remove(&serial)).is_some() {
            self.recount(origin, before, before - 1);
        }
    }

    /// Takes the oldest session of an origin.
    pub(super) fn take_oldest(&mut self, origin: IpAddr) -> Option<T> {
        let before = self.count(origin);
        let (_, session) = self.by_origin.get_mut(&origin)?.pop_first()?;
        self.recount(origin, before, before - 1);
        Some(session)
    }

    /// The origin that has most, and how many.
    pub(super) fn greediest(&self) -> Option<(usize, IpAddr)> {
        self.counts.last().copied()
    }

    pub(super) fn count(&self, origin: IpAddr) -> usize {
        self.by_origin.get(&origin).map_or(0, BTreeMap::len)
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    fn recount(&mut self, origin: IpAddr, before: usize, now: usize) {
        self.counts.remove(&(before, origin));
        if now > 0 {
            self.counts.insert((now, origin));
        } else {
            self.by_origin.remove(&origin);
        }
        self.total = self.total + now - before;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_oldest_of_an_origin_go_first() {
        let (a, b) = (address("192.0.2.1"), address("192.0.2.2"));
        let mut unjoined = Unjoined::default();
        for (serial, origin) in [(1, b), (2, a), (3, a), (4, a), (3, a)] {
            unjoined.add(origin, serial, serial);
        }
        assert_eq!((unjoined.total(), unjoined.greediest()), (4, Some((3, a))));
        assert_eq!(unjoined.take_oldest(a), Some(2));
        unjoined.remove(a, 4);
        unjoined.remove(a, 4);
        assert_eq!((unjoined.count(a), unjoined.count(b), unjoined.total()), (1, 1, 2));
        assert_eq!((unjoined.take_oldest(a), unjoined.take_oldest(a)), (Some(3), None));
        assert_eq!(unjoined.greediest(), Some((1, b)));
        unjoined.remove(b, 1);
        assert_eq!((unjoined.total(), unjoined.greediest()), (0, None));
        assert!(unjoined.by_origin.is_empty() && unjoined.counts.is_empty());
    }

    #[test]
    fn an_ipv6_address_counts_for_its_64() {
        assert_eq!(origin(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
        assert_eq!(origin(address("192.0.2.1")), address("192.0.2.1"));
    }
}
