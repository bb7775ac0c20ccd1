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
use hyper::header::{ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue, VARY};
use hyper::{Method, Request, Response, StatusCode};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;
use tower_http::services::ServeDir;

use crate::body::RequestBody;
use crate::cors::{self, CorsOrigins};
use crate::cut::Cut;

/// Routes requests by their path.
pub struct Routes<S> {
    endpoint: Arc<Endpoint<S>>,
    /// Requests whose path starts with this are Socket.IO.
    path: String,
    cors: Option<CorsLayer>,
    files: Option<ServeDir>,
    /// The mount whose handler answers the rest.
    site: Option<Arc<Mount>>,
}

impl<S: Service> Routes<S> {
    /// Routes to an endpoint, to the files of a folder, and to the handler of a mount for the rest.
    pub fn new(
        endpoint: Arc<Endpoint<S>>,
        path: String,
        origins: &CorsOrigins,
        files: Option<&Path>,
        site: Option<Arc<Mount>>,
    ) -> Self {
        Self { endpoint, path, cors: cors::layer(origins), files: files.map(ServeDir::new), site }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>, address: IpAddr, cut: Cut) -> Response<ResponseBody> {
        let request = RequestBody::of(request);
        if request.uri().path().starts_with(&self.path) {
            return self.socket_io(request, address).await;
        }
        match (&self.files, &self.site) {
            (Some(files), Some(site)) => file_or(files.clone(), site.clone(), request, cut).await,
            (Some(files), None) => {
                let answer = files.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
                answer.map(BodyExt::boxed_unsync)
            }
            (None, Some(site)) => handle(site, request, cut).await,
            (None, None) => not_found(),
        }
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
        handle(&site, request, cut.clone()).map(Ok::<_, Infallible>)
    }));
    let files = files.fallback(other).call_fallback_on_method_not_allowed(true);
    Box::pin(
        async move { files.oneshot(request).await.unwrap_or_else(|never| match never {}).map(BodyExt::boxed_unsync) },
    )
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
    let mut response = Response::new(known(Full::from("not found\n")));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
