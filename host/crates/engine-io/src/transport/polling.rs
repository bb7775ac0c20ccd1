//! HTTP long-polling (Engine.IO protocol 4, section "HTTP long-polling"): a GET waits for packets, a POST brings some.
//!
//! A session has at most one GET and one POST at a time. A POST is answered once its packets have been read. While the
//! session's handlers are busy that is late, which slows the client down. A POST with a close packet also waits for a GET
//! that was sent at the same time on another connection: it would find no session otherwise.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::CONTENT_TYPE;
use hyper::{Error, Method, Request, StatusCode};
use tokio::time::timeout;

use super::request::{HttpResponse, Refusal, bare, deliver};
use crate::memory::charged;
use crate::payload::{self, Pieces};
use crate::{Charge, CloseReason, Session};

/// How long a client may take to send the body of a POST.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the answer to a close packet waits for a GET that was sent at the same time.
const LAST_GET: Duration = Duration::from_millis(200);

/// Answers a request of a long-polling session. `max_bytes` bounds what a POST may bring.
pub(super) async fn serve(
    request: Request<impl Body<Data = Bytes, Error = Error>>,
    session: &Arc<Session>,
    max_bytes: usize,
) -> Result<HttpResponse, Refusal> {
    match *request.method() {
        Method::GET => Ok(get(session).await),
        Method::POST => Ok(post(request, session, max_bytes).await),
        _ => Ok(bare(StatusCode::INTERNAL_SERVER_ERROR)),
    }
}

async fn get(session: &Arc<Session>) -> HttpResponse {
    if session.begin_get().is_err() {
        session.abort(CloseReason::TransportError);
        return bare(StatusCode::BAD_REQUEST);
    }
    let guard = Active { session, end: Session::end_get };
    let frames = poll_fn(|cx| session.poll_frames(cx)).await;
    guard.finish();
    deliver("text/plain; charset=UTF-8", charged(payload::encode(&frames), session.memory()))
}

async fn post(
    request: Request<impl Body<Data = Bytes, Error = Error>>,
    session: &Arc<Session>,
    max_bytes: usize,
) -> HttpResponse {
    let binary = request.headers().get(CONTENT_TYPE).is_some_and(|v| v.as_bytes() == b"application/octet-stream");
    if session.begin_post().is_err() || binary {
        session.abort(CloseReason::TransportError);
        return bare(StatusCode::BAD_REQUEST);
    }
    let guard = Active { session, end: Session::end_post };
    // Until its packets have been read.
    let mut charge = Posting { session, charge: Charge::new(session.memory().clone()) };
    let body = match read(request, max_bytes, &mut charge).await {
        Ok(body) => body,
        Err(ReadError::TooLarge) => {
            guard.finish();
            session.close(CloseReason::ParseError);
            return bare(StatusCode::PAYLOAD_TOO_LARGE);
        }
        // Dropping the guard closes the session.
        Err(ReadError::Broken) => return bare(StatusCode::BAD_REQUEST),
    };
    if !session.deliver(Pieces::new(body)) {
        guard.finish();
        return bare(StatusCode::BAD_REQUEST);
    }
    poll_fn(|cx| session.poll_delivered(cx)).await;
    // Ready at once, but after a close packet.
    let _ = timeout(LAST_GET, poll_fn(|cx| session.poll_last_get(cx))).await;
    guard.finish();
    deliver("text/html", "ok")
}

enum ReadError {
    TooLarge,
    Broken,
}

/// Invalid UTF-8 is replaced, as the reference server does.
async fn read(
    request: Request<impl Body<Data = Bytes, Error = Error>>,
    max_bytes: usize,
    charge: &mut Posting<'_>,
) -> Result<String, ReadError> {
    let mut body = pin!(Limited::new(request.into_body(), max_bytes));
    let mut bytes = Vec::new();
    let whole = async {
        while let Some(frame) = body.frame().await {
            bytes.extend_from_slice(&frame?.into_data().unwrap_or_default());
            charge.set(bytes.len());
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    match timeout(READ_TIMEOUT, whole).await {
        Ok(Ok(())) => {
            Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ReadError::TooLarge),
        Ok(Err(_)) | Err(_) => Err(ReadError::Broken),
    }
}

/// What a POST keeps.
struct Posting<'a> {
    session: &'a Session,
    charge: Charge,
}

impl Posting<'_> {
    fn set(&mut self, bytes: usize) {
        self.charge.set(bytes);
        self.session.note_posting(bytes);
    }
}

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.session.note_posting(0);
    }
}

/// A request under way. If it is dropped before it was answered, the client has gone.
struct Active<'a> {
    session: &'a Session,
    end: fn(&Session),
}

impl Active<'_> {
    fn finish(self) {
        (self.end)(self.session);
        std::mem::forget(self);
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        (self.end)(self.session);
        if self.session.is_polling() {
            // Not an orderly close: nobody is left to fetch a close packet.
            self.session.abort(CloseReason::TransportError);
        }
    }
}
