//! A component as the gateway's event handler: a fresh instance for every event, unless the operator has instances
//! reused. Plain requests are in `incoming`, what the host starts by itself in `scheduled`.
//!
//! An event first waits for a place, without a time limit. From then on it has [`HandlerLimits::time`], waiting
//! included; when that is up, the call is dropped with its store, whatever it is doing. A call that computes for long
//! goes on in the runtime's slow lane (`lane`).
//!
//! [`HandlerLimits::time`]: crate::HandlerLimits::time

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gateway::EventContext;
use gateway::handler::{EventHandler, HandlerFuture, RequestHandler, RunFuture};
use gateway::model::{Description, Event, GatewayLimits, HandlerError, check_ack, check_rejection};
use jiff::Timestamp;
use runtime::{Runtime, Slot, StoreData, Tenant, trap_text};
use socket_io::Payload;
use telemetry::text;
use tokio::time::sleep;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::types;
use crate::capabilities::OutputRate;
use crate::current_event::CurrentEvent;
use crate::http_export::HttpExport;
use crate::instances::{ExportIndices, Failure, GuestExports, IdleInstances, InstanceSlot, Returned, Size};
use crate::lane::Call;
use crate::scheduled::ScheduledExport;
use crate::settings::HandlerSettings;
use crate::store_state::StoreState;

/// A component that handles the events of one namespace.
pub struct ComponentHandler {
    pub(crate) runtime: Arc<Runtime>,
    /// Its part of what components share.
    pub(crate) tenant: Arc<Tenant>,
    /// The linked component, from which instances are made.
    pub(crate) linked: InstancePre<StoreState>,
    pub(crate) exports: ExportIndices,
    /// None if every event gets a fresh instance.
    pub(crate) idle: Option<IdleInstances>,
    /// Its HTTP handler, if it answers plain requests too.
    pub(crate) http: Option<HttpExport>,
    /// Its work that the host starts, if it has any.
    pub(crate) scheduled: Option<ScheduledExport>,
    pub(crate) keeps_state: bool,
    pub(crate) settings: Arc<HandlerSettings>,
    pub(crate) output_rate: Arc<OutputRate>,
    pub(crate) description: Description,
}

impl EventHandler for ComponentHandler {
    fn description(&self) -> &Description {
        &self.description
    }

    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture {
        let current = Arc::new(CurrentEvent::new(Some(context), event.name.clone()));
        let (handler, running) = (self.clone(), current.clone());
        Box::pin(Call::new(self, current, Box::pin(async move { handler.handle_event(event, &running).await })))
    }

    fn requests(self: Arc<Self>) -> Option<Arc<dyn RequestHandler>> {
        if self.http.is_some() { Some(self) } else { None }
    }

    fn run(self: Arc<Self>, schedule: Arc<str>, due: Timestamp, context: EventContext) -> RunFuture {
        let current = Arc::new(CurrentEvent::new(Some(context), schedule.to_string()));
        let (handler, running) = (self.clone(), current.clone());
        let due = u64::try_from(due.as_millisecond()).unwrap_or_default();
        Box::pin(Call::new(
            self,
            current,
            Box::pin(async move { handler.run_schedule(&schedule, due, &running).await }),
        ))
    }
}

impl ComponentHandler {
    /// Whether it imports the key-value store, which its grant must then have before the first event.
    pub fn keeps_state(&self) -> bool {
        self.keeps_state
    }

    /// Has the component describe itself.
    pub(crate) async fn describe(&self) -> Result<types::Description, HandlerError> {
        let current = Arc::new(CurrentEvent::new(None, String::new()));
        let describe = async |store: &mut Store<StoreState>| {
            GuestExports::start(&self.linked, &self.exports, store).await?.describe(store).await
        };
        self.call_fresh(&current, describe).await
    }

    async fn handle_event(&self, event: Event, current: &Arc<CurrentEvent>) -> Result<Option<Payload>, HandlerError> {
        let wants_ack = event.wants_ack;
        let event = types::Event::from(event);
        let mut instance = match self.idle.as_ref().and_then(|idle| idle.take(current)) {
            Some(instance) => instance,
            None => InstanceSlot::new(self.slot(current).await),
        };
        let InstanceSlot { slot, guest, start, .. } = &mut instance;
        let handle = async |store: &mut Store<StoreState>| {
            let guest = match guest {
                Some(guest) => guest,
                None => {
                    let started = GuestExports::start(&self.linked, &self.exports, store).await?;
                    if self.idle.is_some() {
                        *start = Size::of(store, &started);
                    }
                    guest.insert(started)
                }
            };
            let returned = guest.handle(store, event).await?;
            let wants_ack = wants_ack && !store.data().acknowledged();
            let outcome = judge(returned, wants_ack, current.event(), &self.settings.gateway);
            // A rejection drops the commands; after any other return they take effect.
            if !matches!(outcome, Err(HandlerError::Rejected { .. })) {
                current.flush();
            }
            Ok(outcome)
        };
        let outcome = self.within_limits(current, slot, handle).await?;
        current.published().await;
        if let Some(idle) = &self.idle {
            idle.keep(instance);
        }
        outcome
    }

