//! WASI's context for one instance, to which each capability adds its part.

use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use super::grants::HandlerGrants;
use super::output::Output;
use super::{random, sockets};

pub(crate) fn wasi(output: &Output, grants: &HandlerGrants) -> WasiCtx {
    let mut wasi = WasiCtxBuilder::new();
    output.configure(&mut wasi);
    grants.env.configure(&mut wasi);
    random::configure(&mut wasi);
    sockets::configure(&mut wasi);
    wasi.build()
}
