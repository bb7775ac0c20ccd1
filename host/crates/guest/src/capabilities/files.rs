//! Files: linked because toolchains import them, but empty. No folder is granted.

use runtime::Calls;
use wasmtime::component::Linker;
use wasmtime_wasi::WasiView;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::filesystem as p2;
use wasmtime_wasi::p3::bindings::filesystem as p3;

use super::interface::Interface;

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:filesystem/types"),
    Interface::wasi("wasi:filesystem/preopens"),
    Interface::wasi_concurrent("wasi:filesystem/types"),
    Interface::wasi_concurrent("wasi:filesystem/preopens"),
];

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    p2::types::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    p2::preopens::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    if calls == Calls::Concurrent {
        p3::types::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
        p3::preopens::add_to_linker::<T, WasiFilesystem>(linker, T::filesystem)?;
    }
    Ok(())
}
