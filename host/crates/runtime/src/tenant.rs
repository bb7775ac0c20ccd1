//! A component as one of those that share the runtime.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::limiter::MemoryBudget;
use super::places::{Claim, Client, Places};

/// The places of a runtime. A ticket is answered when there is a place for it.
pub(super) type SharedPlaces = Mutex<Places<oneshot::Sender<()>>>;

/// A component's part of what all components share: places for instances, memory, time to compute. Given back with the
/// last instance that was made for it.
#[derive(Debug)]
pub struct Tenant {
    number: usize,
    places: Arc<SharedPlaces>,
    /// Its number in the memory budget.
    pub(super) memory: usize,
    pub(super) budget: Arc<MemoryBudget>,
}

impl Tenant {
    pub(super) fn new(places: Arc<SharedPlaces>, budget: Arc<MemoryBudget>) -> Self {
        let number = places.lock().join();
        Self { number, places, memory: budget.join(), budget }
    }

    /// What is done for a client at this address, or for no client.
    pub(super) fn claim(&self, address: Option<IpAddr>) -> Claim {
        Claim { tenant: self.number, client: Client::new(address) }
    }

    /// Waits without a time limit for a place.
    pub(super) async fn place(self: &Arc<Self>, claim: Claim) -> Place {
        let (ticket, granted) = {
            let mut places = self.places.lock();
            if places.take(claim) {
                return Place { tenant: self.clone(), claim, rests: false };
            }
            let (sender, granted) = oneshot::channel();
            (places.wait(claim, sender), granted)
        };
        let waiting = Waiting { tenant: self, claim, ticket };
        // This cannot fail: tickets are only dropped with the places, or by whoever waits.
        let _ = granted.await;
        std::mem::forget(waiting);
        Place { tenant: self.clone(), claim, rests: false }
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.budget.leave(self.memory);
        let granted = self.places.lock().leave(self.number);
        tell(granted);
    }
}

/// Tells those who waited that they have a place. If one has just stopped waiting, it gives its place back itself.
fn tell(granted: Vec<oneshot::Sender<()>>) {
    for ticket in granted {
        let _ = ticket.send(());
    }
}

/// A wait for a place, which ends when this is dropped.
struct Waiting<'a> {
    tenant: &'a Tenant,
    claim: Claim,
    ticket: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut places = self.tenant.places.lock();
        if !places.cancel(self.claim, self.ticket) {
            let granted = places.give_back(self.claim);
            drop(places);
            tell(granted);
        }
    }
}

/// A place for one instance.
#[derive(Debug)]
pub(super) struct Place {
    tenant: Arc<Tenant>,
    claim: Claim,
    /// It is held for an idle instance.
    rests: bool,
}

impl Place {
    /// Keeps the place for an idle instance, if one more may rest.
    pub(super) fn rest(&mut self) -> bool {
        self.rests = self.rests || self.tenant.places.lock().rest(self.claim);
        self.rests
    }

    /// Uses the idle instance's place for another client, if that may have one more.
    pub(super) fn resume(&mut self, address: Option<IpAddr>) -> bool {
        let claim = self.tenant.claim(address);
        let resumed = self.tenant.places.lock().resume(claim);
        if resumed {
            (self.claim, self.rests) = (claim, false);
        }
        resumed
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let granted = {
            let mut places = self.tenant.places.lock();
            if self.rests { places.give_back_resting(self.claim.tenant) } else { places.give_back(self.claim) }
        };
        tell(granted);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::FutureExt;

    use super::*;

    fn places(total: usize) -> Arc<SharedPlaces> {
        Arc::new(Mutex::new(Places::new(total, None)))
    }

    fn tenant(places: &Arc<SharedPlaces>) -> Arc<Tenant> {
        Arc::new(Tenant::new(places.clone(), Arc::new(MemoryBudget::new(1 << 20, 4))))
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(10, 0, 0, last).into())
    }

    /// Whether nobody has a place or waits for one.
    fn is_unused(places: &SharedPlaces) -> bool {
        let places = places.lock();
        (places.held(), places.waiting()) == (0, 0)
    }

    #[test]
    fn a_place_is_given_back_and_wakes_who_waits() {
        let places = places(1);
        let tenant = tenant(&places);
        let claim = tenant.claim(address(1));
        let place = tenant.place(claim).now_or_never().expect("it is free");
        let mut waiting = Box::pin(tenant.place(claim));
        assert!((&mut waiting).now_or_never().is_none());
        drop(place);
        drop(waiting.now_or_never().expect("it is free again"));
        assert!(is_unused(&places));
    }

    #[test]
    fn a_wait_that_is_dropped_loses_no_place() {
        let places = places(1);
        let tenant = tenant(&places);
        let claim = tenant.claim(address(1));
        let place = tenant.place(claim).now_or_never().expect("it is free");
        let mut gone = Box::pin(tenant.place(claim));
        assert!((&mut gone).now_or_never().is_none());
        let mut granted = Box::pin(tenant.place(claim));
        assert!((&mut granted).now_or_never().is_none());
        drop(gone);
        drop(place);
        // It has its place, but is dropped before it knows.
        drop(granted);
        assert!(is_unused(&places));
    }

    #[test]
    fn places_of_a_component_outlive_its_handle() {
        let places = places(4);
        let (one, two) = (tenant(&places), tenant(&places));
        let mut place = two.place(two.claim(address(1))).now_or_never().expect("it is free");
        drop(two);
        assert!(place.rest());
        assert_eq!(places.lock().held(), 1);
        drop(place);
        let alone: Vec<_> = (0..4).filter_map(|last| one.place(one.claim(address(last))).now_or_never()).collect();
        assert_eq!(alone.len(), 4);
    }
}
