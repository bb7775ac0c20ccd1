//! Who has places for instances, and who gets the next one.
//!
//! Components share the places as [`Shares`] says. Within a component an address may hold three times what it leaves
//! free, so that a quarter is left for other clients, however many handlers of one address wait. When a place becomes
//! free, it goes to the component that has the fewest, in this to the address that has the fewest, in this to the event
//! that has waited longest. A socket's events are handled one at a time, so its next one queues behind other sockets'.
//!
//! Every operation takes logarithmic time in what waits. There is no clock and no I/O.

use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::shares::Shares;

/// An address may hold this many places for each one that it leaves free.
const HELD_FOR_EACH_FREE: usize = 3;

/// One in this many places may be held by an idle instance.
const RESTING: usize = 4;

/// Who wants a place: a component, for a client. Calls without a client are bounded by their component's share only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Claim {
    pub(super) tenant: usize,
    pub(super) client: Client,
}

/// A client's address, as far as it tells clients apart. Calls without a client have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Client(u128);

impl Client {
    const NONE: Self = Self(0);

    /// An IPv6 client chooses the lower half of its address itself, so only the upper half counts.
    pub(super) fn new(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::NONE,
            Some(IpAddr::V4(address)) => Self((1 << 64) | u128::from(address.to_bits())),
            Some(IpAddr::V6(address)) => Self((2 << 64) | (address.to_bits() >> 64)),
        }
    }
}

/// The places, and the tickets of those who wait for one.
#[derive(Debug)]
pub(super) struct Places<T> {
    shares: Shares,
    /// Most places of one address; none if the rule for it holds.
    for_address: Option<usize>,
    most_resting: usize,
    resting: usize,
    waiting: usize,
    tenants: Vec<Tenant<T>>,
    /// Numbers tickets, and the order in which places were given.
    next: u64,
}

#[derive(Debug)]
struct Tenant<T> {
    clients: HashMap<Client, Holder<T>>,
    /// Clients that wait: those with the fewest places first, among these the one that was served longest ago.
    order: Order,
    served: u64,
}

/// Clients by their number of places, and by when they were served last.
type Order = BTreeSet<(usize, u64, Client)>;

#[derive(Debug)]
struct Holder<T> {
    held: usize,
    served: u64,
    waiting: BTreeMap<u64, T>,
}

impl<T> Places<T> {
    /// With `for_address`, an address may hold that many, whatever it leaves free.
    pub(super) fn new(total: usize, for_address: Option<usize>) -> Self {
        Self {
            shares: Shares::new(total),
            for_address,
            most_resting: total / RESTING,
            resting: 0,
            waiting: 0,
            tenants: Vec::new(),
            next: 0,
        }
    }

    /// Adds a component; the result is its number.
    pub(super) fn join(&mut self) -> usize {
        let number = self.shares.join();
        let tenant = Tenant { clients: HashMap::new(), order: BTreeSet::new(), served: 0 };
        match self.tenants.get_mut(number) {
            Some(left) => *left = tenant,
            None => self.tenants.push(tenant),
        }
        number
    }

    /// Removes a component that has no places and waits for none. Returns the tickets of those who have a place now.
    pub(super) fn leave(&mut self, tenant: usize) -> Vec<T> {
        self.shares.leave(tenant);
        self.grant()
    }

    /// Places that are held, by idle instances too.
    pub(super) fn held(&self) -> usize {
        self.shares.used()
    }

    /// How many wait for a place.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a place if there is one for this claim. Nobody is overtaken: whoever waits may not take one either.
    pub(super) fn take(&mut self, claim: Claim) -> bool {
        let taken = self.hold(claim, self.shares.free(claim.tenant));
        if taken {
            self.shares.take(claim.tenant, 1);
        }
        taken
    }

    /// Waits for a place. The ticket is returned when there is one; the number is for [`Places::cancel`].
    pub(super) fn wait(&mut self, claim: Claim, ticket: T) -> u64 {
        let number = self.number();
        let Some(tenant) = self.tenants.get_mut(claim.tenant) else { return number };
        let holder = tenant.clients.entry(claim.client).or_insert_with(Holder::new);
        if holder.waiting.is_empty() {
            holder.served = number;
            tenant.order.insert((holder.held, number, claim.client));
        }
        holder.waiting.insert(number, ticket);
        self.waiting += 1;
        number
    }

    /// Ends a wait. False if the ticket was returned before: then the place must be given back.
    pub(super) fn cancel(&mut self, claim: Claim, number: u64) -> bool {
        let Some(tenant) = self.tenants.get_mut(claim.tenant) else { return false };
        let Some(holder) = tenant.clients.get_mut(&claim.client) else { return false };
        if holder.waiting.remove(&number).is_none() {
            return false;
        }
        self.waiting -= 1;
        if holder.waiting.is_empty() {
            tenant.order.remove(&(holder.held, holder.served, claim.client));
        }
        if holder.is_unused() {
            tenant.clients.remove(&claim.client);
        }
        true
    }

