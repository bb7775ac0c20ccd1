//! An answer on its way to an HTTP client, and the call that produces it.
//!
//! The call runs beside the answer. It is stopped when the client goes away, but not when the answer is complete: a
//! guest may do more after that.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::model::HandlerError;
use hyper::body::{Body as _, Frame, SizeHint};
use hyper::header::CONTENT_LENGTH;
use hyper::{Response, StatusCode};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wasmtime_wasi_http::WasiBody;

/// The state of a request.
#[derive(Debug, Default)]
pub(crate) struct Fate {
    /// The guest has answered; its answer's body may be unfinished.
    answered: AtomicBool,
    /// The call did not return, so the answer must not look complete.
    broken: AtomicBool,
    /// The request's body went beyond its bound.
    too_large: AtomicBool,
    /// The client went away before it had its answer.
    gone: AtomicBool,
}

impl Fate {
    pub(crate) fn answered(&self) -> bool {
        self.answered.load(Relaxed)
    }

    pub(crate) fn set_answered(&self) {
        self.answered.store(true, Relaxed);
    }

    pub(crate) fn too_large(&self) -> bool {
        self.too_large.load(Relaxed)
    }

    pub(crate) fn set_too_large(&self) {
        self.too_large.store(true, Relaxed);
    }

    pub(crate) fn gone(&self) -> bool {
        self.gone.load(Relaxed)
    }

    pub(crate) fn set_gone(&self) {
        self.gone.store(true, Relaxed);
    }

    /// Marks the call as broken unless it is disarmed. To be dropped before the call's store, because the body ends
    /// with the store.
    pub(crate) fn guard(fate: &Arc<Self>) -> Guard {
        Guard(Some(fate.clone()))
    }
}

pub(crate) struct Guard(Option<Arc<Fate>>);

impl Guard {
    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(fate) = &self.0 {
            fate.broken.store(true, Relaxed);
        }
    }
}

/// A call in a task of its own. Dropping this stops it, because the client is gone.
#[derive(Debug)]
pub(crate) struct Call {
    task: Option<JoinHandle<Result<(), HandlerError>>>,
    fate: Arc<Fate>,
}

impl Call {
    pub(crate) fn start(
        fate: Arc<Fate>,
        call: impl Future<Output = Result<(), HandlerError>> + Send + 'static,
    ) -> Self {
        Self { task: Some(tokio::spawn(call)), fate }
    }

    /// Lets the call run on alone.
    pub(crate) fn release(mut self) {
        self.detach();
    }

    fn detach(&mut self) {
        self.task = None;
    }

    /// Waits for the end of the call: why it failed, if it did and did not panic.
    pub(crate) async fn over(mut self) -> Option<HandlerError> {
        match &mut self.task {
            Some(task) => task.await.ok()?.err(),
            None => None,
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            // If the guest finds its streams closed from now on, that is not its failure.
            self.fate.set_gone();
            task.abort();
        }
    }
}

/// The body of an answer, with the call that writes it.
pub(crate) struct Answer {
    // Dropped in this order: the call is stopped before it finds the body closed.
    call: Call,
    body: WasiBody,
    /// Bytes that are still to come, if the head gives a length.
    left: Option<u64>,
    /// The error that ends the connection, once earlier bytes had a chance to be sent.
    error: Option<io::Error>,
    /// Tells the call that nobody reads any more.
    _reading: oneshot::Receiver<()>,
}

impl Answer {
    /// The response for a guest's answer. With `bodiless`, only the head is sent.
    pub(crate) fn response(
        response: Response<WasiBody>,
        bodiless: bool,
        call: Call,
        reading: oneshot::Receiver<()>,
    ) -> Response<Self> {
        let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let unsent = bodiless || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&response.status());
        response.map(|body| {
            let ended = unsent || length == Some(0) || body.is_end_stream();
            let mut answer = Self { call, body, left: length, error: None, _reading: reading };
            if ended {
                // The connection will drop the body at once.
                answer.call.detach();
            }
            answer
        })
    }

    fn count(&mut self, frame: &Frame<Bytes>) {
        if let (Some(left), Some(bytes)) = (&mut self.left, frame.data_ref()) {
            *left = left.saturating_sub(bytes.len() as u64);
            if *left == 0 {
                self.call.detach();
            }
        }
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let error = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => {
                self.count(&frame);
                return Poll::Ready(Some(Ok(frame)));
            }
            Some(Err(error)) => io::Error::other(error),
            None if self.call.fate.broken.load(Relaxed) => io::Error::other("the handler did not finish its answer"),
            None => {
                self.call.detach();
                return Poll::Ready(None);
            }
        };
        self.error = Some(error);
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
