//! Rooms have names.

use guest_sdk::RealtimeNamespace;

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.to(7).emit("message", "hello");
    ns.socket().join(Some("general"));
}
