//! A component as the gateway's event handler: one fresh instance an event, unless the operator wants them reused. Plain
//! requests are in `http`.
//!
//! An event takes a permit first, and waits for it as long as it takes. From then on it has [`HandlerLimits::time`],
//! waiting included; when that is up the call is dropped with its store, wherever it is.
//!
//! [`HandlerLimits::time`]: crate::config::HandlerLimits::time

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_immediate;
use tokio::time::timeout;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use super::bindings::types;
use super::commands::Current;
use super::http::Http;
use super::instance::{Exports, Failure, Guest, Instance, Kept, Returned, Size};
use super::state::{Grants, State};
use super::{payload, text};
use crate::gateway::context::EventContext;
use crate::gateway::handler::{Description, Event, EventHandler, HandlerError, HandlerFuture};
use crate::runtime::{Runtime, Slot, StoreData, trap_text};
use crate::socket_io::Payload;

const CONNECT: &str = "$connect";

/// A component that handles the events of one namespace.
pub struct Handler {
    pub(super) runtime: Arc<Runtime>,
    pub(super) instance: InstancePre<State>,
    pub(super) exports: Exports,
    /// None where every event gets a fresh instance.
    pub(super) kept: Option<Kept>,
    /// Where it answers plain HTTP requests too.
    pub(super) http: Option<Http>,
    pub(super) grants: Arc<Grants>,
    pub(super) description: Description,
}

impl EventHandler for Handler {
    fn description(&self) -> &Description {
        &self.description
    }

    fn handle(self: Arc<Self>, event: Event, context: EventContext) -> HandlerFuture {
        Box::pin(async move { self.run(event, context).await })
    }
}

impl Handler {
    /// Has the component describe itself.
    pub(super) async fn describe(&self) -> Result<types::Description, HandlerError> {
        let current = Arc::new(Current::new(None, String::new()));
        let describe = async |store: &mut Store<State>| {
            Guest::start(&self.instance, &self.exports, store).await?.describe(store).await
        };
        self.instance(&current, describe).await
    }

    async fn run(&self, event: Event, context: EventContext) -> Result<Option<Payload>, HandlerError> {
        let wants_ack = event.wants_ack;
        let current = Arc::new(Current::new(Some(context), event.name.clone()));
        let event = types::Event::from(event);
        let mut instance = match self.kept.as_ref().and_then(|kept| kept.take(&current)) {
            Some(instance) => instance,
            None => Instance::new(self.slot(&current).await),
        };
        let Instance { slot, guest, start, .. } = &mut instance;
        let handle = async |store: &mut Store<State>| {
            let guest = match guest {
                Some(guest) => guest,
                None => {
                    let started = Guest::start(&self.instance, &self.exports, store).await?;
                    if self.kept.is_some() {
                        *start = Size::of(store, &started);
                    }
                    guest.insert(started)
                }
            };
            guest.handle(store, event).await
        };
        let returned = self.within_limits(&current, slot, handle).await?;

        let outcome = judge(returned, wants_ack, current.event() == CONNECT, &self.grants);
        // A rejection undoes what was called; any other end leaves it standing.
        if !matches!(outcome, Err(HandlerError::Rejected { .. })) {
            current.flush();
        }
        if let Some(kept) = &self.kept {
            kept.keep(&self.runtime, instance);
        }
        outcome
    }

    /// Waits for a place for an instance.
    async fn slot(&self, current: &Arc<Current>) -> Slot<State> {
        let state = |limiter| State::new(current.clone(), self.grants.clone(), limiter);
        self.runtime.slot(self.instance.engine(), state).await
    }

    /// Runs a call in a fresh instance, within the limits.
    pub(super) async fn instance<R>(
        &self,
        current: &Arc<Current>,
        call: impl AsyncFnOnce(&mut Store<State>) -> Result<R, Failure>,
    ) -> Result<R, HandlerError> {
        let mut slot = self.slot(current).await;
        self.within_limits(current, &mut slot, call).await
    }

    async fn within_limits<R>(
        &self,
        current: &Arc<Current>,
        slot: &mut Slot<State>,
        call: impl AsyncFnOnce(&mut Store<State>) -> Result<R, Failure>,
    ) -> Result<R, HandlerError> {
        let returned = {
            // Pinned here, once: futures that take others by value are each twice as large as those.
            let call = pin!(call(&mut slot.store));
            limited(self.grants.limits.time, flushing(current, call)).await
        };
        returned.map_err(|failure| self.explain(failure, slot.store.data_mut()))
    }

    fn explain(&self, failure: Failure, state: &mut State) -> HandlerError {
        let (error, started) = match failure {
            Failure::TimedOut => return HandlerError::TimedOut(self.grants.limits.time),
            Failure::NotStarted(error) => (error, false),
            Failure::Trapped(error) => (error, true),
        };
        let text = text::message(&trap_text(&error));
        match state.limiter().refused() {
            // Guests rarely say so themselves: a growth that is refused makes their allocator abort.
            Some(refused) => HandlerError::OutOfMemory(format!("{refused}; {text}")),
            None if started => HandlerError::Trapped(text),
            None => HandlerError::NotStarted(text),
        }
    }
}

