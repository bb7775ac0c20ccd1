//! Which part of the host answers a request: the Socket.IO endpoint, a file, or the [`RequestHandler`].

use std::convert::Infallible;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue, ORIGIN, VARY};
use hyper::{Method, Request, Response, StatusCode};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::services::ServeDir;

use super::body::RequestBody;
use super::handler::{Body, Connection, RequestHandler, ResponseFuture};
use crate::config::CorsOrigins;
use crate::engine_io::handler::Service;
use crate::engine_io::transport::Endpoint;

/// Routes requests by their path.
pub struct Routes<S> {
    endpoint: Arc<Endpoint<S>>,
    /// Requests whose path starts with this are Socket.IO.
    path: String,
    cors: Option<CorsLayer>,
    files: Option<ServeDir>,
    handler: Option<Arc<dyn RequestHandler>>,
}

impl<S: Service> Routes<S> {
    /// Routes to an endpoint, to the files of a folder, and to a handler for the rest.
    pub fn new(
        endpoint: Arc<Endpoint<S>>,
        path: String,
        origins: &CorsOrigins,
        files: Option<&Path>,
        handler: Option<Arc<dyn RequestHandler>>,
    ) -> Self {
        Self { endpoint, path, cors: cors(origins), files: files.map(ServeDir::new), handler }
    }

    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        address: IpAddr,
        connection: Connection,
    ) -> Response<Body> {
        let request = RequestBody::of(request);
        if request.uri().path().starts_with(&self.path) {
            return self.socket_io(request, address).await;
        }
        match (&self.files, &self.handler) {
            (Some(files), Some(handler)) => file_or(files.clone(), handler.clone(), request, connection).await,
            (Some(files), None) => {
                let answer = files.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                answer.map(BodyExt::boxed_unsync)
            }
            (None, Some(handler)) => handler.clone().answer(request, connection).await,
            (None, None) => not_found(),
        }
    }

    async fn socket_io(&self, request: Request<RequestBody>, address: IpAddr) -> Response<Body> {
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

/// Answers with a file, or where there is none with the handler.
fn file_or(
    files: ServeDir,
    handler: Arc<dyn RequestHandler>,
    request: Request<RequestBody>,
    connection: Connection,
) -> ResponseFuture {
    // Without the box the compiler cannot tell that the whole is `Send`.
    let other = BoxCloneSyncService::new(service_fn(move |request| {
        handler.clone().answer(request, connection.clone()).map(Ok::<_, Infallible>)
    }));
    let files = files.fallback(other).call_fallback_on_method_not_allowed(true);
    Box::pin(
        async move { files.oneshot(request).await.unwrap_or_else(|never| match never {}).map(BodyExt::boxed_unsync) },
    )
}

/// As the reference server's `cors` option: without origins there are no headers at all. Origins that are named may
/// send cookies.
fn cors(origins: &CorsOrigins) -> Option<CorsLayer> {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request());
    match origins {
        CorsOrigins::Any => Some(layer.allow_origin(AllowOrigin::any()).vary([])),
        CorsOrigins::Only(origins) if origins.is_empty() => None,
        CorsOrigins::Only(origins) => {
            let origins: Vec<_> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
            Some(layer.allow_origin(AllowOrigin::list(origins)).allow_credentials(true).vary([ORIGIN]))
        }
    }
}

fn known(body: Full<Bytes>) -> Body {
    body.map_err(|never| match never {}).boxed_unsync()
}

fn not_found() -> Response<Body> {
    let mut response = Response::new(known(Full::from("not found\n")));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
