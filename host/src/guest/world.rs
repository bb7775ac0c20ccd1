//! Which world a component belongs to, told from the names of what it imports and exports.
//!
//! Looked at before compiling, so that a wrong component is refused at once and in words of this contract. What passes
//! may still not link: the types behind the names are compared by wasmtime.

use super::examine::Granted;
use crate::runtime::{Calls, Interfaces};

const HANDLER: &str = "realtime:gateway/event-handler@0.1.0";
const ASYNC_HANDLER: &str = "realtime:gateway/async-event-handler@0.1.0";

/// The package of the contract, and its interfaces that both worlds import.
const CONTRACT: &str = "realtime:gateway";
const IMPORTS: [&str; 4] = ["types", "socket", "namespace", "broadcast-operator"];
const ASYNC_IMPORTS: [&str; 1] = ["async-calls"];
const VERSION: &str = "0.1";

/// What a component exports to answer plain HTTP requests. The export is optional; any released version of the series is
/// taken, as wasmtime links them.
const HTTP: &str = "wasi:http";
const HTTP_HANDLER: &str = "incoming-handler";

/// What a component may import of the same package; requests that it sends need a flag of `host run` as well.
const HTTP_IMPORTS: [&str; 2] = ["types", HTTP_CLIENT];
const HTTP_CLIENT: &str = "outgoing-handler";
const HTTP_FLAG: &str = "--allow-net HOST";

/// Packages that the host grants, each with the version that both worlds may import.
const WASI: [&str; 6] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];
const WASI_VERSION: &str = "0.2";
/// What the async world may import beside it; it has no `wasi:io`, as its streams are the component model's own.
const ASYNC_WASI_VERSION: &str = "0.3";

/// How a component is run, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct World {
    pub(super) calls: Calls,
    /// Whether it answers plain HTTP requests, beside handling events.
    pub(super) answers_http: bool,
}

/// A component of neither world.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    #[error("the component exports neither `{HANDLER}` nor `{ASYNC_HANDLER}`")]
    NoHandler {
        /// It is a program with a `main`.
        command: bool,
    },
    #[error("the component was built for `{0}`, and this host has version {VERSION} of `{CONTRACT}`")]
    Version(String),
    #[error("the component imports `{0}`, which this host does not grant")]
    NotGranted(String),
    #[error("the component imports `{0}`, which only components that export `{ASYNC_HANDLER}` may")]
    AsyncOnly(String),
    #[error("the component exports `{0}`, and this host calls `{HTTP}/{HTTP_HANDLER}` of version {WASI_VERSION}")]
    Http(String),
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
                "handlers get WASI 0.2 output, clocks and random numbers, `wasi:http`, and the interfaces of `realtime:gateway`; leave out the dependency that needs more"
            }
            Self::Http(_) => "build it against the world `wasi:http/proxy@0.2`, or without the export",
            Self::AsyncOnly(_) => "build it against the world `async-handler`, or without component-model async",
        }
    }
}

/// Finds the world.
///
/// # Errors
///
/// Where the component exports no handler, or imports what the host does not offer.
pub(super) fn world_of(component: &Interfaces) -> Result<World, WorldError> {
    let exports: Vec<_> = component.exports.iter().map(|name| Name::parse(name)).collect();
    let exported =
        |interface: &str| exports.iter().any(|name| name.is(CONTRACT, VERSION) && name.interface == interface);
    // A component that exports both runs in the world that costs less.
    let calls = if exported("event-handler") {
        Calls::Plain
    } else if exported("async-event-handler") {
        Calls::Concurrent
    } else if let Some(other) = exports.iter().find(|name| name.package == CONTRACT) {
        return Err(WorldError::Version(other.full.to_owned()));
    } else {
        return Err(WorldError::NoHandler { command: exports.iter().any(|name| name.package == "wasi:cli") });
    };

    for import in &component.imports {
        let import = Name::parse(import);
        if import.package == CONTRACT && !import.is(CONTRACT, VERSION) {
            return Err(WorldError::Version(import.full.to_owned()));
        }
        if !is_granted(&import, calls) {
            let name = import.full.to_owned();
            let granted_elsewhere = is_granted(&import, Calls::Concurrent);
            return Err(if granted_elsewhere { WorldError::AsyncOnly(name) } else { WorldError::NotGranted(name) });
        }
    }
    let mut http = exports.iter().filter(|name| name.package == HTTP);
    let answers_http = match http.find(|name| !(name.is(HTTP, WASI_VERSION) && name.interface == HTTP_HANDLER)) {
        Some(other) => return Err(WorldError::Http(other.full.to_owned())),
        None => exports.iter().any(|name| name.package == HTTP),
    };
    Ok(World { calls, answers_http })
}

/// Whether a component whose handler is called so may import this; without a handler, whether any may.
pub(super) fn granted(import: &str, calls: Option<Calls>) -> Granted {
    let import = Name::parse(import);
    if !is_granted(&import, calls.unwrap_or(Calls::Concurrent)) {
        Granted::Never
    } else if import.package == HTTP && import.interface == HTTP_CLIENT {
        Granted::With(HTTP_FLAG)
    } else {
        Granted::Always
    }
}

fn is_granted(import: &Name<'_>, calls: Calls) -> bool {
    let concurrent = calls == Calls::Concurrent;
    if import.package == CONTRACT {
        return IMPORTS.contains(&import.interface) || (concurrent && ASYNC_IMPORTS.contains(&import.interface));
    }
    if import.package == HTTP {
        return import.is(HTTP, WASI_VERSION) && HTTP_IMPORTS.contains(&import.interface);
    }
    WASI.contains(&import.package)
        && (is_version(import.version, WASI_VERSION)
            || (concurrent && import.package != "wasi:io" && is_version(import.version, ASYNC_WASI_VERSION)))
}

/// A name such as `wasi:cli/stdout@0.2.6`.
struct Name<'a> {
    full: &'a str,
    package: &'a str,
    interface: &'a str,
    version: &'a str,
}

impl<'a> Name<'a> {
    fn parse(full: &'a str) -> Self {
        let (path, version) = full.split_once('@').unwrap_or((full, ""));
        let (package, interface) = path.split_once('/').unwrap_or(("", path));
        Self { full, package, interface, version }
    }

    fn is(&self, package: &str, version: &str) -> bool {
        self.package == package && is_version(self.version, version)
    }
}

/// Whether a version is a released one of a series: `0.2.6` of `0.2`, but not `0.2.0-rc-2023-11-10`.
fn is_version(version: &str, series: &str) -> bool {
    let patch = version.strip_prefix(series).and_then(|rest| rest.strip_prefix('.'));
    patch.is_some_and(|patch| patch.parse::<u64>().is_ok())
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
        assert!(error.to_string().contains("realtime:gateway/event-handler@0.1.0"));
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
