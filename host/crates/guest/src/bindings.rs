//! The code that `bindgen!` generates from `wit/`: the records, a trait for every import, and the calls into a
//! component.
//!
//! One set for both worlds, so that they share their types. A component exports one of the two handler interfaces; the
//! export is looked up by itself (`exports::…::GuestIndices`), never through the struct of the joint world.

wasmtime::component::bindgen!({
    inline: "
        package realtime:host;

        world guests {
            include realtime:gateway/handler@0.1.1;
            include realtime:gateway/async-handler@0.1.1;
            include realtime:gateway/state@0.1.1;
        }
    ",
    path: "../../../wit",
    world: "realtime:host/guests",
    imports: {
        "realtime:gateway/socket.emit-with-ack": async,
        "realtime:gateway/broadcast-operator.emit-with-ack": async,
        "realtime:gateway/broadcast-operator.fetch-sockets": async,
        "realtime:gateway/search.count-sockets": async,
        "realtime:gateway/search.list-sockets": async,
        "realtime:gateway/kv": async,
    },
    exports: {
        default: async,
    },
});

pub(crate) use exports::realtime::gateway::{async_event_handler, event_handler};
pub(crate) use realtime::gateway::{
    acknowledgement, async_calls, broadcast_operator, kv, namespace, search, socket, types,
};
