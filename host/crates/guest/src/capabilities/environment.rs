//! Environment variables, which the operator grants by name and value. There are no arguments and no standard input.

use runtime::Calls;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::p2::bindings::cli as p2;
use wasmtime_wasi::p3::bindings::cli as p3;
use wasmtime_wasi::{WasiCtxBuilder, WasiView};

use super::interface::Interface;

/// The environment variables that handlers see, each name once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(pub Vec<(String, String)>);

impl Environment {
    pub(super) fn configure(&self, wasi: &mut WasiCtxBuilder) {
        wasi.envs(&self.0);
    }
}

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:cli/environment"),
    Interface::wasi("wasi:cli/exit"),
    Interface::wasi("wasi:cli/stdin"),
    Interface::wasi_concurrent("wasi:cli/environment"),
    Interface::wasi_concurrent("wasi:cli/exit"),
    Interface::wasi_concurrent("wasi:cli/stdin"),
];

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    p2::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    p2::stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    if calls == Calls::Concurrent {
        p3::environment::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::exit::add_to_linker::<T, WasiCli>(linker, T::cli)?;
        p3::stdin::add_to_linker::<T, WasiCli>(linker, T::cli)?;
    }
    Ok(())
}
