//! A guest that takes every event.
//!
//! | event | does |
//! |---|---|
//! | `size` | acks how many arguments there are |
//! | any | emits it back, with its arguments |

use guest_sdk::{Args, RealtimeNamespace};

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/wildcard");
    ns.socket().on("size", |args: Args| args.len());
    ns.socket().on_any(move |event, args| ns.socket().emit(event, args).result());
    ns
}
