//! What the host holds at this moment, read from its parts.

use std::sync::Arc;

use engine_io::transport::Endpoint;
use gateway::Gateway;
use runtime::Runtime;
use serde_json::{Value, json};
use telemetry::Gauges;

/// The parts that hold something.
pub(super) struct Status {
    pub endpoint: Arc<Endpoint<Arc<Gateway>>>,
    pub mounts: Vec<Arc<gateway::Mount>>,
    pub runtime: Arc<Runtime>,
}

impl Status {
    pub(super) fn gauges(&self) -> Gauges {
        let (sessions, sessions_ending) = self.endpoint.counts();
        let counts = self.mounts.iter().map(|mount| mount.namespace().counts());
        let (sockets, rooms) = counts.fold((0, 0), |(sockets, rooms), (s, r)| (sockets + s, rooms + r));
        let usage = self.runtime.usage();
        Gauges {
            sessions,
            sessions_ending,
            clients_memory: self.endpoint.clients_memory(),
            sockets,
            rooms,
            instances: usage.instances,
            instances_awaited: usage.waiting,
            instances_slow: usage.slow,
            handler_memory: usage.memory,
            tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks(),
        }
    }

    /// Each namespace with its sockets and the events that its handler knows.
    pub(super) fn namespaces(&self) -> Vec<Value> {
        let namespace = |mount: &Arc<gateway::Mount>| {
            let (sockets, rooms) = mount.namespace().counts();
            let handler = mount.handler();
            let mut events: Vec<_> = handler.description().events.iter().collect();
            events.sort_unstable();
            json!({
                "path": mount.namespace().path(),
                "sockets": sockets,
                "rooms": rooms,
                "events": events,
                "any_event": handler.description().any_event,
            })
        };
        self.mounts.iter().map(namespace).collect()
    }
}
