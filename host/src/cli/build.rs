//! `host build`: builds a component from a handler's source.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::cache::CacheDir;
use super::inspect::one_instance;
use crate::build::{self, Engine, Options, Source};
use crate::config::InspectConfig;
use crate::hint;

/// Build a component from a handler's source.
///
/// Calls the tools of its language, and says how to get those that are missing. A component is built again only if its
/// files have changed. Its path is the only line on stdout.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// A file of JavaScript (`.js`, `.mjs`), TypeScript (`.ts`) or Python (`.py`), or the folder of a Cargo, npm or
    /// Python project.
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// File to write the component to. Without it, the component stays where the language's tools put it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    build: BuildArgs,

    #[command(flatten)]
    cache: CacheDir,
}

/// How handlers are built.
#[derive(Debug, Clone, clap::Args)]
pub struct BuildArgs {
    /// Install what the build needs and does not find: a project's npm packages into the project, the target
    /// wasm32-wasip2 into Rust, all else into the cache folder.
    #[arg(long, env = "HOST_INSTALL")]
    install: bool,

    /// Let the npm packages that --install puts into a project run their installation scripts, with all that this user
    /// may do.
    #[arg(long, env = "HOST_ALLOW_SCRIPTS")]
    allow_scripts: bool,

    /// Build although no file has changed since the last build. (For Rust, Cargo decides.)
    #[arg(long)]
    rebuild: bool,

    /// JavaScript engine. [default: quickjs]
    #[arg(long, value_name = "ENGINE", value_enum)]
    engine: Option<Engine>,
}

impl BuildArgs {
    /// `cache` is the folder for the tools and results of builds.
    pub fn options(&self, cache: Option<PathBuf>) -> Options {
        Options {
            install: self.install,
            allow_scripts: self.allow_scripts,
            rebuild: self.rebuild,
            engine: self.engine,
            cache,
        }
    }
}

impl Build {
    /// What is built, for messages.
    pub fn source(&self) -> String {
        self.source.display().to_string()
    }

    /// Builds. Returns the component, to be checked: the other languages' SDKs check handlers while they build.
    ///
    /// # Errors
    ///
    /// See [`build::build`].
    pub fn execute(&self) -> anyhow::Result<(PathBuf, Option<InspectConfig>)> {
        let cache = self.cache.clone().dir()?;
        let component = build::build(&self.source, &self.build.options(Some(cache.clone())))?;
        let unchecked = matches!(Source::of(&self.source), Ok(Source::Cargo(_)));
        let check = unchecked.then(|| one_instance(component.clone(), Some(cache)));
        Ok((component, check))
    }

    /// Puts the component where it is wanted, and returns where it is.
    ///
    /// # Errors
    ///
    /// If it cannot be written there.
    pub fn put(self, component: PathBuf) -> anyhow::Result<PathBuf> {
        match self.output {
            Some(output) => put(&component, output),
            None => Ok(component),
        }
    }
}

fn put(component: &Path, output: PathBuf) -> anyhow::Result<PathBuf> {
    if output.is_dir() {
        return Err(hint::error(
            format!("--output `{}` is a folder", output.display()),
            "name the file, such as handler.wasm",
        ));
    }
    fs::copy(component, &output).with_context(|| format!("cannot write {}", output.display()))?;
    Ok(output)
}
