//! Where a call computes: first where it was called, because most are over in less time than another thread needs to
//! notice, then in the runtime's slow lane.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use gateway::model::HandlerError;
use runtime::{Handler, SlowTask};
use telemetry::metrics;

use crate::component::ComponentHandler;
use crate::current_event::CurrentEvent;

/// A call of a component for an event or a plain HTTP request. Dropping it stops it.
pub(crate) struct Call<R> {
    handler: Arc<ComponentHandler>,
    current: Arc<CurrentEvent>,
    place: Place<R>,
}

/// Where the call is.
enum Place<R> {
    New(Outcome<R>),
    /// Where it was called.
    Here(Outcome<R>),
    /// There, and the system has no threads for the slow lane.
    OnlyHere(Outcome<R>),
    Slow(SlowTask<Result<R, HandlerError>>),
    Moving,
}

type Outcome<R> = Handler<Result<R, HandlerError>>;

impl<R: Send + 'static> Call<R> {
    pub(crate) fn new(handler: Arc<ComponentHandler>, current: Arc<CurrentEvent>, call: Outcome<R>) -> Self {
        Self { handler, current, place: Place::New(call) }
    }

    /// Moves the call to the slow lane. `begins` tells that it has not computed yet.
    fn slow(&self, call: Outcome<R>, begins: bool) -> Place<R> {
        let ComponentHandler { runtime, tenant, .. } = &*self.handler;
        match runtime.slow(tenant, self.current.address(), call, begins) {
            Ok(task) => {
                metrics().handlers_slowed.increment();
                Place::Slow(task)
            }
            Err(call) => Place::OnlyHere(call),
        }
    }

    fn begin(&self, call: Outcome<R>) -> Place<R> {
        let ComponentHandler { runtime, tenant, .. } = &*self.handler;
        if runtime.begins_slowly(tenant, self.current.address()) { self.slow(call, true) } else { Place::Here(call) }
    }
}

impl<R: Send + 'static> Future for Call<R> {
    type Output = Result<R, HandlerError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            this.place = match mem::replace(&mut this.place, Place::Moving) {
                Place::New(call) => this.begin(call),
                Place::Here(mut call) => match call.as_mut().poll(context) {
                    Poll::Pending if this.current.computes() => this.slow(call, false),
                    Poll::Pending => {
                        this.place = Place::Here(call);
                        return Poll::Pending;
                    }
                    ready => return ready,
                },
                Place::OnlyHere(mut call) => {
                    let poll = call.as_mut().poll(context);
                    this.place = Place::OnlyHere(call);
                    return poll;
                }
                Place::Slow(mut task) => {
                    let poll = Pin::new(&mut task).poll(context);
                    this.place = Place::Slow(task);
                    let gone = || Err(HandlerError::NotStarted("the host stops".to_owned()));
                    return Poll::Ready(ready!(poll).unwrap_or_else(gone));
                }
                Place::Moving => return Poll::Pending,
            };
        }
    }
}
