//! The function that registers handlers returns the namespace and takes nothing.

use guest_sdk::RealtimeNamespace;

guest_sdk::export!(nothing);
guest_sdk::export!(argument);

fn nothing() {
    RealtimeNamespace::new("/chat");
}

fn argument(ns: RealtimeNamespace) -> RealtimeNamespace {
    ns
}

fn main() {}
