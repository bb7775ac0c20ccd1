//! The code that `bindgen!` generates from `wit/`: the records, a trait for every import, and the calls into a
//! component.
//!
//! One set for all worlds, so that they share their types. A component exports one of the two handler interfaces, and
//! perhaps one of the two for schedules; each is looked up by itself (`exports::…::GuestIndices`), never through the struct
//! of the joint world.

wasmtime::component::bindgen!({
    inline: "
        package realtime:host;

        world guests {
            include realtime:gateway/handler@0.1.1;
            include realtime:gateway/async-handler@0.1.1;
            include realtime:gateway/state@0.1.1;
            include realtime:gateway/scheduling@0.1.1;
            include realtime:gateway/async-scheduling@0.1.1;
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

pub(crate) use exports::realtime::gateway::{async_event_handler, async_scheduled, event_handler, scheduled};
pub(crate) use realtime::gateway::{
    acknowledgement, async_calls, broadcast_operator, kv, namespace, search, socket, types,
};

/// `wasi:keyvalue`, by its own names, for components that know no other store.
pub(crate) mod wasi_keyvalue {
    wasmtime::component::bindgen!({
        inline: "
            package wasi:keyvalue@0.2.0-draft;

            interface store {
                variant error { no-such-store, access-denied, other(string) }
                record key-response { keys: list<string>, cursor: option<u64> }
                open: func(identifier: string) -> result<bucket, error>;
                resource bucket {
                    get: func(key: string) -> result<option<list<u8>>, error>;
                    set: func(key: string, value: list<u8>) -> result<_, error>;
                    delete: func(key: string) -> result<_, error>;
                    exists: func(key: string) -> result<bool, error>;
                    list-keys: func(cursor: option<u64>) -> result<key-response, error>;
                }
            }

            interface atomics {
                use store.{bucket, error};
                increment: func(bucket: borrow<bucket>, key: string, delta: u64) -> result<u64, error>;
            }

            interface batch {
                use store.{bucket, error};
                get-many: func(bucket: borrow<bucket>, keys: list<string>)
                    -> result<list<option<tuple<string, list<u8>>>>, error>;
                set-many: func(bucket: borrow<bucket>, key-values: list<tuple<string, list<u8>>>) -> result<_, error>;
                delete-many: func(bucket: borrow<bucket>, keys: list<string>) -> result<_, error>;
            }

            world imports {
                import store;
                import atomics;
                import batch;
            }
        ",
        world: "wasi:keyvalue/imports",
        imports: {
            default: async,
        },
        with: {
            "wasi:keyvalue/store.bucket": crate::capabilities::Bucket,
        },
    });

    pub(crate) use wasi::keyvalue::{atomics, batch, store};
}
