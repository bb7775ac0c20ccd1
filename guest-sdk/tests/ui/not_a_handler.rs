//! A handler is a function of at most eight arguments.

use guest_sdk::RealtimeNamespace;

fn main() {
    let ns = RealtimeNamespace::new("/chat");
    ns.socket().on("text", "hello");
    ns.socket().on("nine", |_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8| ());
}
