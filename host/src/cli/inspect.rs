//! `host inspect`: shows a component's properties and imports without serving it.

use std::path::PathBuf;

use runtime::RuntimeLimits;

use super::cache::CacheArgs;
use crate::config::{InspectConfig, Machine};

/// Show what a component is: its namespace and events, what it imports and whether that is granted, its size, what made
/// it.
///
/// Exits with 1 if `host run` would refuse the component, and says why.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// Component file.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    cache: CacheArgs,
}

impl Inspect {
    /// # Errors
    ///
    /// If no cache folder is given, and there is no default for it.
    pub fn into_config(self) -> anyhow::Result<InspectConfig> {
        Ok(one_instance(self.file, self.cache.dir()?))
    }
}

/// A component that is only asked what it is.
pub(super) fn one_instance(file: PathBuf, cache_dir: Option<PathBuf>) -> InspectConfig {
    let Machine { handler_memory, may_swap, .. } = Machine::here();
    let usual = RuntimeLimits::default();
    let total_memory = handler_memory.max(usual.memory);
    let runtime = RuntimeLimits { instances: 1, total_memory, may_swap, ..usual };
    InspectConfig { file, cache_dir, runtime }
}
