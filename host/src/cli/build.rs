//! `host build`: makes a component of a handler's source.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::build::{self, Options};
use crate::hint;

/// Make a component of a handler's source.
///
/// Calls the tools of its language, and says what is missing and how to get it. The component's path is the one line on
/// stdout.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The folder of a Cargo project.
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// Where to put the component. Without it, it stays where the language's tools put it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    build: BuildArgs,
}

/// How handlers are built.
#[derive(Debug, clap::Args)]
pub struct BuildArgs {
    /// Install what the build needs and does not find.
    #[arg(long, env = "HOST_INSTALL")]
    install: bool,
}

impl BuildArgs {
    pub fn options(&self) -> Options {
        Options { install: self.install }
    }
}

impl Build {
    /// Builds, and returns where the component is.
    ///
    /// # Errors
    ///
    /// See [`build::build`]; or the component cannot be put where it should be.
    pub fn execute(self) -> anyhow::Result<PathBuf> {
        let component = build::build(&self.source, &self.build.options())?;
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