    /// Gives a place back. Returns the tickets of those who have a place now.
    pub(super) fn give_back(&mut self, claim: Claim) -> Vec<T> {
        self.release(claim);
        self.shares.give_back(claim.tenant, 1);
        self.grant()
    }

    /// Keeps the component's place for an idle instance, which is of no client. False while calls wait, or if too many
    /// places are held this way.
    pub(super) fn rest(&mut self, claim: Claim) -> bool {
        if self.waiting > 0 || self.resting >= self.most_resting {
            return false;
        }
        self.resting += 1;
        self.release(claim);
        true
    }

    /// Uses the place of an idle instance for a client. False if the client may have no more places.
    pub(super) fn resume(&mut self, claim: Claim) -> bool {
        let resumed = self.hold(claim, self.shares.free(claim.tenant) + 1);
        self.resting -= usize::from(resumed);
        resumed
    }

    /// Gives the place of an idle instance back. Returns the tickets of those who have a place now.
    pub(super) fn give_back_resting(&mut self, tenant: usize) -> Vec<T> {
        self.resting -= 1;
        self.shares.give_back(tenant, 1);
        self.grant()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Most places that a client may have, if its component may have `free` more.
    fn most(&self, client: Client, free: usize) -> usize {
        match (client, self.for_address) {
            _ if free == 0 => 0,
            (Client::NONE, _) => usize::MAX,
            (_, Some(most)) => most,
            (_, None) => free.saturating_mul(HELD_FOR_EACH_FREE),
        }
    }

    /// Counts one more place of a client, if it may have one.
    fn hold(&mut self, Claim { tenant, client }: Claim, free: usize) -> bool {
        let most = self.most(client, free);
        let Some(tenant) = self.tenants.get_mut(tenant) else { return false };
        match tenant.clients.entry(client) {
            Entry::Occupied(mut holder) if holder.get().held < most => {
                recount(client, holder.get_mut(), &mut tenant.order, |held| held + 1);
            }
            Entry::Vacant(new) if most > 0 => new.insert(Holder::new()).held = 1,
            _ => return false,
        }
        true
    }

    /// Counts one place of a client less.
    fn release(&mut self, Claim { tenant, client }: Claim) {
        let Some(tenant) = self.tenants.get_mut(tenant) else { return };
        let Entry::Occupied(mut entry) = tenant.clients.entry(client) else { return };
        recount(client, entry.get_mut(), &mut tenant.order, |held| held.saturating_sub(1));
        if entry.get().is_unused() {
            entry.remove();
        }
    }

    /// Gives free places to those who wait, until nobody who waits may take one.
    fn grant(&mut self) -> Vec<T> {
        let mut granted = Vec::new();
        while self.waiting > 0
            && let Some(claim) = self.next_claim()
            && let Some(ticket) = self.serve(claim)
        {
            granted.push(ticket);
        }
        granted
    }

    /// Who gets the next place. Looks at every component, of which there are few.
    fn next_claim(&self) -> Option<Claim> {
        let first = |(number, tenant): (usize, &Tenant<T>)| {
            let &(held, _, client) = tenant.order.first()?;
            let place = (self.shares.used_by(number), tenant.served);
            let may = held < self.most(client, self.shares.free(number));
            may.then_some((place, Claim { tenant: number, client }))
        };
        let claims = self.tenants.iter().enumerate().filter_map(first);
        claims.min_by_key(|(place, _)| *place).map(|(_, claim)| claim)
    }

    fn serve(&mut self, claim: Claim) -> Option<T> {
        let number = self.number();
        let tenant = self.tenants.get_mut(claim.tenant)?;
        let holder = tenant.clients.get_mut(&claim.client)?;
        tenant.order.remove(&(holder.held, holder.served, claim.client));
        let (_, ticket) = holder.waiting.pop_first()?;
        (tenant.served, holder.served) = (number, number);
        holder.held += 1;
        if !holder.waiting.is_empty() {
            tenant.order.insert((holder.held, number, claim.client));
        }
        self.waiting -= 1;
        self.shares.take(claim.tenant, 1);
        Some(ticket)
    }
}

/// Changes how many places a client has.
fn recount<T>(client: Client, holder: &mut Holder<T>, order: &mut Order, change: impl FnOnce(usize) -> usize) {
    let before = holder.held;
    holder.held = change(before);
    if !holder.waiting.is_empty() {
        order.remove(&(before, holder.served, client));
        order.insert((holder.held, holder.served, client));
    }
}

impl<T> Holder<T> {
    fn new() -> Self {
        Self { held: 0, served: 0, waiting: BTreeMap::new() }
    }

    /// Whether it has nothing and wants nothing.
    fn is_unused(&self) -> bool {
        self.held == 0 && self.waiting.is_empty()
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
