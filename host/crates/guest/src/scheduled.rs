//! The export of a component that the host runs at certain times: each run in a fresh instance, without a socket.
//!
//! A run waits for a place and then has [`HandlerLimits::time`], as an event. The gateway decides when it begins.
//!
//! [`HandlerLimits::time`]: crate::HandlerLimits::time

use std::sync::Arc;

use gateway::model::{DescribedSchedule, HandlerError};
use runtime::Calls;
use telemetry::text;
use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::bindings::{async_scheduled, scheduled, types};
use crate::component::ComponentHandler;
use crate::current_event::CurrentEvent;
use crate::instances::Failure;
use crate::store_state::StoreState;

/// The export's functions in a component, looked up once.
pub(crate) enum ScheduledExport {
    Plain(scheduled::GuestIndices),
    Concurrent(async_scheduled::GuestIndices),
}

/// The same in one instance.
enum ScheduledGuest {
    Plain(scheduled::Guest),
    Concurrent(async_scheduled::Guest),
}

impl ScheduledExport {
    pub(crate) fn new(instance: &InstancePre<StoreState>, calls: Calls) -> wasmtime::Result<Self> {
        Ok(match calls {
            Calls::Plain => Self::Plain(scheduled::GuestIndices::new(instance)?),
            Calls::Concurrent => Self::Concurrent(async_scheduled::GuestIndices::new(instance)?),
        })
    }

    async fn start(
        &self,
        instance: &InstancePre<StoreState>,
        store: &mut Store<StoreState>,
    ) -> Result<ScheduledGuest, Failure> {
        let instance = instance.instantiate_async(&mut *store).await.map_err(Failure::NotStarted)?;
        let loaded = match self {
            Self::Plain(export) => export.load(store, &instance).map(ScheduledGuest::Plain),
            Self::Concurrent(export) => export.load(store, &instance).map(ScheduledGuest::Concurrent),
        };
        loaded.map_err(Failure::NotStarted)
    }
}

impl ScheduledGuest {
    async fn schedules(&self, store: &mut Store<StoreState>) -> Result<Vec<types::Schedule>, Failure> {
        let schedules = match self {
            Self::Plain(guest) => guest.call_schedules(store).await,
            Self::Concurrent(guest) => guest.call_schedules(store).await,
        };
        schedules.map_err(Failure::Trapped)
    }

    async fn run(
        &self,
        store: &mut Store<StoreState>,
        name: &str,
        due: u64,
    ) -> Result<Result<(), types::HandlerError>, Failure> {
        let returned = match self {
            Self::Plain(guest) => guest.call_run(store, name, due).await,
            Self::Concurrent(guest) => {
                let name = name.to_owned();
                let call = store.run_concurrent(async |store| guest.call_run(store, name, due).await);
                call.await.and_then(|returned| returned)
            }
        };
        returned.map_err(Failure::Trapped)
    }
}

impl ComponentHandler {
    /// Has the component say when it is to run; never, if it has no such export.
    pub(crate) async fn schedules(&self) -> Result<Vec<DescribedSchedule>, HandlerError> {
        let Some(export) = &self.scheduled else { return Ok(Vec::new()) };
        let current = Arc::new(CurrentEvent::new(None, String::new()));
        let schedules =
            async |store: &mut Store<StoreState>| export.start(&self.linked, store).await?.schedules(store).await;
        let described = self.call_fresh(&current, schedules).await?;
        Ok(described.into_iter().map(Into::into).collect())
    }

    /// Does the work of a schedule.
    pub(crate) async fn run_schedule(
        &self,
        name: &str,
        due: u64,
        current: &Arc<CurrentEvent>,
    ) -> Result<(), HandlerError> {
        let Some(export) = &self.scheduled else {
            return Err(HandlerError::NotStarted("it exports no schedules".to_owned()));
        };
        let run = async |store: &mut Store<StoreState>| {
            let returned = export.start(&self.linked, store).await?.run(store, name, due).await?;
            current.flush();
            Ok(returned.map_err(failed))
        };
        let outcome = self.call_fresh(current, run).await?;
        current.published().await;
        outcome
    }
}

impl From<types::Schedule> for DescribedSchedule {
    fn from(types::Schedule { name, times, time_zone }: types::Schedule) -> Self {
        Self { name, times, time_zone }
    }
}

/// There is no client whose fault it could be, and none to be refused.
fn failed(error: types::HandlerError) -> HandlerError {
    let (types::HandlerError::Rejected(types::Rejection { message: why, .. })
    | types::HandlerError::InvalidArguments(why)
    | types::HandlerError::Failed(why)) = error;
    HandlerError::Failed(text::message(&why))
}
