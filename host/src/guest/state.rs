//! What a store holds while it handles an event.
//!
//! Kept small, as it is made anew for every event: WASI's part, which seeds generators and boxes clocks, is made when
//! the guest first asks for it, and many handlers never do.

use std::collections::HashSet;
use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::bindings::types::Error;
use super::commands::{Current, Spent};
use super::network::Hooks;
use super::output::{Channel, Output};
use crate::config::{AllowedHosts, HandlerLimits};
use crate::gateway::context::EventContext;
use crate::runtime::{StoreData, StoreLimiter};

/// Streams, timers and the like that a guest may hold at once.
const RESOURCES: usize = 1_000;

/// Random bytes that a guest may ask for at once; the host allocates them.
const RANDOM: u64 = 1 << 20;

/// What all events of one handler share.
#[derive(Debug)]
pub(super) struct Grants {
    pub(super) limits: HandlerLimits,
    pub(super) env: Vec<(String, String)>,
    pub(super) network: AllowedHosts,
}

pub(super) struct State {
    pub(super) current: Arc<Current>,
    pub(super) grants: Arc<Grants>,
    pub(super) spent: Spent,
    /// The socket's data, where this event has replaced it.
    pub(super) data: Option<String>,
    /// The socket's rooms with what this event changed, once it changed something.
    rooms: Option<HashSet<String>>,
    limiter: StoreLimiter,
    wasi: Option<WasiCtx>,
    /// What `wasi` prints to.
    output: Option<Output>,
    http: (WasiHttpCtx, Hooks),
    resources: ResourceTable,
}

impl State {
    pub(super) fn new(current: Arc<Current>, grants: Arc<Grants>, limiter: StoreLimiter) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(RESOURCES);
        let hooks = Hooks::new(current.clone(), grants.clone());
        Self {
            current,
            grants,
            spent: Spent::default(),
            data: None,
            rooms: None,
            limiter,
            wasi: None,
            output: None,
            http: (WasiHttpCtx::new(), hooks),
            resources,
        }
    }

    /// Takes over from one event to the next in the same instance. What the guest holds stays: its resources, and streams
    /// to write to.
    pub(super) fn begin(&mut self, current: Arc<Current>) {
        self.spent = Spent::default();
        self.data = None;
        self.rooms = None;
        self.limiter.begin();
        if let Some(output) = &self.output {
            output.begin(current.clone());
        }
        self.http.1.begin(current.clone());
        self.current = current;
    }

    /// Whether no request to another server is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.http.1.is_quiet()
    }

    /// The event's place in the gateway.
    pub(super) fn context(&self) -> Result<&EventContext, Error> {
        let not_yet = || Error::NotAllowed("a component that describes itself has no namespace yet".to_owned());
        self.current.context().ok_or_else(not_yet)
    }

    /// The same, where a socket caused the event.
    pub(super) fn socket(&self) -> Result<&EventContext, Error> {
        self.context().ok().filter(|context| context.socket_id().is_some()).ok_or(Error::NotConnected)
    }

    /// The rooms that the socket will be in after what this event called so far.
    pub(super) fn joined(&mut self) -> &mut HashSet<String> {
        let at_start = || self.current.context().map(EventContext::rooms).unwrap_or_default().into_iter().collect();
        self.rooms.get_or_insert_with(at_start)
    }
}

impl StoreData for State {
    fn limiter(&mut self) -> &mut StoreLimiter {
        &mut self.limiter
    }

    fn preempted(&mut self) {
        self.current.preempted();
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let output = self.output.get_or_insert_with(|| Output::new(self.current.clone()));
        let ctx = self.wasi.get_or_insert_with(|| wasi(output, &self.grants));
        WasiCtxView { ctx, table: &mut self.resources }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let (ctx, hooks) = &mut self.http;
        WasiHttpCtxView { ctx, hooks, table: &mut self.resources }
    }
}

/// Clocks, random numbers, output to the log, and the environment that the operator grants. No arguments, no input, no
/// folders; sockets cannot even be made. HTTP requests are in `network`.
fn wasi(output: &Output, grants: &Grants) -> WasiCtx {
    let mut wasi = WasiCtxBuilder::new();
    wasi.stdout(output.channel(Channel::Stdout))
        .stderr(output.channel(Channel::Stderr))
        .envs(&grants.env)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM);
    wasi.build()
}
