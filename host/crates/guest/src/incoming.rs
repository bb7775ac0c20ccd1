//! A component as the handler of plain HTTP requests: a fresh instance for every request.
//!
//! As for events, a call has [`HandlerLimits::time`], here for the whole exchange, both bodies included. Bodies stream:
//! the host buffers one piece of each, so a side that stops reading stops the other from writing. The request's body
//! has a bound of its own ([`HandlerLimits::request_body`]).
//!
//! Unlike an event's, a call is a task of its own: the answer's head is sent before the call is over, and the rest must
//! end in time even if the client stops reading.
//!
//! [`HandlerLimits::time`]: crate::HandlerLimits::time
//! [`HandlerLimits::request_body`]: crate::HandlerLimits::request_body

use std::sync::Arc;
use std::time::Duration;

use gateway::EventContext;
use gateway::handler::{CutConnection, RequestBody, RequestHandler, ResponseBody, ResponseFuture};
use gateway::model::HandlerError;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use telemetry::{metrics, text};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use crate::answer::{Answer, Call, Fate};
use crate::component::ComponentHandler;
use crate::current_event::CurrentEvent;
use crate::instances::Failure;
use crate::lane;
use crate::store_state::StoreState;

/// Most bytes of a request's path that are logged.
const PATH: usize = 255;

/// How long the output of a failed call may take to reach the client before the connection is cut.
const LAST_BYTES: Duration = Duration::from_secs(1);

/// The value that a guest passed to its `response-outparam`.
type Given = Result<Response<WasiBody>, ErrorCode>;

