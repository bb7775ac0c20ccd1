//! Which web pages may use long-polling (the Fetch standard's CORS protocol).

use hyper::Method;
use hyper::header::ORIGIN;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// Origins whose web pages may use long-polling, beside the server's own; browsers do not ask for WebSockets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsOrigins {
    /// All origins.
    Any,
    /// Only these, in lower case, as browsers send them: `https://example.org`.
    Only(Vec<String>),
}

/// Like the reference server's `cors` option: without origins no headers are sent. Only origins that are named may send
/// cookies.
pub(crate) fn layer(origins: &CorsOrigins) -> Option<CorsLayer> {
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
