//! All capabilities together: which imports are granted, and how they are linked.

use runtime::Calls;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiView;
use wasmtime_wasi_http::WasiHttpView;

use super::interface::{Granted, Interface, Name};
use super::keyvalue::BucketView;
use super::realtime::RealtimeView;
use super::store::StoreView;
use super::{clocks, environment, files, http, io, keyvalue, output, random, realtime, sockets, store};

const OFFERED: [&[Interface]; 11] = [
    realtime::INTERFACES,
    store::INTERFACES,
    keyvalue::INTERFACES,
    output::INTERFACES,
    environment::INTERFACES,
    clocks::INTERFACES,
    random::INTERFACES,
    io::INTERFACES,
    files::INTERFACES,
    sockets::INTERFACES,
    http::INTERFACES,
];

/// Whether a component with this calling convention may import this.
pub(crate) fn granted(import: &Name<'_>, calls: Calls) -> Granted {
    let interfaces = OFFERED.into_iter().flatten();
    let offered = interfaces.into_iter().find(|interface| interface.is_granted(import, calls));
    offered.map_or(Granted::Never, |interface| interface.granted)
}

/// Whether what imports this keeps state, so that the host has to open its store.
pub(crate) fn keeps_state(import: &Name<'_>) -> bool {
    import.path == store::PATH || import.package == keyvalue::PACKAGE
}

/// Links everything that a component with this calling convention may import.
///
/// # Errors
///
/// If two interfaces have the same name, which never happens with the versions that this is built with.
pub(crate) fn add_to_linker<T>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()>
where
    T: RealtimeView + StoreView + BucketView + WasiView + WasiHttpView + 'static,
{
    realtime::add_to_linker(linker, calls)?;
    store::add_to_linker(linker)?;
    keyvalue::add_to_linker(linker)?;
    output::add_to_linker(linker, calls)?;
    environment::add_to_linker(linker, calls)?;
    clocks::add_to_linker(linker, calls)?;
    random::add_to_linker(linker, calls)?;
    io::add_to_linker(linker)?;
    files::add_to_linker(linker, calls)?;
    sockets::add_to_linker(linker, calls)?;
    http::add_to_linker(linker)
}

/// Names of all interfaces that a component with this calling convention may import, one for each.
#[cfg(test)]
pub(crate) fn offered_paths(calls: Calls) -> impl Iterator<Item = String> {
    let interfaces = OFFERED.into_iter().flatten();
    let offered = interfaces.filter(move |interface| interface.only.is_none_or(|only| only == calls));
    let version = |series: &str| if series.contains('-') { series.to_owned() } else { format!("{series}.0") };
    offered.map(move |interface| format!("{}@{}", interface.path, version(interface.series)))
}
