//! Network sockets: linked because toolchains import them, but none can be made, and no name is looked up. Requests to
//! other servers are in `http`.

use runtime::Calls;
use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::sockets as p2;
use wasmtime_wasi::p3::bindings::sockets as p3;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};
use wasmtime_wasi::{WasiCtxBuilder, WasiView};

use super::interface::Interface;

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:sockets/network"),
    Interface::wasi("wasi:sockets/instance-network"),
    Interface::wasi("wasi:sockets/ip-name-lookup"),
    Interface::wasi("wasi:sockets/tcp"),
    Interface::wasi("wasi:sockets/tcp-create-socket"),
    Interface::wasi("wasi:sockets/udp"),
    Interface::wasi("wasi:sockets/udp-create-socket"),
    Interface::wasi_concurrent("wasi:sockets/types"),
    Interface::wasi_concurrent("wasi:sockets/ip-name-lookup"),
];

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>, calls: Calls) -> wasmtime::Result<()> {
    p2::network::add_to_linker::<T, WasiSockets>(linker, &p2::network::LinkOptions::default(), T::sockets)?;
    p2::instance_network::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    p2::ip_name_lookup::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    p2::tcp::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    p2::tcp_create_socket::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    p2::udp::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    p2::udp_create_socket::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    if calls == Calls::Concurrent {
        p3::types::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
        p3::ip_name_lookup::add_to_linker::<T, WasiSockets>(linker, T::sockets)?;
    }
    Ok(())
}

pub(super) fn configure(wasi: &mut WasiCtxBuilder) {
    wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
}
