//! The engines and what all components share: pools of instances, places, the memory budget, the cache of code.
//!
//! Pools are address space, reserved when an engine is made; memory is used only by instances that run. The pools are
//! sized so that whoever holds one of the `instances` places finds room: calls wait for a place, and the pool never
//! fails. Two things stay resident between events: up to [`KEEP_RESIDENT`] of each memory that was in use at
//! once, and the stacks' touched pages.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use wasmtime::{Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::cache::CodeCache;
use super::copies::Copies;
use super::limiter::{MemoryBudget, StoreLimiter};
use super::limits::RuntimeLimits;
use super::places::Places;
use super::slow_lane::SlowLane;
use super::tenant::{SharedPlaces, Tenant};

/// How long a guest may compute before it has to yield to others.
pub(super) const EPOCH: Duration = Duration::from_millis(5);

/// About how long a call computes before it has to yield for the first time: until the first tick, and one more.
pub(super) const FIRST_TURN: Duration = Duration::from_millis(10);

/// Bytes of a guest's stack reserved for host functions that the guest calls.
const HOST_STACK: usize = 512 << 10;

/// Most core instances of one component. QuickJS has 13, CPython 38.
const CORE_INSTANCES: u32 = 100;
const MEMORIES: u32 = 4;
const TABLES: u32 = 32;
/// Bytes of wasmtime's own record of one component instance; those of CPython are below 1 MiB.
const INSTANCE_SIZE: usize = 4 << 20;
/// Guest tasks of the concurrent engine that can be suspended in one instance, each on a stack of its own.
const CONCURRENT_STACKS: u32 = 4;

/// Bytes of a memory that are cleaned in place instead of given back to the system, which saves page faults in the next
/// event. A Rust guest touches some 100 KiB, QuickJS below 1 MiB.
const KEEP_RESIDENT: usize = 1 << 20;
const TABLE_KEEP_RESIDENT: usize = 64 << 10;

/// Most frames of a trap's backtrace.
const FRAMES: NonZeroUsize = NonZeroUsize::new(16).expect("is not 0");

/// How a component calls and is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Synchronous functions.
    Plain,
    /// Component-model async: several functions may wait at once. Costs more for every event.
    Concurrent,
}

impl Calls {
    /// Bytes of its stack that a guest may use. QuickJS, which runs on the concurrent engine, takes 700 for each call
    /// in the handler's JavaScript.
    fn guest_stack(self) -> usize {
        match self {
            Self::Plain => 512 << 10,
            Self::Concurrent => 2 << 20,
        }
    }
}

/// The engines and limits that all components of the process share.
pub struct Runtime {
    limits: RuntimeLimits,
    plain: Engine,
    /// Made when the first component needs it.
    concurrent: Mutex<Option<Engine>>,
    places: Arc<SharedPlaces>,
    pub(super) slow: SlowLane,
    budget: Arc<MemoryBudget>,
    pub(super) cache: Option<CodeCache>,
    copies: Copies,
}

/// Resources that guests use at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Instances that run.
    pub instances: usize,
    /// Calls that wait for an instance.
    pub waiting: usize,
    /// Calls in the slow lane, because they compute for long.
    pub slow: usize,
    /// Bytes of linear memory.
    pub memory: usize,
}

/// Why an engine could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot reserve address space for {instances} instances")]
pub struct RuntimeError {
    instances: usize,
    #[source]
    source: wasmtime::Error,
}

impl RuntimeError {
    /// What the operator can do about it.
    pub fn hint(&self) -> &'static str {
        "run fewer instances at once, or lift the limit on address space (`ulimit -v`)"
    }
}

impl Runtime {
    /// Without a cache, every start compiles all components again.
    ///
    /// # Errors
    ///
    /// If the process may not reserve the pool's address space: some 17 GiB for each of `limits.instances`.
    pub fn new(limits: RuntimeLimits, cache: Option<CodeCache>) -> Result<Self, RuntimeError> {
        Ok(Self {
            plain: engine(&limits, Calls::Plain)?,
            concurrent: Mutex::new(None),
            places: Arc::new(Mutex::new(Places::new(limits.instances, limits.instances_per_address))),
            slow: SlowLane::new(),
            budget: Arc::new(MemoryBudget::new(limits.total_memory, limits.instances)),
            copies: Copies::new(limits.memory),
            limits,
            cache,
        })
    }

