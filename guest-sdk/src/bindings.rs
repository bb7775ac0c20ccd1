//! What `wit-bindgen` makes of `wit/`: the one place where the contract becomes Rust.
//!
//! Public only because [`export!`](crate::export) expands to it in other crates. No part of the API.

wit_bindgen::generate!({
    path: "../wit",
    world: "handler",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "guest_sdk::bindings",
});
