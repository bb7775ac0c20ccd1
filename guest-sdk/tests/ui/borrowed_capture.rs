//! Handlers run after the function that registers them, so they own what they capture.

use guest_sdk::RealtimeNamespace;

guest_sdk::export!(register);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new("/chat");
    ns.socket().on("$connect", || ns.socket().join("general"));
    ns
}

fn main() {}
