//! Which part of the host answers a request: the Socket.IO endpoint, a file, or a mount's handler.

use std::convert::Infallible;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use engine_io::handler::Service;
use engine_io::transport::Endpoint;
use futures_util::FutureExt;
use gateway::handler::{ResponseBody, ResponseFuture};
use gateway::{EventContext, Mount};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCESS_CONTROL_REQUEST_HEADERS, HOST, HeaderValue, VARY};
use hyper::{Method, Request, Response, StatusCode, Version};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::services::ServeDir;

use crate::body::RequestBody;
use crate::cors::{self, CorsOrigins};
use crate::cut::Cut;
use crate::files::{Files, with_charset};
use crate::library::{ClientLibrary, is_library};

/// Routes requests by their path.
pub struct Routes<S> {
    endpoint: Arc<Endpoint<S>>,
    /// Requests whose path starts with this are Socket.IO.
    path: String,
    cors: Option<CorsLayer>,
    files: Option<Files>,
    library: Option<ClientLibrary>,
    /// The mount whose handler answers the rest.
    site: Option<Arc<Mount>>,
}

impl<S: Service> Routes<S> {
    /// Routes to an endpoint and to the client library beside it, to the files of a folder, and to the handler of a mount
    /// for the rest.
    pub fn new(
        endpoint: Arc<Endpoint<S>>,
        path: String,
        origins: &CorsOrigins,
        files: Option<&Path>,
        library: Option<ClientLibrary>,
        site: Option<Arc<Mount>>,
    ) -> Self {
        Self { endpoint, path, cors: cors::layer(origins), files: files.map(Files::new), library, site }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>, address: IpAddr, cut: Cut) -> Response<ResponseBody> {
        if !has_host(&request) {
            return plain(StatusCode::BAD_REQUEST, "a request needs exactly one Host header\n");
        }
        let request = RequestBody::of(request);
        if let Some(below) = request.uri().path().strip_prefix(&self.path) {
            let is_file = !below.is_empty() && self.has_file(&request).await;
            let library = is_library(below).then(|| below.to_owned());
            match library {
                _ if is_file => {}
                Some(name) => return self.library(&name, request).await,
                None => return self.socket_io(request, address).await,
            }
        }
        let files = match &self.files {
            Some(files) if files.may_serve(request.uri().path()).await => Some(files.service()),
            _ => None,
        };
        match (files, &self.site) {
            (Some(files), Some(site)) => file_or(files, site.clone(), request, cut).await,
            (Some(files), None) => {
                let answer = files.oneshot(request).await.unwrap_or_else(|never| match never {});
                with_charset(answer).map(BodyExt::boxed_unsync)
            }
            (None, Some(site)) => handle(site, request, cut).await,
            (None, None) => not_found(),
        }
    }

    /// Whether a request below the endpoint's path is for a file.
    async fn has_file(&self, request: &Request<RequestBody>) -> bool {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        match &self.files {
            Some(files) if reads => files.has(request.uri().path()).await,
            _ => false,
        }
    }

    async fn library(&self, name: &str, request: Request<RequestBody>) -> Response<ResponseBody> {
        let answer = match &self.library {
            Some(library) => library.serve(name, request).await,
            None => None,
        };
        answer.unwrap_or_else(|| {
            const HINT: &str = "the client library is not served: `npm install socket.io-client`, then give `host run` \
                                --client node_modules/socket.io-client\n";
            plain(StatusCode::NOT_FOUND, HINT)
        })
    }

    async fn socket_io(&self, request: Request<RequestBody>, address: IpAddr) -> Response<ResponseBody> {
        let preflight = self.cors.is_some() && request.method() == Method::OPTIONS;
        let endpoint =
            service_fn(async |request| Ok::<_, Infallible>(self.endpoint.serve(request, address).await.map(known)));
        let mut response = match &self.cors {
            Some(cors) => cors.layer(endpoint).oneshot(request).await.unwrap_or_else(|never| match never {}),
            None => endpoint.oneshot(request).await.unwrap_or_else(|never| match never {}),
        };
        if preflight {
            *response.status_mut() = StatusCode::NO_CONTENT;
            response.headers_mut().append(VARY, HeaderValue::from_name(ACCESS_CONTROL_REQUEST_HEADERS));
        }
        response
    }
}

/// Answers with a file, or with the mount's handler if there is none.
fn file_or(files: ServeDir, site: Arc<Mount>, request: Request<RequestBody>, cut: Cut) -> ResponseFuture {
    // Without the box the compiler cannot prove that the future is `Send`.
    let other = BoxCloneSyncService::new(service_fn(move |request| {
        handle(&site, request, cut.clone()).map(|mut response| {
            response.extensions_mut().insert(OfHandler);
            Ok::<_, Infallible>(response)
        })
    }));
    let files = files.fallback(other).call_fallback_on_method_not_allowed(true);
    Box::pin(async move {
        let answer = files.oneshot(request).await.unwrap_or_else(|never| match never {});
        let answer = if answer.extensions().get::<OfHandler>().is_some() { answer } else { with_charset(answer) };
        answer.map(BodyExt::boxed_unsync)
    })
}

/// Marks a response that the handler made, which is sent as it is.
#[derive(Debug, Clone, Copy)]
struct OfHandler;

/// Whether a request has one `Host` header, as HTTP/1.1 wants it (RFC 9112, section 3.2).
fn has_host<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(HOST).iter().count() {
        0 => request.version() < Version::HTTP_11,
        count => count == 1,
    }
}

/// Answers with the mount's current handler, if that handles requests.
fn handle(site: &Mount, request: Request<RequestBody>, cut: Cut) -> ResponseFuture {
    match site.handler().requests() {
        Some(handler) => {
            let context = EventContext::without_socket(site.namespace().clone());
            let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
            handler.answer(request, context, Box::new(move || cut.cut()))
        }
        None => Box::pin(async { not_found() }),
    }
}

fn known(body: Full<Bytes>) -> ResponseBody {
    body.map_err(|never| match never {}).boxed_unsync()
}

fn not_found() -> Response<ResponseBody> {
    plain(StatusCode::NOT_FOUND, "not found\n")
}

fn plain(status: StatusCode, text: &'static str) -> Response<ResponseBody> {
    let mut response = Response::new(known(Full::from(text)));
    *response.status_mut() = status;
    response
}
