//! The bindings that `wit-bindgen` generates from `wit/`: the contract in Rust.
//!
//! Public only because [`export!`](crate::export) expands to it in other crates. Not part of the API.

wit_bindgen::generate!({
    inline: "
        package realtime:guest-sdk;

        world guest {
            include realtime:gateway/handler@0.1.1;
            include realtime:gateway/state@0.1.1;
        }
    ",
    path: "../wit",
    generate_all,
    world: "realtime:guest-sdk/guest",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "guest_sdk::bindings",
});

/// The optional export, which only components with schedules have.
pub mod scheduling {
    wit_bindgen::generate!({
        inline: "
            package realtime:guest-sdk-scheduling;

            world scheduled-guest {
                include realtime:gateway/scheduling@0.1.1;
            }
        ",
        path: "../wit",
        with: { "realtime:gateway/types@0.1.1": guest_sdk::bindings::realtime::gateway::types },
        world: "realtime:guest-sdk-scheduling/scheduled-guest",
        pub_export_macro: true,
        export_macro_name: "export_scheduled",
        default_bindings_module: "guest_sdk::bindings::scheduling",
    });
}
