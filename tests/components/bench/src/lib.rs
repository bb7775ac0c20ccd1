//! The guest that benchmarks drive, in the namespace `/bench`.
//!
//! | event | does |
//! |---|---|
//! | `echo` … | acknowledges with the same arguments |
//! | `join` room | joins the room and acknowledges |
//! | `say` room, text | emits `said` text to the whole room, the sender included |

use guest_sdk::{Args, RealtimeNamespace};

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/bench");
    ns.socket().on("echo", |args: Args| args);
    ns.socket().on("join", move |room: String| ns.socket().join(room));
    ns.socket().on("say", move |room: String, text: String| ns.to(room).emit("said", text));
    ns
}
