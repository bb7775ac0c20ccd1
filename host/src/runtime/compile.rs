//! From a component's bytes to code that runs.

use std::time::Instant;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::{Calls, Runtime, RuntimeError};

/// A component could not be turned into code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error("not a valid component")]
    Invalid(#[source] wasmtime::Error),
}

impl Runtime {
    /// Takes the code from the cache, or compiles and keeps it; `name` is for the log. Compiling takes all cores for up
    /// to several seconds: call it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// Where the component is invalid, or can never fit into the limits: a memory that starts larger than allowed.
    pub fn compile(&self, name: &str, bytes: &[u8], calls: Calls) -> Result<Component, CompileError> {
        let engine = self.engine(calls)?;
        let Some(cache) = &self.cache else {
            let code = compile(&engine, name, bytes)?;
            return load(&engine, &code).map_err(CompileError::Invalid);
        };

        let entry = cache.entry(&engine, bytes);
        if let Some(code) = entry.read() {
            match load(&engine, &code) {
                Ok(component) => return Ok(component),
                // Its checksum is right, so this is code that this engine cannot take, or a component that it refuses.
                // Compiling tells which.
                Err(error) => tracing::warn!(%error, component = name, "cached code cannot be used"),
            }
        }
        let code = compile(&engine, name, bytes)?;
        if let Err(error) = entry.write(&code) {
            tracing::warn!(%error, "cannot cache compiled code; the next start compiles again");
        }
        load(&engine, &code).map_err(CompileError::Invalid)
    }
}

fn compile(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Vec<u8>, CompileError> {
    tracing::info!(component = name, "compiling; this is done once for each version of a component");
    let start = Instant::now();
    let code = engine.precompile_component(bytes).map_err(CompileError::Invalid)?;
    tracing::info!(component = name, milliseconds = start.elapsed().as_millis(), "compiled");
    Ok(code)
}

fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code was made by `Engine::precompile_component`, just now or by an earlier run of this user: the cache
    // takes nothing from directories that others can write to, and nothing whose checksum is wrong.
    unsafe { Component::deserialize(engine, code) }
}
