//! Which world a component belongs to, by the names of its imports and exports.
//!
//! Checked before compiling, so that a wrong component is refused at once, in terms of this contract. A component that
//! passes may still fail to link, because wasmtime compares the types behind the names.

use runtime::{Calls, Interfaces};

use crate::capabilities::{self, Granted, Name};

const HANDLER: &str = "realtime:gateway/event-handler@0.1.1";
const ASYNC_HANDLER: &str = "realtime:gateway/async-event-handler@0.1.1";
/// The optional export of what the host starts by itself, with either of the two.
const SCHEDULED: &str = "scheduled";
const ASYNC_SCHEDULED: &str = "async-scheduled";

/// The package of the contract, and the series of its versions.
const CONTRACT: &str = "realtime:gateway";
const VERSION: &str = "0.1";

/// The package of the optional export that answers plain HTTP requests. Any released version of its series is accepted,
/// as wasmtime links them.
const HTTP: &str = "wasi:http";
const HTTP_HANDLER: &str = "incoming-handler";
const WASI_VERSION: &str = "0.2";

/// How a component is called, and what it does beside handling events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) calls: Calls,
    /// Whether it answers plain HTTP requests, beside handling events.
    pub(crate) answers_http: bool,
    /// Whether the host runs it at certain times, beside handling events.
    pub(crate) has_schedules: bool,
    /// Whether it imports the key-value store.
    pub(crate) keeps_state: bool,
}

/// Why a component belongs to no world of this host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// It has no handler.
    #[error("the component exports neither `{HANDLER}` nor `{ASYNC_HANDLER}`")]
    NoHandler {
        /// Whether it is a program with a `main` function.
        command: bool,
    },
    /// It was built for another series of the contract.
    #[error("the component was built for `{0}`, and this host has version {VERSION} of `{CONTRACT}`")]
    Version(String),
    /// It imports an interface that no component gets.
    #[error("the component imports `{0}`, which this host does not grant")]
    NotGranted(String),
    /// It imports an interface that only the other world may import.
    #[error("the component imports `{0}`, which only components that export `{ASYNC_HANDLER}` may")]
    AsyncOnly(String),
    /// It answers requests in a version that this host does not call.
    #[error("the component exports `{0}`, and this host calls `{HTTP}/{HTTP_HANDLER}` of version {WASI_VERSION}")]
    Http(String),
    /// It exports schedules for the other world.
    #[error("the component exports `{CONTRACT}/{exported}`, which belongs to the other world: its own is `{own}`")]
    Schedules {
        /// What it exports.
        exported: &'static str,
        /// What fits its handler.
        own: &'static str,
    },
}

impl WorldError {
    /// What the author of the component can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHandler { command: true } => {
                "this is a program with a `main` function; a handler is a library (in Cargo.toml: `[lib]` with `crate-type = [\"cdylib\"]`) that exports its namespace with the SDK"
            }
            Self::NoHandler { command: false } => {
                "export the namespace with the SDK, or build against the world `handler` or `async-handler` of this host's `wit` folder"
            }
            Self::Version(_) => "build it with the SDK, or the `wit` folder, of this host's version",
            Self::NotGranted(_) => {
                "handlers get WASI 0.2 output, clocks and random numbers, `wasi:http`, and the interfaces of `realtime:gateway`; drop the dependency that needs more"
            }
            Self::Http(_) => "build it against the world `wasi:http/proxy@0.2`, or without the export",
            Self::Schedules { .. } => {
                "`scheduled` goes with `event-handler` (the world `scheduling`), `async-scheduled` with `async-event-handler` (the world `async-scheduling`)"
            }
            Self::AsyncOnly(_) => "build it against the world `async-handler`, or without component-model async",
        }
    }
}

