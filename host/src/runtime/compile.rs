//! From a component's bytes to code that runs.

use std::thread;
use std::time::{Duration, Instant};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::{Calls, Runtime, RuntimeError};
use super::fuse::fuse;

/// How often the images of a component's memories are tried to be made.
const IMAGE_ATTEMPTS: usize = 20;
const IMAGE_PAUSE: Duration = Duration::from_millis(20);

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
    let fused = fuse(bytes).unwrap_or_else(|error| {
        tracing::debug!(%error, component = name, "its modules are not joined");
        None
    });
    // A component that is wrong is told of in terms of what it was.
    let code = match fused.map(|fused| engine.precompile_component(&fused)) {
        Some(Ok(code)) => code,
        Some(Err(_)) | None => engine.precompile_component(bytes).map_err(CompileError::Invalid)?,
    };
    tracing::info!(component = name, milliseconds = start.elapsed().as_millis(), "compiled");
    Ok(code)
}

/// Makes the component, and the images that its instances' memories start from.
fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code was made by `Engine::precompile_component`, just now or by an earlier run of this user: the cache
    // takes nothing from directories that others can write to, and nothing whose checksum is wrong.
    let component = unsafe { Component::deserialize(engine, code) }?;
    // An image is a sealed file in memory, and Linux refuses the seal (EBUSY) while something else in the kernel, such as
    // the migration of pages, holds a page of it. Where it stays so, the first instance tries again and tells.
    for _ in 0..IMAGE_ATTEMPTS {
        match component.initialize_copy_on_write_image() {
            Ok(()) => break,
            Err(_) => thread::sleep(IMAGE_PAUSE),
        }
    }
    Ok(component)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::config::HandlerLimits;
    use crate::runtime::CodeCache;

    fn runtime(cache: &Path) -> Runtime {
        let limits = HandlerLimits { instances: 1, ..HandlerLimits::default() };
        Runtime::new(limits, Some(CodeCache::open(cache.to_owned()).unwrap())).unwrap()
    }

    fn component(export: &str) -> Vec<u8> {
        wat::parse_str(format!(r#"(component (instance $i) (export "{export}" (instance $i)))"#)).unwrap()
    }

    fn has(component: &Component, export: &str) -> bool {
        component.get_export_index(None, export).is_some()
    }

    fn entries(cache: &Path) -> Vec<PathBuf> {
        fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn code_is_taken_from_the_cache() {
        let home = tempfile::tempdir().unwrap();
        let runtime = runtime(home.path());
        runtime.compile("one", &component("one"), Calls::Plain).unwrap();
        let one = entries(home.path());
        // Whose code it is shows that it was not compiled again.
        runtime.compile("two", &component("two"), Calls::Plain).unwrap();
        let two = entries(home.path()).into_iter().find(|entry| !one.contains(entry)).unwrap();
        fs::copy(two, &one[0]).unwrap();
        assert!(has(&runtime.compile("one", &component("one"), Calls::Plain).unwrap(), "two"));
    }

    #[test]
    fn damaged_code_is_compiled_again() {
        let home = tempfile::tempdir().unwrap();
        let runtime = runtime(home.path());
        runtime.compile("one", &component("one"), Calls::Plain).unwrap();
        let entry = &entries(home.path())[0];
        let whole = fs::read(entry).unwrap();
        let mut damaged = whole.clone();
        damaged[1_000] ^= 1;
        fs::write(entry, &damaged).unwrap();
        assert!(has(&runtime.compile("one", &component("one"), Calls::Plain).unwrap(), "one"));
        assert_eq!(fs::read(entry).unwrap(), whole);
    }

    #[test]
    fn engines_do_not_share_code() {
        let home = tempfile::tempdir().unwrap();
        let runtime = runtime(home.path());
        for calls in [Calls::Plain, Calls::Concurrent] {
            assert!(has(&runtime.compile("one", &component("one"), calls).unwrap(), "one"));
        }
        assert_eq!(entries(home.path()).len(), 2);
    }

    #[test]
    fn a_cache_that_cannot_be_written_does_not_stop_anything() {
        let home = tempfile::tempdir().unwrap();
        let runtime = runtime(&home.path().join("cache"));
        fs::remove_dir(home.path().join("cache")).unwrap();
        assert!(has(&runtime.compile("one", &component("one"), Calls::Plain).unwrap(), "one"));
    }

    #[test]
    fn what_can_never_fit_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let large = wat::parse_str("(component (core module (memory 3000)))").unwrap();
        let error = runtime(home.path()).compile("large", &large, Calls::Plain).err().unwrap();
        assert!(matches!(error, CompileError::Invalid(_)), "{error:?}");
        let invalid = wat::parse_str("(component (core module (func (result i32))))").unwrap();
        assert!(runtime(home.path()).compile("invalid", &invalid, Calls::Plain).is_err());
    }
}
