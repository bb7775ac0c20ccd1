//! The bindings that `wit-bindgen` generates from `wit/`: the contract in Rust.
//!
//! Public only because [`export!`](crate::export) expands to it in other crates. Not part of the API.

wit_bindgen::generate!({
    path: "../wit",
    world: "handler",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "guest_sdk::bindings",
});