/// A request that the host answers itself.
struct Unanswered(StatusCode, &'static str);

const TOO_LARGE: Unanswered = Unanswered(StatusCode::PAYLOAD_TOO_LARGE, "the request's body is too large\n");
const FAILED: Unanswered = Unanswered(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n");

impl RequestHandler for ComponentHandler {
    fn answer(
        self: Arc<Self>,
        request: Request<RequestBody>,
        context: EventContext,
        cut: CutConnection,
    ) -> ResponseFuture {
        Box::pin(async move {
            match self.try_answer(request, context, cut).await {
                Ok(answer) => answer.map(BodyExt::boxed_unsync),
                Err(unanswered) => unanswered.into_response(),
            }
        })
    }
}

impl ComponentHandler {
    async fn try_answer(
        self: Arc<Self>,
        request: Request<RequestBody>,
        context: EventContext,
        cut: CutConnection,
    ) -> Result<Response<Answer>, Unanswered> {
        let http = self.http.as_ref().ok_or(Unanswered(StatusCode::NOT_FOUND, "not found\n"))?;
        metrics().http_requests.increment();
        let most = self.settings.limits.request_body;
        check(&request, most)?;
        let Some(place) = http.place().await else {
            metrics().http_requests_refused.increment();
            return Err(Unanswered(StatusCode::SERVICE_UNAVAILABLE, "too many requests are waiting\n"));
        };

        let bodiless = request.method() == Method::HEAD;
        let fate = Arc::new(Fate::default());
        let current = Arc::new(CurrentEvent::new(Some(context), title(&request)));
        let request = request.map(|body| bounded(body, most, fate.clone()));
        let (given, gift) = oneshot::channel();
        let (mut reader, reading) = oneshot::channel();
        let exchange = self.clone().exchange(current.clone(), request, given, fate.clone());
        let exchange = lane::Call::new(self.clone(), current.clone(), Box::pin(exchange));
        let call = Call::start(fate.clone(), {
            let fate = fate.clone();
            async move {
                let result = exchange.await;
                drop(place);
                if result.is_err() && fate.answered() {
                    tokio::select! {
                        () = reader.closed() => {}
                        () = tokio::time::sleep(LAST_BYTES) => cut(),
                    }
                }
                result
            }
        });
        match gift.await {
            Ok(Ok(response)) if !response.status().is_informational() => {
                Ok(Answer::response(response, bodiless, call, reading))
            }
            Ok(useless) => {
                call.release();
                Err(refused(useless, &current, &fate))
            }
            Err(_) => Err(match call.over().await {
                _ if fate.too_large() => TOO_LARGE,
                Some(HandlerError::TimedOut(_)) => Unanswered(StatusCode::GATEWAY_TIMEOUT, "no answer in time\n"),
                _ => FAILED,
            }),
        }
    }

    /// Runs the guest for a request, from its start to its return, and reports its failure.
    async fn exchange(
        self: Arc<Self>,
        current: Arc<CurrentEvent>,
        request: Request<WasiBody>,
        given: oneshot::Sender<Given>,
        fate: Arc<Fate>,
    ) -> Result<(), HandlerError> {
        let call = async |store: &mut Store<StoreState>| {
            let unfinished = Fate::guard(&fate);
            self.call_http(store, request, given, fate.clone()).await?;
            unfinished.disarm();
            current.flush();
            Ok(())
        };
        let mut result = self.call_fresh(&current, call).await;
        if result.is_ok() {
            current.published().await;
            if !fate.answered() {
                result = Err(HandlerError::Failed("it returned without an answer".to_owned()));
            }
        }
        result.inspect_err(|error| report(&current, error, &fate))
    }

    async fn call_http(
        &self,
        store: &mut Store<StoreState>,
        request: Request<WasiBody>,
        given: oneshot::Sender<Given>,
        fate: Arc<Fate>,
    ) -> Result<(), Failure> {
        let http = self.http.as_ref().ok_or_else(|| Failure::NotStarted(wasmtime::Error::msg("it has no export")))?;
        let instance = self.linked.instantiate_async(&mut *store).await.map_err(Failure::NotStarted)?;
        let export = http.export.load(&mut *store, &instance).map_err(Failure::NotStarted)?;
        let mut wasi = store.data_mut().http();
        let request = wasi.new_incoming_request(Scheme::Http, request).map_err(Failure::NotStarted)?;
        let answer = wasi.new_response_outparam_from_callback(move |answer| {
            fate.set_answered();
            // This fails if the client has gone; then nobody is left to read it.
            let _ = given.send(answer);
        });
        let answer = answer.map_err(Failure::NotStarted)?;
        export.call_handle(store, request, answer).await.map_err(Failure::Trapped)
    }
}

impl Unanswered {
    /// The answer for a guest's error code: only faults of the request are told to the client.
    fn because(code: &ErrorCode) -> Self {
        match code {
            ErrorCode::HttpRequestDenied => Self(StatusCode::FORBIDDEN, "forbidden\n"),
            ErrorCode::HttpRequestLengthRequired => Self(StatusCode::LENGTH_REQUIRED, "length required\n"),
            ErrorCode::HttpRequestBodySize(_) => TOO_LARGE,
            ErrorCode::HttpRequestMethodInvalid => Self(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n"),
            ErrorCode::HttpRequestUriInvalid => Self(StatusCode::BAD_REQUEST, "bad request\n"),
            ErrorCode::HttpRequestUriTooLong => Self(StatusCode::URI_TOO_LONG, "the URI is too long\n"),
            ErrorCode::HttpRequestHeaderSectionSize(_) | ErrorCode::HttpRequestHeaderSize(_) => {
                Self(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the headers are too large\n")
            }
            _ => FAILED,
        }
    }

    fn into_response(self) -> Response<ResponseBody> {
        let Self(status, text) = self;
        let mut response = Response::new(Full::from(text).map_err(|never| match never {}).boxed_unsync());
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}

/// Refuses requests that no guest should see.
fn check(request: &Request<RequestBody>, most: usize) -> Result<(), Unanswered> {
    let host = request.headers().get(HOST).is_some_and(|host| host.to_str().is_ok());
    if !host && request.uri().authority().is_none() {
        return Err(Unanswered(StatusCode::BAD_REQUEST, "the request has no host\n"));
    }
    if request.method() == Method::CONNECT {
        return Err(Unanswered(StatusCode::METHOD_NOT_ALLOWED, "this is no proxy\n"));
    }
    if hyper::body::Body::size_hint(request.body()).lower() > most as u64 {
        return Err(TOO_LARGE);
    }
    Ok(())
}

/// A request's body, limited to `most` bytes.
fn bounded(body: RequestBody, most: usize, fate: Arc<Fate>) -> WasiBody {
    let body = Limited::new(body, most).map_err(move |error| {
        if error.is::<LengthLimitError>() {
            fate.set_too_large();
            Error::HttpRequestBodySize(Some(most as u64))
        } else {
            // The guest may see this before the end of the connection stops the call.
            fate.set_gone();
            Error::ConnectionTerminated
        }
    });
    body.boxed_unsync()
}

/// A request as the log shows it: without the query, which may hold secrets.
fn title<B>(request: &Request<B>) -> String {
    let path = request.uri().path();
    format!("{} {}", request.method(), path.get(..path.floor_char_boundary(PATH)).unwrap_or(path))
}

/// The host's own answer in place of one that cannot be sent.
fn refused(given: Given, current: &CurrentEvent, fate: &Fate) -> Unanswered {
    let (unanswered, why) = match given {
        _ if fate.too_large() => return TOO_LARGE,
        Ok(response) => (FAILED, format!("it answered with status {}", response.status())),
        Err(code) => (Unanswered::because(&code), format!("it answered with {code:?}")),
    };
    if unanswered.0.is_server_error() {
        report(current, &HandlerError::Failed(text::message(&why)), fate);
    }
    unanswered
}

/// Logs and counts a failure, unless the client caused it.
fn report(current: &CurrentEvent, error: &HandlerError, fate: &Fate) {
    if fate.gone() || fate.too_large() {
        return;
    }
    let namespace = current.context().map_or("", EventContext::namespace);
    error.report(namespace, None, &text::printable(current.event()));
}
