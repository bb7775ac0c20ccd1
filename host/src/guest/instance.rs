//! An instance of a component, and those that wait to handle a further event (`--reuse`).
//!
//! An instance that is kept holds its place in the pools. At most a quarter of all places are held so
//! ([`Runtime::rest`]), so that other components always find one.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use super::bindings::{async_event_handler, event_handler, types};
use super::commands::Current;
use super::state::State;
use crate::runtime::{Runtime, Slot, StoreData};

/// Bytes by which an instance's memory may have grown since its start.
const GROWTH: usize = 4 << 20;

/// Where the handler's functions are in a component.
pub(super) enum Exports {
    Plain(event_handler::GuestIndices),
    Concurrent(async_event_handler::GuestIndices),
}

/// They themselves, in one instance.
pub(super) enum Guest {
    Plain(event_handler::Guest),
    Concurrent(async_event_handler::Guest),
}

/// What a handler returned.
pub(super) type Returned = Result<Option<types::Payload>, types::HandlerError>;

/// A call that did not return.
pub(super) enum Failure {
    NotStarted(wasmtime::Error),
    Trapped(wasmtime::Error),
    TimedOut,
}

impl Guest {
    /// Makes an instance in a store.
    pub(super) async fn start(
        instance: &InstancePre<State>,
        exports: &Exports,
        store: &mut Store<State>,
    ) -> Result<Self, Failure> {
        let instance = instance.instantiate_async(&mut *store).await.map_err(Failure::NotStarted)?;
        let loaded = match exports {
            Exports::Plain(exports) => exports.load(store, &instance).map(Self::Plain),
            Exports::Concurrent(exports) => exports.load(store, &instance).map(Self::Concurrent),
        };
        loaded.map_err(Failure::NotStarted)
    }

    pub(super) async fn describe(&self, store: &mut Store<State>) -> Result<types::Description, Failure> {
        let described = match self {
            Self::Plain(guest) => guest.call_describe(store).await,
            Self::Concurrent(guest) => guest.call_describe(store).await,
        };
        described.map_err(Failure::Trapped)
    }

    pub(super) async fn handle(&self, store: &mut Store<State>, event: types::Event) -> Result<Returned, Failure> {
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

/// An instance and the place that it has, or a place for one.
pub(super) struct Instance {
    pub(super) slot: Slot<State>,
    /// None before its first event.
    pub(super) guest: Option<Guest>,
    /// Events that it has handled.
    events: u32,
    /// What it had at its start; for those that may be kept.
    pub(super) start: Size,
}

/// What an instance has, beside what bounds it in any case.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Size {
    /// Bytes of linear memory.
    memory: usize,
    /// Tasks, streams and the like of component-model async.
    concurrent: usize,
}

impl Size {
    pub(super) fn of(store: &mut Store<State>, guest: &Guest) -> Self {
        let concurrent = match guest {
            Guest::Plain(_) => 0,
            // Hidden in wasmtime's documentation: it is there to find what is left.
            Guest::Concurrent(_) => store.concurrent_state_table_size(),
        };
        Self { memory: store.data_mut().limiter().memory(), concurrent }
    }
}

impl Instance {
    pub(super) fn new(slot: Slot<State>) -> Self {
        Self { slot, guest: None, events: 0, start: Size::default() }
    }

    /// Whether nothing of its events is left but its memory, which has not grown much.
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
pub(super) struct Kept {
    /// Events that one instance handles at most.
    most: u32,
    /// The event of those that handle none.
    none: Arc<Current>,
    waiting: Mutex<Vec<(Instance, OwnedSemaphorePermit)>>,
}

impl Kept {
    pub(super) fn new(most: u32) -> Self {
        Self { most, none: Arc::new(Current::new(None, String::new())), waiting: Mutex::default() }
    }

    /// The one that waited for the shortest time, whose memory is most likely to be in the processor's caches.
    pub(super) fn take(&self, current: &Arc<Current>) -> Option<Instance> {
        let (mut instance, _) = self.waiting.lock().pop()?;
        instance.slot.begin();
        instance.slot.store.data_mut().begin(current.clone());
        Some(instance)
    }

    /// Keeps an instance whose event is over, unless it has had enough, or something of the event goes on.
    pub(super) fn keep(&self, runtime: &Runtime, mut instance: Instance) {
        instance.events += 1;
        if instance.events >= self.most || !instance.is_clean() {
            return;
        }
        if let Some(rest) = runtime.rest() {
            instance.slot.store.data_mut().begin(self.none.clone());
            self.waiting.lock().push((instance, rest));
        }
    }
}
