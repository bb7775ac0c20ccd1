//! A guest that leaves its namespace to the operator, and has no `$connect`.
//!
//! | event | does |
//! |---|---|
//! | `name` | acks the namespace's path |
//! | `count` | acks how often the store has counted it |
//! | `$disconnect` | prints `left: ` and the reason |

use guest_sdk::RealtimeNamespace;

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::default();
    ns.socket().on("name", move || ns.name());
    ns.socket().on("count", move || ns.kv().increment("count", 1));
    ns.socket().on("$disconnect", |reason: String| println!("left: {reason}"));
    ns
}