/// Finds the world.
///
/// # Errors
///
/// If the component exports no handler, or imports what the host does not offer.
pub(crate) fn world_of(component: &Interfaces) -> Result<World, WorldError> {
    let exports: Vec<_> = component.exports.iter().map(|name| Name::parse(name)).collect();
    let exported = |interface: &str| {
        exports.iter().any(|name| (name.package == CONTRACT && name.is_of(VERSION)) && name.interface == interface)
    };
    // A component that exports both handlers runs in the cheaper world.
    let calls = if exported("event-handler") {
        Calls::Plain
    } else if exported("async-event-handler") {
        Calls::Concurrent
    } else if let Some(other) = exports.iter().find(|name| name.package == CONTRACT && !name.is_of(VERSION)) {
        return Err(WorldError::Version(other.full.to_owned()));
    } else {
        return Err(WorldError::NoHandler { command: exports.iter().any(|name| name.package == "wasi:cli") });
    };

    let (own, other) = match calls {
        Calls::Plain => (SCHEDULED, ASYNC_SCHEDULED),
        Calls::Concurrent => (ASYNC_SCHEDULED, SCHEDULED),
    };
    let has_schedules = exported(own);
    if !has_schedules && exported(other) {
        return Err(WorldError::Schedules { exported: other, own });
    }

    for import in &component.imports {
        let import = Name::parse(import);
        if import.package == CONTRACT && !import.is_of(VERSION) {
            return Err(WorldError::Version(import.full.to_owned()));
        }
        if capabilities::granted(&import, calls) == Granted::Never {
            let name = import.full.to_owned();
            let elsewhere = capabilities::granted(&import, Calls::Concurrent);
            return Err(if elsewhere == Granted::Never {
                WorldError::NotGranted(name)
            } else {
                WorldError::AsyncOnly(name)
            });
        }
    }
    let mut http = exports.iter().filter(|name| name.package == HTTP);
    let answers_http = match http.find(|name| !(name.is_of(WASI_VERSION) && name.interface == HTTP_HANDLER)) {
        Some(other) => return Err(WorldError::Http(other.full.to_owned())),
        None => exports.iter().any(|name| name.package == HTTP),
    };
    let keeps_state = component.imports.iter().any(|import| capabilities::keeps_state(&Name::parse(import)));
    Ok(World { calls, answers_http, has_schedules, keeps_state })
}

