//! A guest that leaves its namespace to the operator, and has no `$connect`.
//!
//! | event | does |
//! |---|---|
//! | `name` | acks the namespace's path |
//! | any | emits `seen` with the event's name and arguments |
//! | `$disconnect` | prints `left: ` and the reason |

use guest_sdk::{Error, RealtimeNamespace, json};

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::default();
    ns.socket().on("name", move || ns.name());
    ns.socket().on_any(move |event, args| -> Result<(), Error> {
        ns.socket().emit("seen", json!({ "event": event, "args": args.values()? })).result()
    });
    ns.socket().on("$disconnect", |reason: String| println!("left: {reason}"));
    ns
}
