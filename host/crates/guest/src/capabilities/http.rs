//! Requests that guests send (`wasi:http/outgoing-handler`), to hosts that the operator grants.
//!
//! `wasmtime-wasi-http` sends them, each over a connection of its own. The store holds each request as a task that is
//! aborted when the store is dropped. So no request outlives its instance, and the event's time limit bounds it.

use std::future::Future;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use gateway::EventContext;
use http_body_util::BodyExt;
use hyper::http::uri::Scheme;
use hyper::{Request, Response, Uri};
use telemetry::text;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Linker;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types::{self as http_types, ErrorCode};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttp, WasiHttpHooks, WasiHttpView, default_send_request,
};

use super::interface::{Granted, Interface};
use crate::current_event::CurrentEvent;

pub(super) const INTERFACES: &[Interface] = &[
    Interface::wasi("wasi:http/types"),
    Interface { granted: Granted::With("--allow-net HOST"), ..Interface::wasi("wasi:http/outgoing-handler") },
];

/// Always linked: without a grant every request fails.
pub(super) fn add_to_linker<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    outgoing_handler::add_to_linker::<T, WasiHttp>(linker, T::http)?;
    http_types::add_to_linker::<T, WasiHttp>(linker, &http_types::LinkOptions::default(), T::http)
}

/// Hosts that handlers may send HTTP requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedHosts {
    /// All hosts.
    Any,
    /// Only these hosts.
    Only(Vec<AllowedHost>),
}

/// A host, by the name that requests use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    /// Lower-case: `example.org`, `127.0.0.1`, `[::1]`.
    pub name: String,
    /// `None` means all ports.
    pub port: Option<u16>,
}

impl AllowedHosts {
    /// Whether requests may go to this host (in lower case) and port.
    pub fn allows(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::Only(hosts) => {
                hosts.iter().any(|allowed| allowed.name == host && allowed.port.is_none_or(|allowed| allowed == port))
            }
        }
    }
}

impl Default for AllowedHosts {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}

/// Most bytes that a guest may write to a body at once; at most two such pieces wait.
const CHUNK: usize = 64 << 10;

/// Most concurrent requests of one instance; further ones wait.
const REQUESTS: usize = 8;

/// How long a request may wait for its turn, and then for its connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Most denials that are logged for one instance.
const LOGGED: usize = 10;

/// The requests of one instance, and the host's side of `wasi:http` in its store.
pub(crate) struct Requests {
    current: Arc<CurrentEvent>,
    allowed: Arc<AllowedHosts>,
    /// Made when the guest first asks for it.
    places: Option<Arc<Semaphore>>,
    denied: usize,
}

type Sending<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;
type Sent = (Response<WasiBody>, Sending<()>);

impl Requests {
    pub(crate) fn new(current: Arc<CurrentEvent>, allowed: Arc<AllowedHosts>) -> Self {
        Self { current, allowed, places: None, denied: 0 }
    }

    /// Begins another event: requests from now on belong to it.
    pub(crate) fn begin(&mut self, current: Arc<CurrentEvent>) {
        self.current = current;
        self.denied = 0;
    }

    /// Whether no request is under way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.places.as_ref().is_none_or(|places| places.available_permits() == REQUESTS)
    }

    /// Checks a request against the grants.
    fn check(&mut self, uri: &Uri) -> Result<(), Error> {
        let destination = Destination::of(uri)?;
        if self.allowed.allows(&destination.host, destination.port) {
            return Ok(());
        }
        self.denied += 1;
        if self.denied <= LOGGED {
            let namespace = self.current.context().map_or("", EventContext::namespace);
            let event = text::printable(self.current.event());
            let flag = destination.flag();
            // Not the target `guest`, which is for the output of handlers.
            tracing::warn!(target: "host::guest", namespace, %event, host = flag, "a request was denied: `--allow-net {flag}` grants it");
        }
        Err(Error::HttpRequestDenied)
    }
}

