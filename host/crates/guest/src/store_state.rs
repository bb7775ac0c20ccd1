//! The contents of a store during an event: the state of each capability.
//!
//! Kept small, because it is made anew for every event. WASI's part, which seeds generators and boxes clocks, is made
//! only when the guest first needs it; many handlers never do.

use std::sync::Arc;

use runtime::{Copies, StoreData, StoreLimiter, Turn};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::capabilities::{
    self, BucketView, Buckets, HandlerGrants, KeyValues, KeyValuesUsed, Output, OutputRate, Realtime, RealtimeView,
    Requests, StoreView,
};
use crate::current_event::CurrentEvent;
use crate::settings::HandlerSettings;

/// Most resources (streams, timers and the like) that a guest may hold at once.
const RESOURCES: usize = 1_000;

pub(crate) struct StoreState {
    grants: Arc<HandlerGrants>,
    output_rate: Arc<OutputRate>,
    realtime: Realtime,
    key_values: KeyValuesUsed,
    limiter: StoreLimiter,
    turn: Turn,
    wasi: Option<Wasi>,
    http: WasiHttpCtx,
    requests: Requests,
    resources: ResourceTable,
}

/// WASI's context, and the output that it prints to.
struct Wasi {
    context: WasiCtx,
    output: Output,
}

impl StoreState {
    pub(crate) fn new(
        current: Arc<CurrentEvent>,
        settings: &HandlerSettings,
        output_rate: &Arc<OutputRate>,
        copies: &Copies,
        limiter: StoreLimiter,
    ) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(RESOURCES);
        Self {
            realtime: Realtime::new(current.clone(), settings.gateway.clone(), copies.clone()),
            key_values: KeyValuesUsed::default(),
            requests: Requests::new(current, settings.grants.network.clone()),
            grants: settings.grants.clone(),
            output_rate: output_rate.clone(),
            limiter,
            turn: Turn::default(),
            wasi: None,
            http: WasiHttpCtx::new(),
            resources,
        }
    }

    /// Begins another event in the same instance. The guest keeps its resources and its output streams.
    pub(crate) fn begin(&mut self, current: Arc<CurrentEvent>) {
        self.limiter.begin();
        if let Some(Wasi { output, .. }) = &self.wasi {
            output.begin(current.clone());
        }
        self.requests.begin(current.clone());
        self.key_values = KeyValuesUsed::default();
        self.realtime.begin(current);
    }

    /// Whether a command has acknowledged the event.
    pub(crate) fn acknowledged(&self) -> bool {
        self.realtime.acknowledged()
    }

    /// Whether nothing that the event began is still running.
    pub(crate) fn is_quiet(&self) -> bool {
        self.requests.is_quiet()
    }
}

impl StoreData for StoreState {
    fn limiter(&mut self) -> &mut StoreLimiter {
        &mut self.limiter
    }

    fn turn(&mut self) -> &mut Turn {
        // The time for which it waited is not its own.
        if self.realtime.current().has_waited() {
            self.turn = Turn::default();
        }
        &mut self.turn
    }

    fn preempted(&mut self) {
        self.realtime.current().preempted();
    }
}

impl RealtimeView for StoreState {
    fn realtime(&mut self) -> &mut Realtime {
        &mut self.realtime
    }
}

impl StoreView for StoreState {
    fn key_values(&mut self) -> KeyValues<'_> {
        KeyValues {
            current: self.realtime.current(),
            grant: &self.grants.store,
            copies: self.realtime.copies(),
            used: &mut self.key_values,
        }
    }
}

impl BucketView for StoreState {
    fn buckets(&mut self) -> Buckets<'_> {
        Buckets {
            key_values: KeyValues {
                current: self.realtime.current(),
                grant: &self.grants.store,
                copies: self.realtime.copies(),
                used: &mut self.key_values,
            },
            table: &mut self.resources,
        }
    }
}

impl WasiView for StoreState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Wasi { context, .. } = self.wasi.get_or_insert_with(|| {
            let output = Output::new(self.realtime.current().clone(), self.output_rate.clone());
            Wasi { context: capabilities::wasi(&output, &self.grants), output }
        });
        WasiCtxView { ctx: context, table: &mut self.resources }
    }
}

impl WasiHttpView for StoreState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, hooks: &mut self.requests, table: &mut self.resources }
    }
}
