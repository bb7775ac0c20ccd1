//! The right to run one instance, and the store it runs in.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::{Engine, Store, UpdateDeadline};

use super::engine::Runtime;
use super::limiter::StoreLimiter;

/// The data of a store that the runtime can limit.
pub trait StoreData: Send + 'static {
    /// The limiter of the memory of the store's instance.
    fn limiter(&mut self) -> &mut StoreLimiter;

    /// The guest has used up its turn and is about to yield. It is not waiting for anything.
    fn preempted(&mut self);
}

/// A store for one instance, and the permit for its place in the pools.
pub struct Slot<T: 'static> {
    // Fields are dropped in this order, so that the place is free before the permit is.
    /// The store.
    pub store: Store<T>,
    _permit: OwnedSemaphorePermit,
}

impl<T> Slot<T> {
    /// Begins a call, which may compute until the next tick.
    pub fn begin(&mut self) {
        self.store.set_epoch_deadline(1);
    }
}

impl Runtime {
    /// Waits without a time limit until an instance may run, and makes a store for it.
    ///
    /// The store's guest yields to other tasks of its thread regularly, but nothing here ends it: the caller limits the
    /// time, and drops the call when it is up.
    pub async fn slot<T: StoreData>(&self, engine: &Engine, data: impl FnOnce(StoreLimiter) -> T) -> Slot<T> {
        let permit = self.permit().await;
        let mut store = Store::new(engine, data(self.limiter()));
        store.limiter(|data| data.limiter());
        store.set_hostcall_fuel(self.limits().host_bytes);
        store.epoch_deadline_callback(|mut context| {
            context.data_mut().preempted();
            // Tokio's own yield lets the thread handle its timers and sockets, too; waking at once would not.
            let others: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(tokio::task::yield_now());
            Ok(UpdateDeadline::YieldCustom(1, others))
        });
        let mut slot = Slot { store, _permit: permit };
        slot.begin();
        slot
    }

    /// The right of an idle instance to keep its place, if one is left: idle instances may hold a quarter of the
    /// places, and none while calls wait for one.
    pub fn rest(&self) -> Option<OwnedSemaphorePermit> {
        if self.waiting.load(Ordering::Relaxed) > 0 {
            return None;
        }
        self.rests.clone().try_acquire_owned().ok()
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        let waiting = Waiting::new(&self.waiting);
        let permit = self.permits.clone().acquire_owned().await;
        drop(waiting);
        #[expect(clippy::expect_used, reason = "the semaphore lives in the runtime and is never closed")]
        permit.expect("the semaphore is never closed")
    }
}

/// Counts a call as waiting until this is dropped, even if the call is dropped while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::RuntimeLimits;

    #[tokio::test]
    async fn nobody_rests_while_others_wait() {
        let runtime = Runtime::new(RuntimeLimits { instances: 4, ..RuntimeLimits::default() }, None).unwrap();
        let mut running = Vec::new();
        for _ in 0..4 {
            running.push(runtime.permit().await);
        }
        let rest = runtime.rest().expect("nobody waits");
        assert!(runtime.rest().is_none(), "one of four may rest");
        drop(rest);
        let mut waiting = Box::pin(runtime.permit());
        assert!((&mut waiting).now_or_never().is_none());
        assert!(runtime.rest().is_none(), "somebody waits");
        running.pop();
        drop(waiting.await);
        assert!(runtime.rest().is_some());
    }
}
