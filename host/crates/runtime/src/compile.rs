//! From a component's bytes to native code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use component_fuse::fuse;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::Entry;
use super::engine::{Calls, Runtime, RuntimeError};

/// How often to try to make the images of a component's memories.
const IMAGE_ATTEMPTS: usize = 20;
const IMAGE_PAUSE: Duration = Duration::from_millis(20);

/// Why a component could not be turned into code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// There is no engine for it.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// It is invalid, or can never fit into the limits.
    #[error("not a valid component")]
    Invalid(#[source] wasmtime::Error),
}

impl Runtime {
    /// Takes the code from the cache, or compiles and keeps it; `name` is for the log. Compiling takes all cores for up
    /// to several seconds: call it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// If the component is invalid, or can never fit into the limits, for example because its memory starts larger than
    /// allowed.
    pub fn compile(&self, name: &str, bytes: &[u8], calls: Calls) -> Result<Component, CompileError> {
        let engine = self.engine(calls)?;
        let entry = self.cache.as_ref().map(|cache| cache.entry(&engine, bytes));
        if let Some(code) = entry.as_ref().and_then(Entry::read) {
            match load(&engine, &code) {
                Ok(component) => return Ok(component),
                // Its checksum is right, so either this engine cannot load this code, or the component is over a limit
                // that is lower now. Compiling tells which.
                Err(error) => tracing::warn!(%error, component = name, "cached code cannot be used"),
            }
        }
        tracing::info!(component = name, "compiling; this is done once for each version of a component");
        let start = Instant::now();
        let (component, code) = compile(&engine, name, bytes).map_err(CompileError::Invalid)?;
        // A wider number would be a text in the JSON of the log.
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(component = name, milliseconds, "compiled");
        if let Some(entry) = entry
            && let Err(error) = entry.write(&code)
        {
            tracing::warn!(%error, "cannot cache compiled code; the next start compiles again");
        }
        Ok(component)
    }
}

/// Compiles a component with its modules joined, or as it is, if the joined one cannot be compiled or is over a limit
/// that the original respects. Errors are those of the original component.
fn compile(engine: &Engine, name: &str, bytes: &[u8]) -> wasmtime::Result<(Component, Vec<u8>)> {
    let fused = fuse(bytes).unwrap_or_else(|error| {
        let error = wasmtime::Error::from(error);
        tracing::debug!(error = format!("{error:#}"), component = name, "its modules are not joined");
        None
    });
    if let Some(fused) = fused {
        match compile_as_is(engine, &fused) {
            Ok(compiled) => return Ok(compiled),
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), component = name, "its joined modules cannot be used");
            }
        }
    }
    compile_as_is(engine, bytes)
}

/// Code that does not load is useless, so it is loaded before it is cached.
fn compile_as_is(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<(Component, Vec<u8>)> {
    // Wasmtime 48.0.8 panics at some valid components (see the test). An engine has no state that compiling changes.
    let code = catch_unwind(AssertUnwindSafe(|| engine.precompile_component(bytes)))
        .map_err(|_| wasmtime::Error::msg("the compiler panicked at it; its own message is above"))??;
    Ok((load(engine, &code)?, code))
}

/// Loads the component, and makes the images from which its instances' memories start.
fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the code was made by `Engine::precompile_component`, just now or by an earlier run of this user: the
    // cache takes nothing from directories that others can write to, and nothing whose checksum is wrong.
    let component = unsafe { Component::deserialize(engine, code) }?;
    // An image is a sealed file in memory, and Linux refuses the seal (EBUSY) while something else in the kernel, such
    // as the migration of pages, holds a page of it. If it still fails after these attempts, the first instance tries
    // again and reports the error.
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
    use crate::{CodeCache, RuntimeLimits};

    fn runtime(cache: &Path) -> Runtime {
        let limits = RuntimeLimits { instances: 1, ..RuntimeLimits::default() };
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
        // The entry gets the code of another component. If that is loaded, nothing was compiled again.
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

    /// The destructor is a lowered function, and another inner component with lowered functions follows.
    #[test]
    fn a_component_at_which_the_compiler_panics_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let text = r#"(component
            (component $inner
                (core module $m (func (export "f") (param i32)))
                (core module $n (import "m" "f" (func (param i32))))
                (core instance $i (instantiate $m))
                (core instance (instantiate $n (with "m" (instance $i))))
                (func (export "f") (param "x" u32) (canon lift (core func $i "f"))))
            (core module $user (import "" "f" (func (param i32))))
            (instance $a (instantiate $inner))
            (core func $fa (canon lower (func $a "f")))
            (type $r (resource (rep i32) (dtor (core func $fa))))
            (instance $b (instantiate $inner))
            (core func $fb (canon lower (func $b "f")))
            (core instance (instantiate $user (with "" (instance (export "f" (func $fb)))))))"#;
        let error = runtime(home.path()).compile("panic", &wat::parse_str(text).unwrap(), Calls::Plain).err().unwrap();
        assert!(matches!(error, CompileError::Invalid(_)), "{error:?}");
    }

    /// Joined, each instance keeps the data of all modules, because that of the last one does not fit.
    #[test]
    fn what_is_too_large_only_when_it_is_joined_is_not_joined() {
        let globals = "(global i64 (i64.const 1))".repeat(((4 << 20) - 6_000) / 16);
        let data: String = (0..1_000).map(|offset| format!("(data (i32.const {offset}) \"x\")")).collect();
        let bytes = wat::parse_str(format!(
            r#"(component
                (core module $globals {globals})
                (core module $data (memory 1) {data})
                (core module $outside (memory 1) (data (i32.const 65536) "x"))
                (core instance (instantiate $globals))
                (core instance (instantiate $data))
                (core instance (instantiate $outside))
                (instance $i)
                (export "large" (instance $i)))"#
        ))
        .unwrap();
        let home = tempfile::tempdir().unwrap();
        let runtime = runtime(home.path());
        let engine = runtime.engine(Calls::Plain).unwrap();
        assert!(compile_as_is(&engine, &fuse(&bytes).unwrap().unwrap()).is_err());
        assert!(has(&runtime.compile("large", &bytes, Calls::Plain).unwrap(), "large"));
        let kept = runtime.cache.as_ref().unwrap().entry(&engine, &bytes).read().unwrap();
        assert!(load(&engine, &kept).is_ok());
    }

    #[test]
    fn what_is_refused_is_not_kept() {
        let home = tempfile::tempdir().unwrap();
        let large =
            wat::parse_str("(component (core module $m (memory 3000)) (core instance (instantiate $m)))").unwrap();
        assert!(runtime(home.path()).compile("large", &large, Calls::Plain).is_err());
        assert!(entries(home.path()).is_empty());
    }
}
