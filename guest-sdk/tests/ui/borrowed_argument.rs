//! What handlers take is theirs.

use guest_sdk::RealtimeNamespace;

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.socket().on("message", |text: &str| text.len());
}
