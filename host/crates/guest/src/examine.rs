//! Everything that can be found out about a component without serving it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use gateway::handler::EventHandler;
use gateway::model::Description;
use runtime::{Calls, Runtime, inspect};
use telemetry::text;

use crate::capabilities::Granted;
use crate::component::ComponentHandler;
use crate::error::{LoadError, LoadReason};
use crate::settings::HandlerSettings;
use crate::world::{granted, world_of};

/// A component's properties, imports and description.
#[derive(Debug)]
pub struct Examination {
    /// Bytes of the file.
    pub size: usize,
    /// How its handler is called; none if it has none that this host can call.
    pub calls: Option<Calls>,
    /// Whether it answers plain HTTP requests, too.
    pub answers_http: bool,
    /// Whether it keeps state in a key-value store.
    pub keeps_state: bool,
    /// What it imports.
    pub imports: Vec<Import>,
    /// Languages and tools that the component names.
    pub made_by: BTreeSet<String>,
    /// Its description, or why it cannot be served.
    pub description: Result<Description, LoadError>,
}

/// An interface that a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Such as `wasi:cli/stdout@0.2.6`.
    pub name: String,
    /// Whether the component gets it.
    pub granted: Granted,
}

impl Examination {
    /// Reads a file and, if it could be served, has the component describe itself.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no component.
    pub async fn of(runtime: Arc<Runtime>, file: &Path) -> Result<Self, LoadError> {
        let name = file.display().to_string();
        let failed = |reason| LoadError::new(name.clone(), reason);
        let bytes = fs::read(file).map_err(|error| failed(LoadReason::Read(error)))?;
        let size = bytes.len();
        let interfaces = inspect(&bytes).map_err(|error| failed(error.into()))?;
        let world = world_of(&interfaces).ok();
        let calls = world.as_ref().map(|world| world.calls);
        let import = |name: &String| Import { name: text::message(name), granted: granted(name, calls) };
        let imports = interfaces.imports.iter().map(import).collect();
        let loaded =
            ComponentHandler::from_bytes(runtime, name.clone(), bytes, Arc::new(HandlerSettings::default())).await;
        Ok(Self {
            size,
            calls,
            answers_http: world.as_ref().is_some_and(|world| world.answers_http),
            keeps_state: world.is_some_and(|world| world.keeps_state),
            imports,
            made_by: interfaces.made_by.iter().map(|maker| text::message(maker)).collect(),
            description: loaded.map(|handler| handler.description().clone()).map_err(failed),
        })
    }
}
