//! From a file to a handler: everything that can be wrong with a component is found here, before the host listens.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, Linker};

use super::bindings::{async_event_handler, event_handler};
use super::error::{LoadError, LoadReason};
use super::handler::Handler;
use super::http::Http;
use super::imports;
use super::instance::{Exports, Kept};
use super::state::{Grants, State};
use super::world::{World, world_of};
use crate::config::{HandlerGrants, HandlerLimits};
use crate::gateway::handler::Description;
use crate::runtime::{Calls, Runtime, inspect};

impl Handler {
    /// Reads, compiles and links a component, and has it describe itself. It sees nothing of the
    /// world outside but `grants`.
    ///
    /// Compiling may take seconds; it is done on a thread for blocking work, and announced in the log.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, is not a component of this host's worlds, imports what is not granted, or says
    /// wrong things of itself.
    pub async fn load(runtime: Arc<Runtime>, file: &Path, grants: HandlerGrants) -> Result<Self, LoadError> {
        let name = file.display().to_string();
        let read = fs::read(file).map_err(LoadReason::Read);
        let loaded = match read {
            Ok(bytes) => Self::from_bytes(runtime, name.clone(), bytes, grants).await,
            Err(reason) => Err(reason),
        };
        loaded.map_err(|reason| LoadError::new(name, reason))
    }

    /// As [`Handler::load`], from the bytes of a component; `name` is for the log.
    pub(super) async fn from_bytes(
        runtime: Arc<Runtime>,
        name: String,
        bytes: Vec<u8>,
        grants: HandlerGrants,
    ) -> Result<Self, LoadReason> {
        let blocking = runtime.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(&blocking, &name, &bytes)).await;
        let prepared = prepared.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))?;
        let Prepared { instance, exports, http } = prepared;
        let HandlerGrants { env, network } = grants;
        let grants = Arc::new(Grants { limits: runtime.limits().clone(), env, network });
        let kept = (grants.limits.reuse > 1).then(|| Kept::new(grants.limits.reuse));
        let handler = Self { runtime, instance, exports, kept, http, grants, description: Description::default() };
        let description = handler.describe().await.map_err(LoadReason::Describe)?;
        Ok(Self { description: super::description::check(description)?, ..handler })
    }
}

/// What is found once, before a component is served.
struct Prepared {
    instance: InstancePre<State>,
    exports: Exports,
    http: Option<Http>,
}

fn prepare(runtime: &Runtime, name: &str, bytes: &[u8]) -> Result<Prepared, LoadReason> {
    let world = world_of(&inspect(bytes)?)?;
    let component = runtime.compile(name, bytes, world.calls)?;
    link(&component, world, runtime.limits()).map_err(|error| LoadReason::link(&error))
}

fn link(component: &Component, world: World, limits: &HandlerLimits) -> wasmtime::Result<Prepared> {
    let mut linker = Linker::new(component.engine());
    imports::add_to_linker(&mut linker, world.calls)?;
    let instance = linker.instantiate_pre(component)?;
    let exports = match world.calls {
        Calls::Plain => Exports::Plain(event_handler::GuestIndices::new(&instance)?),
        Calls::Concurrent => Exports::Concurrent(async_event_handler::GuestIndices::new(&instance)?),
    };
    let http = if world.answers_http { Some(Http::new(&instance, limits)?) } else { None };
    Ok(Prepared { instance, exports, http })
}
