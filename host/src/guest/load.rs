//! From a file to a handler: everything that can be wrong with a component is found here, before the host listens.

use std::fs;
use std::panic;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, Linker};

use super::bindings::{async_event_handler, event_handler};
use super::error::{LoadError, LoadReason};
use super::handler::{Exports, Handler};
use super::imports;
use super::state::{Grants, State};
use super::world::world_of;
use crate::gateway::handler::Description;
use crate::runtime::{Calls, Runtime, inspect};

impl Handler {
    /// Reads, compiles and links a component, and has it describe itself. `environment` is all that it ever sees of one.
    ///
    /// Compiling may take seconds; it is done on a thread for blocking work, and announced in the log.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, is not a component of this host's worlds, imports what is not granted, or says
    /// wrong things of itself.
    pub async fn load(
        runtime: Arc<Runtime>,
        file: &Path,
        environment: Vec<(String, String)>,
    ) -> Result<Self, LoadError> {
        let name = file.display().to_string();
        let read = fs::read(file).map_err(LoadReason::Read);
        let loaded = match read {
            Ok(bytes) => Self::from_bytes(runtime, name.clone(), bytes, environment).await,
            Err(reason) => Err(reason),
        };
        loaded.map_err(|reason| LoadError::new(name, reason))
    }

    /// As [`Handler::load`], from the bytes of a component; `name` is for the log.
    pub(super) async fn from_bytes(
        runtime: Arc<Runtime>,
        name: String,
        bytes: Vec<u8>,
        environment: Vec<(String, String)>,
    ) -> Result<Self, LoadReason> {
        let blocking = runtime.clone();
        let prepared = tokio::task::spawn_blocking(move || prepare(&blocking, &name, &bytes)).await;
        let (instance, exports) = prepared.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))?;
        let grants = Arc::new(Grants { limits: runtime.limits().clone(), env: environment });
        let handler = Self { runtime, instance, exports, grants, description: Description::default() };
        let description = handler.describe().await.map_err(LoadReason::Describe)?;
        Ok(Self { description: super::description::check(description)?, ..handler })
    }
}

fn prepare(runtime: &Runtime, name: &str, bytes: &[u8]) -> Result<(InstancePre<State>, Exports), LoadReason> {
    let calls = world_of(&inspect(bytes)?)?;
    let component = runtime.compile(name, bytes, calls)?;
    link(&component, calls).map_err(|error| LoadReason::link(&error))
}

/// Looks everything up that can be looked up once.
fn link(component: &Component, calls: Calls) -> wasmtime::Result<(InstancePre<State>, Exports)> {
    let mut linker = Linker::new(component.engine());
    imports::add_to_linker(&mut linker, calls)?;
    let instance = linker.instantiate_pre(component)?;
    let exports = match calls {
        Calls::Plain => Exports::Plain(event_handler::GuestIndices::new(&instance)?),
        Calls::Concurrent => Exports::Concurrent(async_event_handler::GuestIndices::new(&instance)?),
    };
    Ok((instance, exports))
}
