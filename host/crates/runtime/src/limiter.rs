//! Limits on guests' memory: on one store's linear memories and tables, and on the linear memories of all stores
//! together.
//!
//! Growing beyond a limit is refused: `memory.grow` returns -1. Most guests then abort, so the refusal is remembered,
//! and the trap that follows is reported as out of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytesize::ByteSize;
use parking_lot::Mutex;
use wasmtime::{Error, ResourceLimiter, Result};

use super::shares::Shares;
use super::tenant::Tenant;

/// Bytes of linear memory that all stores of the process may have together.
///
/// Half of it is divided into equal shares, so that every instance has its share whatever others take. What instances
/// have beyond that, components share as [`Shares`] says.
#[derive(Debug)]
pub(super) struct MemoryBudget {
    /// Bytes reserved for each instance.
    share: usize,
    /// Bytes that instances have beyond their shares.
    beyond: Mutex<Shares>,
    /// Bytes that all instances have, shares included.
    total: AtomicUsize,
}

impl MemoryBudget {
    /// A budget of `total` bytes for this many concurrent instances.
    pub(super) fn new(total: usize, instances: usize) -> Self {
        let share = total / 2 / instances.max(1);
        Self { share, beyond: Mutex::new(Shares::new(total - share * instances)), total: AtomicUsize::new(0) }
    }

    /// Adds a component; the result is its number.
    pub(super) fn join(&self) -> usize {
        self.beyond.lock().join()
    }

    pub(super) fn leave(&self, number: usize) {
        self.beyond.lock().leave(number);
    }

    /// Bytes of all linear memories at this moment.
    pub(super) fn in_use(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// How much of its memory an instance takes beyond its share.
    fn beyond_share(&self, memory: usize) -> usize {
        memory.saturating_sub(self.share)
    }

    /// Grows the memory of an instance of this component. If this is refused, returns how many bytes beyond shares the
    /// component could still have.
    fn grow(&self, number: usize, from: usize, to: usize) -> Result<(), usize> {
        let taken = self.beyond_share(to) - self.beyond_share(from);
        if taken > 0 {
            let mut beyond = self.beyond.lock();
            if !beyond.take(number, taken) {
                return Err(beyond.free(number));
            }
        }
        self.total.fetch_add(to - from, Ordering::Relaxed);
        Ok(())
    }

    /// Gives back the memory of an instance that is gone.
    fn give_back(&self, number: usize, memory: usize) {
        let beyond = self.beyond_share(memory);
        if beyond > 0 {
            self.beyond.lock().give_back(number, beyond);
        }
        self.total.fetch_sub(memory, Ordering::Relaxed);
    }
}

/// A growth that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Linear memory of one instance, in bytes.
    #[error("memory of {} asked for, an instance may have {}", ByteSize(*.asked as u64), ByteSize(*.limit as u64))]
    Memory {
        /// What it would have after growing.
        asked: usize,
        /// Its limit.
        limit: usize,
    },
    /// Linear memory of all instances together, in bytes.
    #[error(
        "memory of {} more asked for, beyond their shares the component's instances may have {} more",
        ByteSize(*.asked as u64), ByteSize(*.left as u64)
    )]
    TotalMemory {
        /// Bytes that one instance asked for, beyond its share.
        asked: usize,
        /// Bytes beyond shares that the component could still have.
        left: usize,
    },
    /// Table elements of one instance.
    #[error("{asked} table elements asked for, an instance may have {limit}")]
    Table {
        /// What it would have after growing.
        asked: usize,
        /// Its limit.
        limit: usize,
    },
    /// The limits allow it, but the operating system or the type of the memory does not.
    #[error("{0}")]
    Failed(String),
}

/// Counts the memory of one store, and gives it back when dropped.
#[derive(Debug)]
pub struct StoreLimiter {
    memory_limit: usize,
    table_limit: usize,
    /// Bytes of all linear memories of the store.
    memory: usize,
    /// Elements of all tables of the store.
    elements: usize,
    tenant: Arc<Tenant>,
    refused: Option<Refused>,
}

impl StoreLimiter {
    pub(super) fn new(memory_limit: usize, table_limit: usize, tenant: Arc<Tenant>) -> Self {
        Self { memory_limit, table_limit, memory: 0, elements: 0, tenant, refused: None }
    }

    /// The last growth that was refused.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// Bytes of all linear memories of the store.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// Begins another call: forgets refusals of earlier ones.
    pub fn begin(&mut self) {
        self.refused = None;
    }

    fn refuse(&mut self, refused: Refused) -> Result<bool> {
        self.refused = Some(refused);
        Ok(false)
    }
}

impl ResourceLimiter for StoreLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let added = desired.saturating_sub(current);
        let asked = self.memory.saturating_add(added);
        if asked > self.memory_limit {
            return self.refuse(Refused::Memory { asked, limit: self.memory_limit });
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The component's own maximum, which no setting can change, so it is not reported.
            return Ok(false);
        }
        let Tenant { budget, memory: number, .. } = &*self.tenant;
        if let Err(left) = budget.grow(*number, self.memory, asked) {
            return self.refuse(Refused::TotalMemory { asked: added, left });
        }
        self.memory = asked;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        // The grant stays counted until the store is dropped. wasmtime also calls this for growths that it never asked
        // about; if these were subtracted, a guest could make the limiter forget earlier grants.
        self.refused = Some(Refused::Failed(error.to_string()));
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        let added = desired.saturating_sub(current);
        let asked = self.elements.saturating_add(added);
        if asked > self.table_limit {
            return self.refuse(Refused::Table { asked, limit: self.table_limit });
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.elements = asked;
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        self.refused = Some(Refused::Failed(error.to_string()));
        Ok(())
    }
}

