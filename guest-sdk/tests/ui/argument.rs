//! What handlers take can be decoded.

use guest_sdk::RealtimeNamespace;

struct Message {
    text: String,
}

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.socket().on("message", move |message: Message| ns.emit("message", message.text));
}
