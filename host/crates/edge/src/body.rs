//! The body of a request, as handlers get it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::EXPECT;
use hyper::{Error, Request};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long the unread rest of a body is read after the answer.
const LINGER: Duration = Duration::from_secs(5);

/// A request's body. The rest that an answer leaves unread is read and dropped, for a while: closing a connection with
/// unread bytes resets it, and a client that still sends would lose the answer (RFC 9112, section 9.6).
pub(crate) struct RequestBody {
    /// None once it has ended.
    rest: Option<Incoming>,
    /// Whether to read the rest. False if the client waits for `100 Continue`, because after an answer it does not send
    /// the body.
    lingers: bool,
}

impl RequestBody {
    pub(crate) fn of(request: Request<Incoming>) -> Request<Self> {
        let lingers = !request.headers().contains_key(EXPECT);
        request.map(|body| Self { rest: Some(body), lingers })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(rest).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.rest = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.lingers || self.is_end_stream() {
            return;
        }
        if let (Some(mut rest), Ok(runtime)) = (self.rest.take(), Handle::try_current()) {
            runtime.spawn(timeout(LINGER, async move { while let Some(Ok(_)) = rest.frame().await {} }));
        }
    }
}
