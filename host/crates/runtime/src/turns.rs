//! Whose handler computes next in the slow lane.
//!
//! Components take turns, within a component its clients' addresses, and within an address its handlers; one that has
//! just begun goes before every other one that has computed already. Whoever has used more than a turn's time is
//! skipped until the others have used as much (deficit round robin). What is left of such a debt is forgotten when
//! there is nothing more to run. There is no clock and no I/O: time is an argument.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use super::places::{Claim, Client};

/// Time for which one may compute in a turn.
pub(super) const TURN: Duration = Duration::from_millis(5);

/// Most time that is held against anybody, which bounds the rounds that [`Turns::next`] makes.
const MOST_DEBT: Duration = Duration::from_millis(100);

/// Jobs that wait for their turn.
#[derive(Debug)]
pub(super) struct Turns<T> {
    tenants: Ring<usize, Ring<Client, Jobs<T>>>,
}

impl<T> Turns<T> {
    pub(super) fn new() -> Self {
        Self { tenants: Ring::new() }
    }

    /// Queues a job; `begins` tells that it has not computed before.
    pub(super) fn push(&mut self, claim: Claim, job: T, begins: bool) {
        self.tenants.queue(claim.tenant, Ring::new).queue(claim.client, Jobs::new).push(job, begins);
    }

    /// The next job. Call [`Turns::done`] when it has had its turn.
    pub(super) fn next(&mut self) -> Option<T> {
        self.tenants.turn(|clients| clients.turn(Jobs::next))
    }

    /// A job has had its turn, and computed for this time.
    pub(super) fn done(&mut self, claim: Claim, spent: Duration) {
        let Some(clients) = self.tenants.charge(claim.tenant, spent) else { return };
        clients.charge(claim.client, spent);
        clients.forget(claim.client);
        self.tenants.forget(claim.tenant);
    }
}

/// What has jobs, or is a job.
trait Queue {
    fn is_empty(&self) -> bool;
}

/// Queues that take turns.
#[derive(Debug)]
struct Ring<K, Q> {
    entries: HashMap<K, Entry<Q>>,
    /// Those that have jobs.
    order: VecDeque<K>,
}

#[derive(Debug)]
struct Entry<Q> {
    queue: Q,
    debt: Duration,
    /// Jobs that have their turn now.
    running: usize,
    /// Whether it is in the ring's order.
    waits: bool,
}

impl<K: Copy + Eq + Hash, Q: Queue> Ring<K, Q> {
    fn new() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }

    /// The queue of this key, to which a job is added.
    fn queue(&mut self, key: K, new: impl FnOnce() -> Q) -> &mut Q {
        let made = || Entry { queue: new(), debt: Duration::ZERO, running: 0, waits: false };
        let entry = self.entries.entry(key).or_insert_with(made);
        if !entry.waits {
            entry.waits = true;
            self.order.push_back(key);
        }
        &mut entry.queue
    }

    /// Takes a job from the queue whose turn it is.
    fn turn<J>(&mut self, take: impl FnOnce(&mut Q) -> Option<J>) -> Option<J> {
        loop {
            let key = self.order.pop_front()?;
            let entry = self.entries.get_mut(&key)?;
            entry.debt = entry.debt.saturating_sub(TURN);
            if !entry.debt.is_zero() {
                self.order.push_back(key);
                continue;
            }
            let job = take(&mut entry.queue);
            entry.running += 1;
            entry.waits = !entry.queue.is_empty();
            if entry.waits {
                self.order.push_back(key);
            }
            return job;
        }
    }

    fn charge(&mut self, key: K, spent: Duration) -> Option<&mut Q> {
        let entry = self.entries.get_mut(&key)?;
        entry.running = entry.running.saturating_sub(1);
        entry.debt = (entry.debt + spent).min(MOST_DEBT);
        Some(&mut entry.queue)
    }

    /// Forgets a queue that has no jobs.
    fn forget(&mut self, key: K) {
        if self.entries.get(&key).is_some_and(|entry| entry.running == 0 && !entry.waits) {
            self.entries.remove(&key);
        }
    }
}

