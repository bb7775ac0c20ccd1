//! The flags of the cache.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::hint;

/// The cache folder.
#[derive(Debug, Clone, clap::Args)]
pub struct CacheDir {
    /// Folder for compiled components, so that the next start is fast, and for the tools of builds. It must be private,
    /// because its files are executed. It can be removed at any time. [default: $XDG_CACHE_HOME/host, else
    /// ~/.cache/host]
    #[arg(long, value_name = "DIR", env = "HOST_CACHE_DIR")]
    cache_dir: Option<PathBuf>,
}

/// The cache of compiled components, which can be turned off.
#[derive(Debug, clap::Args)]
pub struct CacheArgs {
    #[command(flatten)]
    cache: CacheDir,

    /// Compile components at every start and keep nothing on disk, whatever --cache-dir is.
    #[arg(long, env = "HOST_NO_CACHE")]
    no_cache: bool,
}

impl CacheArgs {
    /// The folder; none if nothing is to be kept.
    ///
    /// # Errors
    ///
    /// If no folder is given, and there is no default for it.
    pub fn dir(self) -> anyhow::Result<Option<PathBuf>> {
        if self.no_cache { Ok(None) } else { self.cache.dir().map(Some) }
    }
}

impl CacheDir {
    /// The folder.
    ///
    /// # Errors
    ///
    /// If none is given, and there is no default for it.
    pub fn dir(self) -> anyhow::Result<PathBuf> {
        if let Some(dir) = self.cache_dir {
            return Ok(dir);
        }
        let absolute = |name: &str| std::env::var_os(name).filter(|dir: &OsString| Path::new(dir).is_absolute());
        let cache = absolute("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| absolute("HOME").map(|home| PathBuf::from(home).join(".cache")));
        match cache {
            Some(dir) => Ok(dir.join("host")),
            None => Err(hint::error(
                "no cache folder: neither XDG_CACHE_HOME nor HOME is set",
                "give --cache-dir a private folder, or --no-cache",
            )),
        }
    }
}
