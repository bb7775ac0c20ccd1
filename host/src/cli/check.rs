//! `host check`: all that a start does, but serving.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Cli;
use super::plan::{Plan, run};
use crate::config::{File, Layers};

/// Check a file of settings as `host run` does, without serving.
///
/// Builds the sources, compiles the components and has them describe themselves. Nothing listens, and no data is opened.
/// Environment variables count as for `host run`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// File of settings.
    #[arg(value_name = "FILE", default_value = File::NAME)]
    file: PathBuf,
}

impl Check {
    /// # Errors
    ///
    /// If something is wrong in the file.
    pub fn plan(self) -> anyhow::Result<Plan> {
        let mut file = OsString::from("--config=");
        file.push(self.file);
        let layers = Layers::new(Cli::program(), vec!["host".into(), "run".into(), file])?;
        run(layers.given())?.plan(&layers)
    }
}