    /// Waits for the right to run an instance.
    async fn slot(&self, current: &Arc<CurrentEvent>) -> Slot<StoreState> {
        let state = |limiter| {
            StoreState::new(current.clone(), &self.settings, &self.output_rate, self.runtime.copies(), limiter)
        };
        self.runtime.slot(&self.tenant, current.address(), self.linked.engine(), state).await
    }

    /// Runs a call in a fresh instance, within the limits.
    pub(crate) async fn call_fresh<R>(
        &self,
        current: &Arc<CurrentEvent>,
        call: impl AsyncFnOnce(&mut Store<StoreState>) -> Result<R, Failure>,
    ) -> Result<R, HandlerError> {
        let mut slot = self.slot(current).await;
        self.within_limits(current, &mut slot, call).await
    }

    async fn within_limits<R>(
        &self,
        current: &Arc<CurrentEvent>,
        slot: &mut Slot<StoreState>,
        call: impl AsyncFnOnce(&mut Store<StoreState>) -> Result<R, Failure>,
    ) -> Result<R, HandlerError> {
        let returned = {
            // Pinned here, once: a future that takes another by value is twice as large as that.
            let call = pin!(call(&mut slot.store));
            limited(self.settings.limits.time, applying(current, call)).await
        };
        returned.map_err(|failure| self.explain(failure, slot.store.data_mut()))
    }

    fn explain(&self, failure: Failure, state: &mut StoreState) -> HandlerError {
        let (error, started) = match failure {
            Failure::TimedOut => return HandlerError::TimedOut(self.settings.limits.time),
            Failure::NotStarted(error) => (error, false),
            Failure::Trapped(error) => (error, true),
        };
        let text = text::message(&trap_text(&error));
        match state.limiter().refused() {
            // Guests rarely report it themselves: when growing is refused, their allocator aborts.
            Some(refused) => HandlerError::OutOfMemory(format!("{refused}; {text}")),
            None if started => HandlerError::Trapped(text),
            None => HandlerError::NotStarted(text),
        }
    }
}

/// Drops a call when its time is up.
async fn limited<R>(time: Duration, call: impl Future<Output = Result<R, Failure>>) -> Result<R, Failure> {
    let mut call = pin!(call);
    // The first poll needs no timer, and most handlers never wait: a guest that computes is interrupted long before its
    // time is up.
    let mut timer = pin!(None);
    poll_fn(|context| {
        if let Poll::Ready(returned) = call.as_mut().poll(context) {
            return Poll::Ready(returned);
        }
        if timer.is_none() {
            timer.set(Some(sleep(time)));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(context).map(|()| Err(Failure::TimedOut)),
            None => Poll::Pending,
        }
    })
    .await
}

/// Runs a call, and lets its commands take effect whenever it waits. When it is over, waits until those that were to
/// take effect have, even if the guest has trapped since.
async fn applying<R>(current: &CurrentEvent, mut call: Pin<&mut impl Future<Output = R>>) -> R {
    let mut returned = None;
    poll_fn(|context| {
        if returned.is_none() {
            match call.as_mut().poll(context) {
                Poll::Ready(result) => returned = Some(result),
                Poll::Pending => current.paused(),
            }
            current.handed_over();
        }
        let applied = current.poll_applied(context);
        match returned.take() {
            Some(result) if applied.is_ready() => Poll::Ready(result),
            result => {
                returned = result;
                Poll::Pending
            }
        }
    })
    .await
}

/// Checks what a handler returned.
fn judge(
    returned: Returned,
    wants_ack: bool,
    event: &str,
    limits: &GatewayLimits,
) -> Result<Option<Payload>, HandlerError> {
    match returned {
        Ok(Some(payload)) if wants_ack => check_ack(payload.into(), limits).map(Some),
        Ok(_) => Ok(None),
        Err(types::HandlerError::Rejected(types::Rejection { message, data })) => {
            Err(check_rejection(event, message, data, limits))
        }
        Err(types::HandlerError::InvalidArguments(why)) => Err(HandlerError::InvalidArguments(text::message(&why))),
        Err(types::HandlerError::Failed(why)) => Err(HandlerError::Failed(text::message(&why))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_that_nobody_wants_is_not_looked_at() {
        let nonsense = || Ok(Some(types::Payload { json: "nonsense".to_owned(), attachments: Vec::new() }));
        let limits = GatewayLimits::default();
        assert_eq!(judge(nonsense(), false, "message", &limits).unwrap(), None);
        assert!(matches!(judge(nonsense(), true, "message", &limits), Err(HandlerError::Failed(_))));
    }

    #[test]
    fn texts_of_failures_are_one_line() {
        let returned = Err(types::HandlerError::InvalidArguments("a\nb".to_owned()));
        let failed = judge(returned, true, "message", &GatewayLimits::default());
        assert!(matches!(failed, Err(HandlerError::InvalidArguments(text)) if text == "a\\nb"));
    }
}
