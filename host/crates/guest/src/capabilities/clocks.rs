//! Clocks and timers. Granted to all.

use runtime::Calls;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiView;
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::clocks as p2;
use wasmtime_wasi::p3::bindings::clocks as p3;

use super::interface::Interface;

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:clocks/wall-clock"),
    Interface::wasi("wasi:clocks/monotonic-clock"),
    Interface::wasi_concurrent("wasi:clocks/types"),
    Interface::wasi_concurrent("wasi:clocks/monotonic-clock"),
    Interface::wasi_concurrent("wasi:clocks/system-clock"),
];

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    p2::wall_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    p2::monotonic_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    if calls == Calls::Concurrent {
        p3::types::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
        p3::monotonic_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
        p3::system_clock::add_to_linker::<T, WasiClocks>(linker, T::clocks)?;
    }
    Ok(())
}