/// Drops a call when its time is up.
async fn limited<R>(time: Duration, call: impl Future<Output = Result<R, Failure>>) -> Result<R, Failure> {
    let mut call = pin!(call);
    // Most handlers never wait, and need no timer: one that computes is interrupted long before its time is up.
    match poll_immediate(&mut call).await {
        Some(returned) => returned,
        None => timeout(time, call).await.unwrap_or(Err(Failure::TimedOut)),
    }
}

/// Runs a call, and has its commands take effect whenever it waits.
async fn flushing<R>(current: &Current, mut call: Pin<&mut impl Future<Output = R>>) -> R {
    poll_fn(|context| {
        let poll = call.as_mut().poll(context);
        if poll.is_pending() {
            current.paused();
        }
        poll
    })
    .await
}

/// Checks what a handler returned: it is the guest's word, too.
fn judge(
    returned: Returned,
    wants_ack: bool,
    connecting: bool,
    grants: &Grants,
) -> Result<Option<Payload>, HandlerError> {
    let limits = &grants.limits;
    let error = match returned {
        Ok(Some(payload)) if wants_ack => {
            let checked = payload::check_size(&payload, 0, limits).and_then(|()| payload::check(payload));
            return match checked {
                Ok(payload) => Ok(Some(payload)),
                Err(types::Error::InvalidPayload(why)) => {
                    Err(HandlerError::Failed(format!("its acknowledgement: {why}")))
                }
                Err(_) => {
                    Err(HandlerError::Failed(format!("its acknowledgement has more than {} bytes", limits.payload)))
                }
            };
        }
        Ok(_) => return Ok(None),
        Err(error) => error,
    };
    Err(match error {
        types::HandlerError::Rejected(types::Rejection { message, data }) if connecting => {
            let size = message.len() + data.as_ref().map_or(0, String::len);
            let checked = data.as_deref().map_or(Ok(()), payload::check_value);
            match checked {
                _ if size > limits.payload => {
                    HandlerError::Failed(format!("it rejects with {size} bytes; at most {}", limits.payload))
                }
                Ok(()) => HandlerError::Rejected { message, data },
                Err(error) => HandlerError::Failed(format!("it rejects with data that is {error}")),
            }
        }
        types::HandlerError::Rejected(types::Rejection { message, .. }) => {
            HandlerError::Failed(format!("only `{CONNECT}` can reject: {}", text::message(&message)))
        }
        types::HandlerError::InvalidArguments(why) => HandlerError::InvalidArguments(text::message(&why)),
        types::HandlerError::Failed(why) => HandlerError::Failed(text::message(&why)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AllowedHosts, HandlerLimits};

    fn judged(returned: Returned, wants_ack: bool, connecting: bool) -> Result<Option<Payload>, HandlerError> {
        let limits = HandlerLimits { payload: 20, ..HandlerLimits::default() };
        judge(returned, wants_ack, connecting, &Grants { limits, env: Vec::new(), network: AllowedHosts::default() })
    }

    fn ack(json: &str) -> Returned {
        Ok(Some(types::Payload { json: json.to_owned(), attachments: Vec::new() }))
    }

    fn rejection(message: &str, data: Option<&str>) -> Returned {
        let data = data.map(ToOwned::to_owned);
        Err(types::HandlerError::Rejected(types::Rejection { message: message.to_owned(), data }))
    }

    #[test]
    fn acknowledgements_are_checked_where_they_are_sent() {
        assert_eq!(judged(ack("[1]"), true, false).unwrap().unwrap().json, "[1]");
        assert_eq!(judged(ack("nonsense"), false, false).unwrap(), None);
        assert!(matches!(judged(ack("{}"), true, false), Err(HandlerError::Failed(_))));
        assert!(matches!(judged(ack(&format!("[{:20}]", 1)), true, false), Err(HandlerError::Failed(_))));
    }

    #[test]
    fn only_connect_can_reject() {
        let rejected = judged(rejection("no", Some("{\"a\":1}")), false, true);
        assert!(matches!(rejected, Err(HandlerError::Rejected { message, data: Some(_) }) if message == "no"));
        assert!(matches!(judged(rejection("no", None), true, false), Err(HandlerError::Failed(_))));
    }

    #[test]
    fn rejections_go_to_the_client_and_are_checked() {
        for bad in [rejection("no", Some("{")), rejection(&"n".repeat(21), None)] {
            assert!(matches!(judged(bad, false, true), Err(HandlerError::Failed(_))));
        }
    }

    #[test]
    fn texts_of_failures_are_one_line() {
        let failed = judged(Err(types::HandlerError::InvalidArguments("a\nb".to_owned())), true, false);
        assert!(matches!(failed, Err(HandlerError::InvalidArguments(text)) if text == "a\\nb"));
    }
}
