//! The macro that exports a component's handlers to the host.

/// Makes the crate a component that handles events. Use it once in a crate, at its top level. Its argument is the
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
///
/// A component with [schedules](crate::RealtimeNamespace::schedule) says so: `export!(register, scheduled)`.
///
/// With the feature `http`, the component can answer plain HTTP requests too: `export!(register, http = answer)`. The
/// function takes the namespace, to emit to its sockets, and a request with its whole body; it returns a response, or a
/// `Result` of one. The host passes it every request that is neither Socket.IO nor a static file. With both it is
/// `export!(register, scheduled, http = answer)`.
#[cfg_attr(
    feature = "http",
    doc = "
```no_run
use guest_sdk::http::{Method, Request, Response, StatusCode};
use guest_sdk::{Error, RealtimeNamespace};

guest_sdk::export!(register, http = answer);

fn register() -> RealtimeNamespace {
    let ns = RealtimeNamespace::new(\"/news\");
    ns.socket().on(\"$connect\", move || ns.socket().join(\"readers\"));
    ns
}

fn answer(ns: RealtimeNamespace, request: Request<Vec<u8>>) -> Result<Response<String>, Error> {
    if request.method() != Method::POST {
        return Ok(Response::builder().status(StatusCode::METHOD_NOT_ALLOWED).body(String::new())?);
    }
    let text = String::from_utf8(request.into_body())?;
    ns.to(\"readers\").emit(\"news\", text).result()?;
    Ok(Response::new(\"sent\\n\".to_owned()))
}
# fn main() {}
```
"
)]
#[macro_export]
macro_rules! export {
    ($register:expr, scheduled, http = $answer:expr) => {
        $crate::export!($register, scheduled);
        $crate::export_http!($answer);
    };
    ($register:expr, http = $answer:expr) => {
        $crate::export!($register);
        $crate::export_http!($answer);
    };
    ($register:expr, scheduled) => {
        $crate::export_events!($register, describe_with_schedules);
        $crate::export_schedules!($register);
    };
    ($register:expr) => {
        $crate::export_events!($register, describe);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! export_events {
    ($register:expr, $describe:ident) => {
        const _: fn() -> $crate::RealtimeNamespace = $register;

        // Linkers of other targets do not accept the names of a component's exports as symbols.
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::realtime::gateway::event_handler::Guest for Component {
                fn describe() -> $crate::bindings::realtime::gateway::types::Description {
                    $crate::registry::$describe($register)
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

#[doc(hidden)]
#[macro_export]
macro_rules! export_schedules {
    ($register:expr) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::bindings::scheduling::exports::realtime::gateway::scheduled::Guest for Component {
                fn schedules() -> ::std::vec::Vec<$crate::bindings::realtime::gateway::types::Schedule> {
                    $crate::scheduled::schedules($register)
                }

                fn run(
                    name: ::std::string::String,
                    due: u64,
                ) -> ::std::result::Result<(), $crate::bindings::realtime::gateway::types::HandlerError> {
                    $crate::scheduled::run($register, name, due)
                }
            }

    $crate::bindings::scheduling::export_scheduled!(Component with_types_in $crate::bindings::scheduling);
        };
    };
}

#[cfg(feature = "http")]
#[doc(hidden)]
#[macro_export]
macro_rules! export_http {
    ($answer:expr) => {
        const _: fn() = || $crate::requests::accept($answer);

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::requests::Guest for Component {
                fn handle(request: $crate::requests::IncomingRequest, answer: $crate::requests::ResponseOutparam) {
                    $crate::requests::handle($answer, request, answer);
                }
            }

    $crate::requests::export_component!(Component with_types_in $crate::requests::wasip2);
        };
    };
}

#[cfg(not(feature = "http"))]
#[doc(hidden)]
#[macro_export]
macro_rules! export_http {
    ($answer:expr) => {
        ::std::compile_error!("`http = …` needs guest-sdk's feature `http`");
    };
}
