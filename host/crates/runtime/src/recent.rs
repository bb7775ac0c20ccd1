//! Who has computed much lately outside the slow lane, so that its next handlers begin in it.
//!
//! A handler may compute for a while before it is moved to the slow lane. That while is held against its client's
//! address and its component, and forgiven with time. An address that has used up [`BURST`] begins in the slow lane; in
//! a component that has, so does every address that has anything held against it. Whoever computes little never does.
//! There is no clock: time is an argument.

use std::collections::HashMap;
use std::time::Duration;

use super::places::{Claim, Client};

/// Time that may be held against anybody without consequences.
const BURST: Duration = Duration::from_millis(100);

/// Most time that is held against anybody.
const MOST: Duration = Duration::from_millis(200);

/// A tenth of the time that passes is forgiven.
const FORGIVEN: u32 = 10;

/// Most entries. Each stands for time that was computed lately, so there are never many; beyond, nothing is added.
const ENTRIES: usize = 1_000;

/// Shortest time between two searches for entries to forget.
const SWEEP: Duration = Duration::from_millis(100);

/// What is held against addresses and, without a client, against whole components.
#[derive(Debug, Default)]
pub(super) struct Recent {
    debts: HashMap<(usize, Option<Client>), Debt>,
    swept: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Debt {
    time: Duration,
    /// When it was that much.
    at: Duration,
}

impl Debt {
    fn left(self, now: Duration) -> Duration {
        self.time.saturating_sub(now.saturating_sub(self.at) / FORGIVEN)
    }
}

impl Recent {
    /// Somebody has computed for this time.
    pub(super) fn charge(&mut self, claim: Claim, spent: Duration, now: Duration) {
        self.forgive(now);
        for key in [(claim.tenant, None), (claim.tenant, Some(claim.client))] {
            if self.debts.len() < ENTRIES || self.debts.contains_key(&key) {
                let debt = self.debts.entry(key).or_insert(Debt { time: Duration::ZERO, at: now });
                *debt = Debt { time: (debt.left(now) + spent).min(MOST), at: now };
            }
        }
    }

    /// Whether this claim's next handler begins in the slow lane.
    pub(super) fn has_computed(&self, claim: Claim, now: Duration) -> bool {
        let left = |client| self.debts.get(&(claim.tenant, client)).map_or(Duration::ZERO, |debt| debt.left(now));
        let own = left(Some(claim.client));
        own > BURST || (!own.is_zero() && left(None) > BURST)
    }

    /// Forgets what is forgiven, now and then.
    pub(super) fn forgive(&mut self, now: Duration) {
        if now.saturating_sub(self.swept) < SWEEP {
            return;
        }
        self.swept = now;
        self.debts.retain(|_, debt| !debt.left(now).is_zero());
    }

    /// Whether nothing is held against anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.debts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURN: Duration = Duration::from_millis(10);

    fn claim(tenant: usize, address: u16) -> Claim {
        let [high, low] = address.to_be_bytes();
        Claim { tenant, client: Client::new(Some([10, 0, high, low].into())) }
    }

    #[test]
    fn who_computes_much_begins_in_the_slow_lane_for_a_while() {
        let mut recent = Recent::default();
        let now = Duration::from_secs(5);
        for _ in 0..10 {
            recent.charge(claim(0, 1), TURN, now);
        }
        assert!(!recent.has_computed(claim(0, 1), now));
        recent.charge(claim(0, 1), TURN, now);
        assert!(recent.has_computed(claim(0, 1), now));
        assert!(!recent.has_computed(claim(0, 2), now), "an address that did not compute");
        assert!(!recent.has_computed(claim(1, 1), now), "another component");
        let later = now + 10 * TURN;
        assert!(!recent.has_computed(claim(0, 1), later), "a tenth of the time is forgiven");
        recent.forgive(later);
        assert!(!recent.is_empty());
        recent.forgive(now + Duration::from_millis(1_100));
        assert!(recent.is_empty());
    }

    #[test]
    fn many_addresses_that_compute_a_little_each_are_noticed() {
        let mut recent = Recent::default();
        let now = Duration::ZERO;
        (1..=11).for_each(|address| recent.charge(claim(0, address), TURN, now));
        assert!((1..=11).all(|address| recent.has_computed(claim(0, address), now)));
        assert!(!recent.has_computed(claim(0, 12), now), "it has not computed");
        assert!(!recent.has_computed(claim(1, 1), now));
    }

    #[test]
    fn no_debt_lasts_long() {
        let mut recent = Recent::default();
        recent.charge(claim(0, 1), Duration::from_secs(60), Duration::ZERO);
        assert!(!recent.has_computed(claim(0, 1), Duration::from_secs(1)));
    }

    #[test]
    fn entries_are_bounded_and_make_room_when_forgiven() {
        let mut recent = Recent::default();
        (0..=u16::MAX).for_each(|address| recent.charge(claim(0, address), TURN, Duration::ZERO));
        assert_eq!(recent.debts.len(), ENTRIES);
        let later = Duration::from_secs(1);
        recent.charge(claim(0, u16::MAX), TURN, later);
        assert!(recent.debts.len() <= 2, "its own, and its component's");
    }
}
