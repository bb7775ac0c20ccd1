//! A handler returns what can be sent, or a `Result` with an error of this crate.

use guest_sdk::RealtimeNamespace;

struct Answer;

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.socket().on("ask", || Answer);
    ns.socket().on("read", || std::fs::read_to_string("notes"));
}
