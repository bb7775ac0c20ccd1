//! How a component offers its handlers to the host.

/// Makes the crate a component that handles events. It is written once in a crate, at its top level, and takes the
/// function that registers the handlers and returns the namespace: `fn() -> RealtimeNamespace`.
///
/// The host calls this function once when it loads the component, to learn the namespace and the events, and then for
/// every event, in a fresh instance. It should register handlers and do nothing else.
///
/// ```no_run
/// use guest_sdk::RealtimeNamespace;
///
/// guest_sdk::export!(register);
///
/// fn register() -> RealtimeNamespace {
///     let ns = RealtimeNamespace::new("/chat");
///     ns.socket().on("hello", || "hello to you");
///     ns
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export {
    ($register:expr) => {
        const _: fn() -> $crate::RealtimeNamespace = $register;

        // The names of a component's exports are no symbols that the linkers of other targets take.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::realtime::gateway::event_handler::Guest for Component {
                fn describe() -> $crate::bindings::realtime::gateway::types::Description {
                    $crate::registry::describe($register)
                }

                fn handle(
                    event: $crate::bindings::realtime::gateway::types::Event,
                ) -> ::std::result::Result<
                    ::std::option::Option<$crate::bindings::realtime::gateway::types::Payload>,
                    $crate::bindings::realtime::gateway::types::HandlerError,
                > {
                    $crate::registry::handle($register, event)
                }
            }

    $crate::bindings::export_component!(Component with_types_in $crate::bindings);
        };
    };
}