impl WasiHttpHooks for Requests {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Sending<()>,
    ) -> Sending<Sent> {
        if let Err(error) = self.check(request.uri()) {
            return Box::new(async { Err(error) });
        }
        let places = self.places.get_or_insert_with(|| Arc::new(Semaphore::new(REQUESTS))).clone();
        Box::new(send(request, options.unwrap_or_default(), places))
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    // Only the guest gets the error. The default also logs it, so that a remote server could fill the log.

    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        if error.is_incomplete_message() { ErrorCode::HttpResponseIncomplete } else { ErrorCode::HttpProtocolError }
    }

    fn p2_error_from_connect(&mut self, error: &std::io::Error) -> ErrorCode {
        match error.kind() {
            ErrorKind::ConnectionRefused => ErrorCode::ConnectionRefused,
            ErrorKind::TimedOut => ErrorCode::ConnectionTimeout,
            _ => ErrorCode::InternalError(Some(error.to_string())),
        }
    }

    fn p2_error_from_tls(&mut self, error: &std::io::Error) -> ErrorCode {
        ErrorCode::InternalError(Some(error.to_string()))
    }
}

async fn send(request: Request<WasiBody>, options: RequestOptions, places: Arc<Semaphore>) -> Result<Sent, Error> {
    let connect = options.connect_timeout.unwrap_or(CONNECT).min(CONNECT);
    let place = tokio::time::timeout(connect, places.acquire_owned()).await;
    let Ok(Ok(place)) = place else { return Err(Error::ConnectionLimitReached) };
    let options = RequestOptions { connect_timeout: Some(connect), ..options };
    let (response, connection) = default_send_request(request, Some(options)).await?;
    Ok((response.map(BodyExt::boxed_unsync), Box::new(drive(connection, place))))
}

/// Drives a connection until the answer is read, and frees its place. Its error is not returned, because that would be
/// logged; the guest sees it as the body's error.
async fn drive(connection: impl Future<Output = Result<(), Error>>, place: OwnedSemaphorePermit) -> Result<(), Error> {
    let _ = connection.await;
    drop(place);
    Ok(())
}

/// The destination of a request.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    /// Lower-case.
    host: String,
    port: u16,
    /// Whether the port is not the scheme's default.
    unusual: bool,
}

impl Destination {
    /// Accepts only `HOST` and `HOST:PORT`, so that the host that is checked is the host that is connected to.
    fn of(uri: &Uri) -> Result<Self, Error> {
        let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
        let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => usual,
            Some(rest) => {
                let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
                port.ok_or(Error::HttpRequestUriInvalid)?
            }
            None => return Err(Error::HttpRequestUriInvalid),
        };
        Ok(Self { host: authority.host().to_ascii_lowercase(), port, unusual: port != usual })
    }

    /// The value of `--allow-net` that grants it.
    fn flag(&self) -> String {
        let host = text::message(&self.host);
        if self.unusual { format!("{host}:{}", self.port) } else { host }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(uri: &str) -> Option<(String, u16, String)> {
        let destination = Destination::of(&uri.parse().unwrap()).ok()?;
        Some((destination.host.clone(), destination.port, destination.flag()))
    }

    #[test]
    fn destinations_are_hosts_and_ports() {
        for (uri, host, port, flag) in [
            ("http://Example.org/a?b", "example.org", 80, "example.org"),
            ("https://example.org", "example.org", 443, "example.org"),
            ("https://example.org:443", "example.org", 443, "example.org"),
            ("https://example.org:80", "example.org", 80, "example.org:80"),
            ("http://127.0.0.1:3000/", "127.0.0.1", 3000, "127.0.0.1:3000"),
            ("http://[::1]:3000/", "[::1]", 3000, "[::1]:3000"),
        ] {
            assert_eq!(destination(uri), Some((host.to_owned(), port, flag.to_owned())), "{uri}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_goes_nowhere() {
        for uri in ["http://granted.org@other.org/", "http://granted.org:1:2/", "http://granted.org:99999/", "/path"] {
            if let Ok(uri) = uri.parse() {
                assert!(Destination::of(&uri).is_err(), "{uri}");
            }
        }
    }
}