    /// The bounds on instances.
    pub fn limits(&self) -> &RuntimeLimits {
        &self.limits
    }

    /// Room for what is copied for guests: as much as one instance may have of memory.
    pub fn copies(&self) -> &Copies {
        &self.copies
    }

    /// Resources that guests use at this moment.
    pub fn usage(&self) -> Usage {
        let (instances, waiting) = {
            let places = self.places.lock();
            (places.held(), places.waiting())
        };
        Usage { instances, waiting, slow: self.slow.jobs(), memory: self.budget.in_use() }
    }

    /// Adds a component to those that share this runtime.
    pub fn tenant(&self) -> Arc<Tenant> {
        Arc::new(Tenant::new(self.places.clone(), self.budget.clone()))
    }

    /// The engine for components with this calling convention.
    ///
    /// # Errors
    ///
    /// As [`Runtime::new`], for the first one that is [`Calls::Concurrent`].
    pub fn engine(&self, calls: Calls) -> Result<Engine, RuntimeError> {
        if calls == Calls::Plain {
            return Ok(self.plain.clone());
        }
        let mut concurrent = self.concurrent.lock();
        if let Some(engine) = &*concurrent {
            return Ok(engine.clone());
        }
        let engine = engine(&self.limits, Calls::Concurrent)?;
        Ok(concurrent.insert(engine).clone())
    }

    pub(super) fn limiter(&self, tenant: &Arc<Tenant>) -> StoreLimiter {
        StoreLimiter::new(self.limits.memory, self.limits.table_elements, tenant.clone())
    }
}

fn engine(limits: &RuntimeLimits, calls: Calls) -> Result<Engine, RuntimeError> {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits, calls)))
        .concurrency_support(calls == Calls::Concurrent)
        .epoch_interruption(true)
        .async_stack_size(calls.guest_stack() + HOST_STACK)
        .max_wasm_stack(calls.guest_stack())
        .wasm_backtrace_max_frames(Some(FRAMES));
    if calls == Calls::Concurrent {
        config.wasm_component_model_async(true);
    }
    let engine = Engine::new(&config).map_err(|source| RuntimeError { instances: limits.instances, source })?;
    tick(engine.weak());
    Ok(engine)
}

fn pool(limits: &RuntimeLimits, calls: Calls) -> PoolingAllocationConfig {
    let instances = u32::try_from(limits.instances).unwrap_or(u32::MAX);
    let stacks = match calls {
        Calls::Plain => 1,
        Calls::Concurrent => CONCURRENT_STACKS,
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .total_memories(instances.saturating_mul(MEMORIES))
        .total_tables(instances.saturating_mul(TABLES))
        .total_gc_heaps(instances)
        .total_stacks(instances.saturating_mul(stacks))
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memories_per_module(MEMORIES)
        .max_tables_per_module(TABLES)
        .max_component_instance_size(INSTANCE_SIZE)
        .max_core_instance_size(INSTANCE_SIZE)
        .max_memory_size(limits.memory)
        .table_elements(limits.table_elements);
    // Without the system call that finds touched pages, cleaning in place would write all pages. With swap it would
    // miss some: wasmtime 48 does not ask for pages that were swapped out, so the next instance would see what the last
    // one wrote there. wasmtime 50 asks for them.
    if PoolingAllocationConfig::is_pagemap_scan_available() && !limits.may_swap {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEEP_RESIDENT)
            .table_keep_resident(TABLE_KEEP_RESIDENT);
    }
    pool
}

/// Starts the thread that makes guests yield. It ends when the engine is dropped.
fn tick(engine: EngineWeak) {
    let ticker = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(EPOCH);
        }
    };
    if let Err(error) = thread::Builder::new().name("epoch".to_owned()).spawn(ticker) {
        // The time limit still ends handlers that wait, but one that computes without end would block its thread.
        tracing::error!(%error, "cannot start the thread that interrupts handlers");
    }
}
