//! Instances of a component, and the idle ones that wait for another event (`--reuse`).
//!
//! An idle instance keeps its place in the pools. At most a quarter of all places are held by idle instances
//! ([`Slot::rest`]), so that other components always find one.

use std::sync::Arc;

use parking_lot::Mutex;
use runtime::{Slot, StoreData};
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::{async_event_handler, event_handler, types};
use crate::current_event::CurrentEvent;
use crate::store_state::StoreState;

/// Bytes by which the memory of an instance may have grown since its start if it is to be kept.
const GROWTH: usize = 4 << 20;

/// The handler's functions in a component, looked up once.
pub(crate) enum ExportIndices {
    Plain(event_handler::GuestIndices),
    Concurrent(async_event_handler::GuestIndices),
}

/// The handler's functions in one instance.
pub(crate) enum GuestExports {
    Plain(event_handler::Guest),
    Concurrent(async_event_handler::Guest),
}

/// The result of a handler that returned.
pub(crate) type Returned = Result<Option<types::Payload>, types::HandlerError>;

/// Why a call did not return.
pub(crate) enum Failure {
    NotStarted(wasmtime::Error),
    Trapped(wasmtime::Error),
    TimedOut,
}

impl GuestExports {
    /// Starts an instance in a store.
    pub(crate) async fn start(
        instance: &InstancePre<StoreState>,
        exports: &ExportIndices,
        store: &mut Store<StoreState>,
    ) -> Result<Self, Failure> {
        let instance = instance.instantiate_async(&mut *store).await.map_err(Failure::NotStarted)?;
        let loaded = match exports {
            ExportIndices::Plain(exports) => exports.load(store, &instance).map(Self::Plain),
            ExportIndices::Concurrent(exports) => exports.load(store, &instance).map(Self::Concurrent),
        };
        loaded.map_err(Failure::NotStarted)
    }

    pub(crate) async fn describe(&self, store: &mut Store<StoreState>) -> Result<types::Description, Failure> {
        let described = match self {
            Self::Plain(guest) => guest.call_describe(store).await,
            Self::Concurrent(guest) => guest.call_describe(store).await,
        };
        described.map_err(Failure::Trapped)
    }

    pub(crate) async fn handle(&self, store: &mut Store<StoreState>, event: types::Event) -> Result<Returned, Failure> {
        let returned = match self {
            Self::Plain(guest) => guest.call_handle(store, &event).await,
            Self::Concurrent(guest) => {
                let call = store.run_concurrent(async |store| guest.call_handle(store, event).await);
                call.await.and_then(|returned| returned)
            }
        };
        returned.map_err(Failure::Trapped)
    }
}

/// A pool slot and, after its first event, the instance in it.
pub(crate) struct InstanceSlot {
    pub(crate) slot: Slot<StoreState>,
    /// None before its first event.
    pub(crate) guest: Option<GuestExports>,
    /// Number of events that it has handled.
    events: u32,
    /// Its size at its start, if it may be kept.
    pub(crate) start: Size,
}

/// How large an instance is.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Size {
    /// Bytes of linear memory.
    memory: usize,
    /// Tasks, streams and the like of component-model async.
    concurrent: usize,
}

impl Size {
    pub(crate) fn of(store: &mut Store<StoreState>, guest: &GuestExports) -> Self {
        let concurrent = match guest {
            GuestExports::Plain(_) => 0,
            // Hidden in wasmtime's documentation, but made for this purpose: to find leaks.
            GuestExports::Concurrent(_) => store.concurrent_state_table_size(),
        };
        Self { memory: store.data_mut().limiter().memory(), concurrent }
    }
}

impl InstanceSlot {
    pub(crate) fn new(slot: Slot<StoreState>) -> Self {
        Self { slot, guest: None, events: 0, start: Size::default() }
    }

    /// Whether its events left nothing but its memory, and that has not grown much.
    fn is_clean(&mut self) -> bool {
        let (store, Some(guest)) = (&mut self.slot.store, &self.guest) else { return false };
        let size = Size::of(store, guest);
        let state = store.data_mut();
        size.memory <= self.start.memory + GROWTH
            && size.concurrent <= self.start.concurrent
            && state.limiter().refused().is_none()
            && state.is_quiet()
    }
}

/// Instances of one component that wait for events.
pub(crate) struct IdleInstances {
    /// Most events that one instance handles.
    most: u32,
    /// Placeholder event for idle instances.
    idle: Arc<CurrentEvent>,
    waiting: Mutex<Vec<InstanceSlot>>,
}

impl IdleInstances {
    pub(crate) fn new(most: u32) -> Self {
        Self { most, idle: Arc::new(CurrentEvent::new(None, String::new())), waiting: Mutex::default() }
    }

    /// Takes the instance that was idle for the shortest time, because its memory is most likely in the processor's
    /// caches. None if the client has to wait, although there may be one.
    pub(crate) fn take(&self, current: &Arc<CurrentEvent>) -> Option<InstanceSlot> {
        let mut instance = self.waiting.lock().pop()?;
        if !instance.slot.resume(current.address()) {
            self.waiting.lock().push(instance);
            return None;
        }
        instance.slot.store.data_mut().begin(current.clone());
        Some(instance)
    }

    /// Keeps an instance whose event is over, unless it has handled its number of events or something of the event goes
    /// on.
    pub(crate) fn keep(&self, mut instance: InstanceSlot) {
        instance.events += 1;
        if instance.events >= self.most || !instance.is_clean() {
            return;
        }
        if instance.slot.rest() {
            instance.slot.store.data_mut().begin(self.idle.clone());
            self.waiting.lock().push(instance);
        }
    }
}
