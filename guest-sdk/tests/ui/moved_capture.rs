//! The namespace is `Copy`; what is not can go into one handler only.

use guest_sdk::RealtimeNamespace;

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    let room = String::from("general");
    ns.socket().on("$connect", move || ns.socket().join(&room));
    ns.socket().on("leave", move || ns.socket().leave(&room));
}
