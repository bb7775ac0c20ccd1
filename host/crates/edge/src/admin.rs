//! The admin listener: health, status, reload and rollback, for operators and their tools. Never on the public listener.
//!
//! | request | answer |
//! |---|---|
//! | `GET /livez` | 200 while the process serves requests |
//! | `GET /readyz` | 200, or 503 with the reason while the host starts or stops |
//! | `GET /status` | 200, JSON |
//! | `POST /reload` | 200 when the new revision serves; 422 if something is wrong, and nothing has changed |
//! | `POST /rollback` | 200 when the revision before serves again; 422 if there is none |
//!
//! While the host starts or stops, `POST` is answered 409.
//!
//! Answers to `POST` are JSON: what the new revision is, or `error` and `hints`. With a token every request but those for
//! health needs `authorization: Bearer TOKEN`. Without one only programs of this machine may ask, not pages in its browsers: a
//! request that a page caused (`origin`, `sec-fetch-site`), or whose host is a name that could be anybody's, is refused.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use gateway::handler::ResponseBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode};
use sha2::{Digest, Sha256};

/// What the admin listener asks the host.
pub trait Admin: Send + Sync + 'static {
    /// Why the host should get no new clients now.
    fn not_ready(&self) -> Option<&'static str>;

    /// What the host is and holds, as JSON.
    fn status(&self) -> String;

    /// Takes over what is configured now.
    fn reload(&self) -> AdminFuture;

    /// Goes back to the revision before.
    fn roll_back(&self) -> AdminFuture;
}

/// The future of a change. The text is JSON.
pub type AdminFuture = BoxFuture<'static, Result<String, Refusal>>;

/// Nothing was changed. The text is JSON.
#[derive(Debug)]
pub enum Refusal {
    /// Something is wrong in what was to be taken over.
    Wrong(String),
    /// It is not possible now.
    NotNow(String),
}

/// The answers of the admin listener.
pub struct AdminRoutes {
    admin: Arc<dyn Admin>,
    /// The digest of the token, so that comparing takes the same time for each.
    token: Option<[u8; 32]>,
}

impl AdminRoutes {
    /// Without a token, only programs of this machine are answered; the listener must have a loopback address then.
    pub fn new(admin: Arc<dyn Admin>, token: Option<&str>) -> Self {
        Self { admin, token: token.map(|token| Sha256::digest(token).into()) }
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let (method, path) = (request.method(), request.uri().path());
        let known = match path {
            "/livez" | "/readyz" | "/status" => [Method::GET, Method::HEAD].as_slice(),
            "/reload" | "/rollback" => &[Method::POST],
            _ => return text(StatusCode::NOT_FOUND, "not found\n"),
        };
        if !known.contains(method) {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
            let allowed = if known.contains(&Method::POST) { "POST" } else { "GET, HEAD" };
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            return response;
        }
        match path {
            "/livez" => return text(StatusCode::OK, "alive\n"),
            "/readyz" => return self.readiness(),
            _ => {}
        }
        if let Some(refusal) = self.refuse(&request) {
            return refusal;
        }
        match path {
            "/status" => json(StatusCode::OK, self.admin.status()),
            "/reload" => outcome(self.admin.reload().await),
            _ => outcome(self.admin.roll_back().await),
        }
    }

    fn readiness(&self) -> Response<ResponseBody> {
        match self.admin.not_ready() {
            None => text(StatusCode::OK, "ready\n"),
            Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, why),
        }
    }

    fn refuse(&self, request: &Request<Incoming>) -> Option<Response<ResponseBody>> {
        match self.token {
            Some(expected) => {
                let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                let token = given.and_then(|given| given.strip_prefix("Bearer ")).unwrap_or_default();
                let right = <[u8; 32]>::from(Sha256::digest(token)) == expected;
                (!right).then(|| text(StatusCode::UNAUTHORIZED, "the token of the admin listener is needed\n"))
            }
            None if is_of_page(request) => {
                Some(text(StatusCode::FORBIDDEN, "web pages are not answered here; give --admin-token\n"))
            }
            None => None,
        }
    }
}

/// Whether a page in a browser may have caused a request, perhaps under a name that was made to mean this machine.
fn is_of_page(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let is_local = host.is_some_and(|host| {
        let name = host.host().trim_start_matches('[').trim_end_matches(']');
        name == "localhost" || name.parse::<IpAddr>().is_ok()
    });
    !is_local || headers.contains_key(ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none")
}

fn outcome(outcome: Result<String, Refusal>) -> Response<ResponseBody> {
    match outcome {
        Ok(text) => json(StatusCode::OK, text),
        Err(Refusal::Wrong(text)) => json(StatusCode::UNPROCESSABLE_ENTITY, text),
        Err(Refusal::NotNow(text)) => json(StatusCode::CONFLICT, text),
    }
}

fn json(status: StatusCode, text: String) -> Response<ResponseBody> {
    respond(status, "application/json", text + "\n")
}

fn text(status: StatusCode, text: &'static str) -> Response<ResponseBody> {
    respond(status, "text/plain; charset=utf-8", text)
}

fn respond(status: StatusCode, kind: &'static str, text: impl Into<Bytes>) -> Response<ResponseBody> {
    let mut response = Response::new(Full::new(text.into()).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
