//! A namespace does not join, leave or broadcast: its sockets do.

use guest_sdk::RealtimeNamespace;

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.join("general");
    ns.leave("general");
    ns.broadcast().emit("message", "hello");
}
