//! Where compiled components are kept.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::hint;

/// Where what takes long to make is kept.
#[derive(Debug, clap::Args)]
pub struct CacheDir {
    /// Folder for compiled components, so that the next start is fast, and for what builds need. It must be private: what
    /// lies there is run. It can be removed at any time. [default: $XDG_CACHE_HOME/host, else ~/.cache/host]
    #[arg(long, value_name = "DIR", env = "HOST_CACHE_DIR")]
    cache_dir: Option<PathBuf>,
}

/// Where compiled components are kept, if they are.
#[derive(Debug, clap::Args)]
pub struct CacheArgs {
    #[command(flatten)]
    cache: CacheDir,

    /// Compile components at every start and keep nothing on disk, whatever --cache-dir is.
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
        if self.no_cache { Ok(None) } else { self.cache.dir().map(Some) }
    }
}

impl CacheDir {
    /// The folder.
    ///
    /// # Errors
    ///
    /// None is given, and there is no usual place for one.
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
                "no folder for what is kept: neither XDG_CACHE_HOME nor HOME is set",
                "give --cache-dir a private folder, or --no-cache",
            )),
        }
    }
}