impl Drop for StoreLimiter {
    fn drop(&mut self) {
        self.tenant.budget.give_back(self.tenant.memory, self.memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::places::Places;

    const PAGE: usize = 64 << 10;

    /// A component in this budget.
    fn tenant(budget: &Arc<MemoryBudget>) -> Arc<Tenant> {
        Arc::new(Tenant::new(Arc::new(Mutex::new(Places::new(1, None))), budget.clone()))
    }

    fn limiter(tenant: &Arc<Tenant>) -> StoreLimiter {
        StoreLimiter::new(4 * PAGE, 10, tenant.clone())
    }

    /// Bytes beyond shares that all components have.
    fn beyond(budget: &MemoryBudget) -> usize {
        budget.beyond.lock().used()
    }

    #[test]
    fn memories_of_a_store_are_summed() {
        let budget = Arc::new(MemoryBudget::new(100 * PAGE, 1000 * PAGE));
        let mut limiter = limiter(&tenant(&budget));
        assert!(limiter.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(limiter.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(!limiter.memory_growing(2 * PAGE, 3 * PAGE, None).unwrap());
        assert_eq!(limiter.refused(), Some(&Refused::Memory { asked: 5 * PAGE, limit: 4 * PAGE }));
    }

    #[test]
    fn stores_share_the_budget_and_give_it_back() {
        let budget = Arc::new(MemoryBudget::new(5 * PAGE, 1000 * PAGE));
        let tenant = tenant(&budget);
        let (mut one, mut two) = (limiter(&tenant), limiter(&tenant));
        assert!(one.memory_growing(0, 4 * PAGE, None).unwrap());
        assert!(!two.memory_growing(0, 2 * PAGE, None).unwrap());
        assert!(matches!(two.refused(), Some(Refused::TotalMemory { .. })));
        drop(one);
        assert!(two.memory_growing(0, 2 * PAGE, None).unwrap());
        drop(two);
        assert_eq!(beyond(&budget), 0);
    }

    #[test]
    fn an_instance_has_its_share_whatever_others_take() {
        let budget = Arc::new(MemoryBudget::new(8 * PAGE, 4));
        let tenant = tenant(&budget);
        let mut greedy = limiter(&tenant);
        let mut others = [limiter(&tenant), limiter(&tenant)];
        assert!(greedy.memory_growing(0, 4 * PAGE, None).unwrap());
        let [first, second] = &mut others;
        assert!(first.memory_growing(0, 2 * PAGE, None).unwrap(), "its share, and the last page of the rest");
        assert!(!first.memory_growing(2 * PAGE, 3 * PAGE, None).unwrap());
        assert!(second.memory_growing(0, PAGE, None).unwrap(), "its share");
        assert!(!second.memory_growing(PAGE, 2 * PAGE, None).unwrap());
        assert_eq!(budget.in_use(), 7 * PAGE);
        drop((greedy, others));
        assert_eq!(beyond(&budget), 0);
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn a_component_leaves_memory_to_the_others() {
        let budget = Arc::new(MemoryBudget::new(16 * PAGE, 1000 * PAGE));
        let (one, two) = (tenant(&budget), tenant(&budget));
        let mut greedy = [limiter(&one), limiter(&one), limiter(&one), limiter(&one)];
        let grown = greedy.iter_mut().map(|limiter| limiter.memory_growing(0, 4 * PAGE, None).unwrap());
        assert_eq!(grown.collect::<Vec<_>>(), [true, true, true, false]);
        assert_eq!(greedy[3].refused(), Some(&Refused::TotalMemory { asked: 4 * PAGE, left: 0 }));
        assert!(limiter(&two).memory_growing(0, 4 * PAGE, None).unwrap());
    }

    #[test]
    fn a_failed_growth_never_uncounts_an_earlier_one() {
        let budget = Arc::new(MemoryBudget::new(5 * PAGE, 1000 * PAGE));
        let mut limiter = limiter(&tenant(&budget));
        assert!(limiter.memory_growing(0, PAGE, None).unwrap());
        limiter.memory_grow_failed(Error::msg("beyond what the memory can be")).unwrap();
        assert_eq!(beyond(&budget), PAGE);
        assert!(matches!(limiter.refused(), Some(Refused::Failed(_))));
    }

    #[test]
    fn the_components_own_maximum_is_no_failure_of_the_host() {
        let budget = Arc::new(MemoryBudget::new(5 * PAGE, 1000 * PAGE));
        let mut limiter = limiter(&tenant(&budget));
        assert!(!limiter.memory_growing(PAGE, 2 * PAGE, Some(PAGE)).unwrap());
        assert_eq!(limiter.refused(), None);
    }

    #[test]
    fn tables_are_summed() {
        let budget = Arc::new(MemoryBudget::new(0, 1));
        let mut limiter = limiter(&tenant(&budget));
        assert!(limiter.table_growing(0, 6, None).unwrap());
        assert!(!limiter.table_growing(0, 5, None).unwrap());
        assert_eq!(limiter.refused(), Some(&Refused::Table { asked: 11, limit: 10 }));
    }
}
