//! Where compiled components are kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::hint;

/// Where compiled components are kept.
#[derive(Debug, clap::Args)]
pub struct CacheArgs {
    /// Folder for compiled components, so that the next start is fast. It must be private: what lies there is run as
    /// native code. [default: $XDG_CACHE_HOME/host, else ~/.cache/host]
    #[arg(long, value_name = "DIR", env = "HOST_CACHE_DIR", conflicts_with = "no_cache")]
    cache_dir: Option<PathBuf>,

    /// Compile components at every start and keep nothing on disk.
    #[arg(long, env = "HOST_NO_CACHE")]
    no_cache: bool,
}

impl CacheArgs {
    /// The folder; none where nothing is to be kept.
    ///
    /// # Errors
    ///
    /// No folder is given, and there is no usual place for one.
    pub fn dir(self) -> anyhow::Result<Option<PathBuf>> {
        if self.no_cache || self.cache_dir.is_some() {
            return Ok(self.cache_dir);
        }
        let absolute = |name: &str| std::env::var_os(name).filter(|dir: &OsString| Path::new(dir).is_absolute());
        let cache = absolute("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| absolute("HOME").map(|home| PathBuf::from(home).join(".cache")));
        match cache {
            Some(dir) => Ok(Some(dir.join("host"))),
            None => Err(hint::error(
                "no folder for compiled components: neither XDG_CACHE_HOME nor HOME is set",
                "give --cache-dir a private folder, or --no-cache",
            )),
        }
    }
}
