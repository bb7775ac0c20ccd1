//! Random numbers. Granted to all, and bounded.

use runtime::Calls;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::random as p2;
use wasmtime_wasi::p3::bindings::random as p3;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{WasiCtxBuilder, WasiView};

use super::interface::Interface;

/// Most random bytes that a guest may ask for at once, because the host allocates them.
const RANDOM: u64 = 1 << 20;

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:random/random"),
    Interface::wasi("wasi:random/insecure"),
    Interface::wasi("wasi:random/insecure-seed"),
    Interface::wasi_concurrent("wasi:random/random"),
    Interface::wasi_concurrent("wasi:random/insecure"),
    Interface::wasi_concurrent("wasi:random/insecure-seed"),
];

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    p2::random::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    p2::insecure::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    p2::insecure_seed::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    if calls == Calls::Concurrent {
        p3::random::add_to_linker::<T, WasiRandom>(linker, T::random)?;
        p3::insecure::add_to_linker::<T, WasiRandom>(linker, T::random)?;
        p3::insecure_seed::add_to_linker::<T, WasiRandom>(linker, T::random)?;
    }
    Ok(())
}

pub(super) fn configure(wasi: &mut WasiCtxBuilder) {
    wasi.max_random_size(RANDOM);
}