impl<K, Q> Queue for Ring<K, Q> {
    fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// The jobs of one client: those that begin, and those that have computed, take turns.
#[derive(Debug)]
struct Jobs<T> {
    new: VecDeque<T>,
    old: VecDeque<T>,
    old_next: bool,
}

impl<T> Jobs<T> {
    fn new() -> Self {
        Self { new: VecDeque::new(), old: VecDeque::new(), old_next: false }
    }

    fn push(&mut self, job: T, begins: bool) {
        if begins { self.new.push_back(job) } else { self.old.push_back(job) }
    }

    fn next(&mut self) -> Option<T> {
        let old = (self.old_next && !self.old.is_empty()) || self.new.is_empty();
        self.old_next = !old;
        if old { self.old.pop_front() } else { self.new.pop_front() }
    }
}

impl<T> Queue for Jobs<T> {
    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.old.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn claim(tenant: usize, address: u8) -> Claim {
        Claim { tenant, client: Client::new(Some([10, 0, 0, address].into())) }
    }

    /// Gives turns to jobs that never end; each computes for the time that `spends` says. Who had the turns.
    fn run(jobs: &[(&'static str, Claim)], turns: usize, spends: impl Fn(&str) -> Duration) -> Vec<&'static str> {
        let mut queue = Turns::new();
        for (name, claim) in jobs {
            queue.push(*claim, (*name, *claim), false);
        }
        let mut had = Vec::new();
        for _ in 0..turns {
            let (name, claim) = queue.next().expect("jobs never end");
            had.push(name);
            queue.push(claim, (name, claim), false);
            queue.done(claim, spends(name));
        }
        had
    }

    fn count(had: &[&str], name: &str) -> usize {
        had.iter().filter(|other| **other == name).count()
    }

    #[test]
    fn a_component_has_half_beside_one_with_many_handlers() {
        let mut jobs: Vec<_> = (0..100).map(|address| ("greedy", claim(0, address))).collect();
        jobs.push(("other", claim(1, 1)));
        let had = run(&jobs, 100, |_| TURN);
        assert_eq!(count(&had, "other"), 50);
    }

    #[test]
    fn an_address_has_half_beside_one_with_many_handlers() {
        let mut jobs = vec![("greedy", claim(0, 1)); 100];
        jobs.push(("other", claim(0, 2)));
        let had = run(&jobs, 100, |_| TURN);
        assert_eq!(count(&had, "other"), 50);
    }

    #[test]
    fn handlers_of_one_address_take_turns() {
        let jobs = [("a", claim(0, 1)), ("b", claim(0, 1)), ("c", claim(0, 1))];
        assert_eq!(run(&jobs, 6, |_| TURN), ["a", "b", "c", "a", "b", "c"]);
    }

    #[test]
    fn time_counts_not_turns() {
        let jobs = [("long", claim(0, 1)), ("short", claim(1, 1))];
        let had = run(&jobs, 400, |name| if name == "long" { 15 * MILLISECOND } else { 5 * MILLISECOND });
        assert_eq!(count(&had, "short"), 3 * count(&had, "long"));
    }

    #[test]
    fn a_long_turn_is_not_held_against_anybody_for_ever() {
        let jobs = [("stuck", claim(0, 1)), ("other", claim(0, 2))];
        let had = run(&jobs, 25, |name| if name == "stuck" { Duration::from_secs(60) } else { TURN });
        assert!(count(&had, "stuck") >= 2, "{had:?}");
    }

    #[test]
    fn one_that_begins_goes_before_those_that_have_computed() {
        let mut queue = Turns::new();
        for job in ["old 1", "old 2", "old 3"] {
            queue.push(claim(0, 1), job, false);
        }
        for job in ["new 1", "new 2"] {
            queue.push(claim(0, 1), job, true);
        }
        let order: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
        assert_eq!(order, ["new 1", "old 1", "new 2", "old 2", "old 3"], "and none of these waits for ever");
    }

    #[test]
    fn nothing_is_kept_for_those_who_are_done() {
        let mut queue = Turns::new();
        queue.push(claim(0, 1), "a", true);
        queue.push(claim(0, 1), "b", true);
        assert_eq!((queue.next(), queue.next(), queue.next()), (Some("a"), Some("b"), None));
        queue.done(claim(0, 1), TURN);
        assert_eq!(queue.tenants.entries.len(), 1, "one still has its turn");
        queue.done(claim(0, 1), TURN);
        assert!(queue.tenants.entries.is_empty());
    }
}
