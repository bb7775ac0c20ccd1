//! Why a component could not be loaded, with what can be done about it.

use std::io;

use gateway::model::{DescriptionError, HandlerError};
use runtime::{CompileError, InspectError};
use telemetry::text;

use crate::world::WorldError;

/// A component could not be loaded; the source says why.
#[derive(Debug, thiserror::Error)]
#[error("cannot load {name}")]
pub struct LoadError {
    /// What the user calls the component: its file or its source.
    name: String,
    source: LoadReason,
}

/// Why a component could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadReason {
    /// There is no such file, or it cannot be read.
    #[error("cannot read the file")]
    Read(#[source] io::Error),
    /// The file is no component.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The component belongs to no world of this host.
    #[error(transparent)]
    World(#[from] WorldError),
    /// It cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The names of its imports and exports are right, but the types behind them are not.
    #[error("the component does not fit this host: {0}")]
    Link(String),
    /// `describe` failed.
    #[error("the component could not describe itself")]
    Describe(#[source] HandlerError),
    /// Its description is invalid.
    #[error(transparent)]
    Description(#[from] DescriptionError),
}

impl LoadReason {
    pub(crate) fn link(error: &wasmtime::Error) -> Self {
        Self::Link(text::message(&format!("{error:#}")))
    }
}

impl LoadError {
    pub(crate) fn new(name: String, source: LoadReason) -> Self {
        Self { name, source }
    }

    /// Why.
    pub fn reason(&self) -> &LoadReason {
        &self.source
    }

    /// What the user can do about it: one sentence, lower-case, without a full stop.
    pub fn hint(&self) -> Option<&'static str> {
        match &self.source {
            LoadReason::Read(error) if error.kind() == io::ErrorKind::NotFound => Some(
                "build it first; cargo puts a release build into `target/wasm32-wasip2/release/`, with `_` in place of `-` in its name",
            ),
            LoadReason::Read(_) => None,
            LoadReason::Inspect(InspectError::NotWasm) => {
                Some("give the `.wasm` file that the build made, not its source")
            }
            LoadReason::Inspect(InspectError::CoreModule) => Some(
                "make a component: in Rust with `cargo build --target wasm32-wasip2`, from another module with `wasm-tools component new`",
            ),
            LoadReason::Inspect(InspectError::Damaged(_)) => Some("build it again"),
            LoadReason::World(error) => Some(error.hint()),
            LoadReason::Compile(CompileError::Runtime(error)) => Some(error.hint()),
            LoadReason::Compile(CompileError::Invalid(_)) => None,
            LoadReason::Link(_) => Some("build it with the SDK, or the `wit` folder, of this host's version"),
            LoadReason::Describe(_) => Some(
                "what it has written above may say why; `describe` must not depend on anything but the component itself",
            ),
            LoadReason::Description(error) => error.hint(),
        }
    }
}
