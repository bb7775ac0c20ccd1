//! Streams and pollables of WASI 0.2, which other interfaces return. Granted to all.

use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::WasiView;
use wasmtime_wasi_io::bindings::wasi::io;

use super::interface::Interface;

pub(super) const INTERFACES: &[Interface] =
    &[Interface::wasi("wasi:io/error"), Interface::wasi("wasi:io/poll"), Interface::wasi("wasi:io/streams")];

struct Resources;

impl HasData for Resources {
    type Data<'a> = &'a mut ResourceTable;
}

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<T, Resources>(linker, |data| data.ctx().table)?;
    io::poll::add_to_linker::<T, Resources>(linker, |data| data.ctx().table)?;
    io::streams::add_to_linker::<T, Resources>(linker, |data| data.ctx().table)
}