/// Whether a component with this calling convention may import this; with `None`, whether a component of any world may.
pub(crate) fn granted(import: &str, calls: Option<Calls>) -> Granted {
    capabilities::granted(&Name::parse(import), calls.unwrap_or(Calls::Concurrent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interfaces(imports: &[&str], exports: &[&str]) -> Interfaces {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Interfaces { imports: names(imports), exports: names(exports), ..Interfaces::default() }
    }

    fn world(imports: &[&str], exports: &[&str]) -> Result<Calls, WorldError> {
        world_of(&interfaces(imports, exports)).map(|world| world.calls)
    }

    #[test]
    fn the_handler_names_the_world() {
        assert_eq!(world(&["wasi:cli/stdout@0.2.6", "realtime:gateway/socket@0.1.0"], &[HANDLER]), Ok(Calls::Plain));
        assert_eq!(world(&["realtime:gateway/async-calls@0.1.0"], &[ASYNC_HANDLER]), Ok(Calls::Concurrent));
        assert_eq!(world(&[], &["realtime:gateway/event-handler@0.1.3"]), Ok(Calls::Plain));
        assert_eq!(world(&[], &[ASYNC_HANDLER, HANDLER]), Ok(Calls::Plain));
    }

    #[test]
    fn a_missing_handler_is_named() {
        let error = world(&[], &["wasi:cli/run@0.2.6"]).unwrap_err();
        assert_eq!(error, WorldError::NoHandler { command: true });
        assert!(error.to_string().contains("realtime:gateway/event-handler@0.1.1"));
        assert_eq!(world(&[], &["run"]), Err(WorldError::NoHandler { command: false }));
    }

    #[test]
    fn other_versions_of_the_contract_are_named() {
        let exported = "realtime:gateway/event-handler@0.2.0";
        assert_eq!(world(&[], &[exported]), Err(WorldError::Version(exported.to_owned())));
        let imported = "realtime:gateway/socket@1.0.0";
        assert_eq!(world(&[imported], &[HANDLER]), Err(WorldError::Version(imported.to_owned())));
    }

    #[test]
    fn plain_requests_are_answered_where_the_export_is() {
        let answers = |http: &str| world_of(&interfaces(&[], &[HANDLER, http])).map(|world| world.answers_http);
        assert_eq!(answers("wasi:http/incoming-handler@0.2.0"), Ok(true));
        assert_eq!(answers("wasi:http/incoming-handler@0.2.12"), Ok(true));
        assert_eq!(answers("wasi:cli/run@0.2.6"), Ok(false));
        for other in ["wasi:http/incoming-handler@0.2.0-rc-2023-11-10", "wasi:http/handler@0.3.0"] {
            assert_eq!(answers(other), Err(WorldError::Http(other.to_owned())));
        }
        let only = ["wasi:http/incoming-handler@0.2.6"];
        assert_eq!(world(&[], &only), Err(WorldError::NoHandler { command: false }));
        assert_eq!(world(&["wasi:http/types@0.2.6"], &[HANDLER, only[0]]), Ok(Calls::Plain));
    }

    #[test]
    fn requests_may_be_imported_and_need_a_flag() {
        let client = "wasi:http/outgoing-handler@0.2.6";
        assert_eq!(world(&[client], &[HANDLER]), Ok(Calls::Plain));
        assert_eq!(granted(client, None), Granted::With("--allow-net HOST"));
        assert_eq!(granted("wasi:http/types@0.2.6", None), Granted::Always);
        assert_eq!(granted("wasi:http/outgoing-handler@0.3.0", None), Granted::Never);
    }

    #[test]
    fn state_is_kept_where_the_store_is_imported() {
        let keeps = |import: &str| world_of(&interfaces(&[import], &[HANDLER])).map(|world| world.keeps_state);
        assert_eq!(keeps("realtime:gateway/kv@0.1.1"), Ok(true));
        assert_eq!(keeps("wasi:keyvalue/batch@0.2.0-draft"), Ok(true));
        assert_eq!(keeps("realtime:gateway/socket@0.1.0"), Ok(false));
        for other in
            ["wasi:keyvalue/store@0.2.0", "wasi:keyvalue/store@0.2.0-draft2", "wasi:keyvalue/watcher@0.2.0-draft"]
        {
            assert_eq!(keeps(other), Err(WorldError::NotGranted(other.to_owned())));
        }
        assert_eq!(granted("realtime:gateway/kv@0.1.1", None), Granted::Always);
    }

    #[test]
    fn schedules_go_with_the_handler_of_their_world() {
        let (plain, concurrent) = ("realtime:gateway/scheduled@0.1.1", "realtime:gateway/async-scheduled@0.1.1");
        let has = |exports: &[&str]| world_of(&interfaces(&[], exports)).map(|world| world.has_schedules);
        assert_eq!(has(&[HANDLER]), Ok(false));
        assert_eq!(has(&[HANDLER, plain]), Ok(true));
        assert_eq!(has(&[ASYNC_HANDLER, concurrent]), Ok(true));
        assert_eq!(has(&[HANDLER, ASYNC_HANDLER, plain, concurrent]), Ok(true));
        let other = WorldError::Schedules { exported: ASYNC_SCHEDULED, own: SCHEDULED };
        assert_eq!(has(&[HANDLER, concurrent]), Err(other));
        let other = WorldError::Schedules { exported: SCHEDULED, own: ASYNC_SCHEDULED };
        assert_eq!(has(&[ASYNC_HANDLER, plain]), Err(other));
        assert_eq!(has(&[plain]), Err(WorldError::NoHandler { command: false }));
    }

    #[test]
    fn what_is_not_granted_is_named() {
        for import in [
            "wasi:http/outgoing-handler@0.3.0",
            "wasi:cli/stdout@0.2.0-rc-2023-11-10",
            "wasi:cli/stdout",
            "wasi:io/streams@0.3.0",
            "realtime:gateway/admin@0.1.0",
            "print",
        ] {
            assert_eq!(world(&[import], &[HANDLER]), Err(WorldError::NotGranted(import.to_owned())));
        }
        let only = "wasi:clocks/monotonic-clock@0.3.0";
        assert_eq!(world(&[only], &[HANDLER]), Err(WorldError::AsyncOnly(only.to_owned())));
        assert_eq!(world(&[only], &[ASYNC_HANDLER]), Ok(Calls::Concurrent));
    }
}
