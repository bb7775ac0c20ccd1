//! The right to run one instance, and the store it runs in.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use wasmtime::{Engine, Store, UpdateDeadline};

use super::engine::Runtime;
use super::limiter::StoreLimiter;
use super::tenant::{Place, Tenant};
use super::turn::Turn;

/// The data of a store that the runtime can limit.
pub trait StoreData: Send + 'static {
    /// The limiter of the memory of the store's instance.
    fn limiter(&mut self) -> &mut StoreLimiter;

    /// The call's turn. A call that has waited since it was last asked for has a new one.
    fn turn(&mut self) -> &mut Turn;

    /// The guest has used up its turn and is about to yield. It is not waiting for anything.
    fn preempted(&mut self);
}

/// A store for one instance, and its place in the pools.
pub struct Slot<T: 'static> {
    // Fields are dropped in this order, so that the pools have room before the place is free.
    /// The store.
    pub store: Store<T>,
    place: Place,
}

impl<T: StoreData> Slot<T> {
    /// Begins a call, which may compute for a turn.
    fn begin(&mut self) {
        *self.store.data_mut().turn() = Turn::default();
        self.store.set_epoch_deadline(1);
    }

    /// The call is over, and its instance is to be kept for another. False if its place is needed: idle instances may
    /// hold a quarter of the places, and none while calls wait for one.
    pub fn rest(&mut self) -> bool {
        self.place.rest()
    }

    /// Begins another call in an instance that rests. False if this client may not have one more instance now.
    pub fn resume(&mut self, address: Option<IpAddr>) -> bool {
        let resumed = self.place.resume(address);
        if resumed {
            self.begin();
        }
        resumed
    }
}

impl Runtime {
    /// Waits without a time limit until this component may run an instance for this client, and makes a store for it.
    ///
    /// The store's guest yields to other tasks of its thread regularly, but nothing here ends it: the caller limits the
    /// time, and drops the call when it is up.
    pub async fn slot<T: StoreData>(
        &self,
        tenant: &Arc<Tenant>,
        address: Option<IpAddr>,
        engine: &Engine,
        data: impl FnOnce(StoreLimiter) -> T,
    ) -> Slot<T> {
        let place = tenant.place(tenant.claim(address)).await;
        let mut store = Store::new(engine, data(self.limiter(tenant)));
        store.limiter(|data| data.limiter());
        store.set_hostcall_fuel(self.limits().host_bytes);
        store.epoch_deadline_callback(|mut context| {
            if !context.data_mut().turn().is_over() {
                return Ok(UpdateDeadline::Continue(1));
            }
            context.data_mut().preempted();
            // Tokio's own yield lets the thread handle its timers and sockets, too; waking at once would not.
            let others: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(tokio::task::yield_now());
            Ok(UpdateDeadline::YieldCustom(1, others))
        });
        let mut slot = Slot { store, place };
        slot.begin();
        slot
    }
}
