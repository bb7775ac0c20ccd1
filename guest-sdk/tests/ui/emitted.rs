//! What is emitted is `Serialize`.

use guest_sdk::RealtimeNamespace;

struct Message {
    text: String,
}

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.emit("message", Message { text: "hello".into() });
}
