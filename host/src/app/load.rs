//! The runtime for components, and what a user can do about one that does not load.

use std::path::Path;
use std::sync::Arc;

use guest::LoadError;
use runtime::{CodeCache, Runtime, RuntimeLimits};

use crate::hint;

pub(super) fn start_runtime(limits: &RuntimeLimits, cache_dir: Option<&Path>) -> anyhow::Result<Arc<Runtime>> {
    let cache = cache_dir.and_then(|directory| {
        // Without the cache, only the next start is slower.
        let opened = CodeCache::open(directory.to_owned());
        opened.inspect_err(|error| tracing::warn!("compiled code is not cached: {error}")).ok()
    });
    let runtime = Runtime::new(limits.clone(), cache).map_err(|error| {
        let hint = error.hint();
        hint::add(error, hint)
    })?;
    Ok(Arc::new(runtime))
}

pub(super) fn explain(error: LoadError) -> anyhow::Error {
    let hint = error.hint().unwrap_or_default();
    hint::add(error, hint)
}
