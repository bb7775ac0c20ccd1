//! From a file to a handler: whatever is wrong with a component is found here, before the host listens.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use gateway::model::Description;
use runtime::{Calls, Runtime, inspect};
use wasmtime::component::{Component, InstancePre, Linker};

use crate::bindings::{async_event_handler, event_handler, types};
use crate::capabilities::{OutputRate, add_to_linker};
use crate::component::ComponentHandler;
use crate::error::{LoadError, LoadReason};
use crate::http_export::HttpExport;
use crate::instances::{ExportIndices, IdleInstances};
use crate::limits::HandlerLimits;
use crate::scheduled::ScheduledExport;
use crate::settings::HandlerSettings;
use crate::store_state::StoreState;
use crate::world::{World, world_of};

impl ComponentHandler {
    /// Reads, compiles and links a component, and has it describe itself. The component can use only what `settings`
    /// grants of the outside world. `name` is what the log and errors call it: its file, or the source it was built from.
    ///
    /// Compiling may take seconds; it is done on a thread for blocking work, and announced in the log.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not a component of this host's worlds, imports what is not granted, or has an
    /// invalid description.
    pub async fn load(
        runtime: Arc<Runtime>,
        file: &Path,
        name: impl ToString,
        settings: Arc<HandlerSettings>,
    ) -> Result<Self, LoadError> {
        let name = name.to_string();
        let read = fs::read(file).map_err(LoadReason::Read);
        let loaded = match read {
            Ok(bytes) => Self::from_bytes(runtime, name.clone(), bytes, settings).await,
            Err(reason) => Err(reason),
        };
        loaded.map_err(|reason| LoadError::new(name, reason))
    }

    /// As [`ComponentHandler::load`], from the bytes of a component.
    pub(crate) async fn from_bytes(
        runtime: Arc<Runtime>,
        name: String,
        bytes: Vec<u8>,
        settings: Arc<HandlerSettings>,
    ) -> Result<Self, LoadReason> {
        let (blocking, limits) = (runtime.clone(), settings.limits.clone());
        let prepared = tokio::task::spawn_blocking(move || prepare(&blocking, &name, &bytes, &limits)).await;
        let prepared = prepared.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))?;
        let Prepared { linked, exports, http, scheduled, keeps_state } = prepared;
        let reuse = settings.limits.reuse;
        let idle = (reuse > 1).then(|| IdleInstances::new(reuse));
        let output_rate = Arc::new(OutputRate::new(Instant::now()));
        let description = Description::default();
        let tenant = runtime.tenant();
        let handler = Self {
            runtime,
            tenant,
            linked,
            exports,
            idle,
            http,
            scheduled,
            keeps_state,
            settings,
            output_rate,
            description,
        };
        let types::Description { namespace, events, any_event } =
            handler.describe().await.map_err(LoadReason::Describe)?;
        let description = Description::check(namespace, events, any_event)?;
        let schedules = handler.schedules().await.map_err(LoadReason::Describe)?;
        Ok(Self { description: description.with_schedules(schedules)?, ..handler })
    }
}

/// The results of the checks before a component is served.
struct Prepared {
    linked: InstancePre<StoreState>,
    exports: ExportIndices,
    http: Option<HttpExport>,
    scheduled: Option<ScheduledExport>,
    keeps_state: bool,
}

fn prepare(runtime: &Runtime, name: &str, bytes: &[u8], limits: &HandlerLimits) -> Result<Prepared, LoadReason> {
    let world = world_of(&inspect(bytes)?)?;
    let component = runtime.compile(name, bytes, world.calls)?;
    let linked = link(&component, world, limits, runtime.limits().instances);
    linked.map_err(|error| LoadReason::link(&error))
}

fn link(component: &Component, world: World, limits: &HandlerLimits, instances: usize) -> wasmtime::Result<Prepared> {
    let mut linker = Linker::new(component.engine());
    add_to_linker(&mut linker, world.calls)?;
    let linked = linker.instantiate_pre(component)?;
    let exports = match world.calls {
        Calls::Plain => ExportIndices::Plain(event_handler::GuestIndices::new(&linked)?),
        Calls::Concurrent => ExportIndices::Concurrent(async_event_handler::GuestIndices::new(&linked)?),
    };
    let http = if world.answers_http { Some(HttpExport::new(&linked, limits, instances)?) } else { None };
    let scheduled = if world.has_schedules { Some(ScheduledExport::new(&linked, world.calls)?) } else { None };
    Ok(Prepared { linked, exports, http, scheduled, keeps_state: world.keeps_state })
}
