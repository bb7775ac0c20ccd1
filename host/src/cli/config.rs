//! `host config`: shows the effective settings.

use super::run::Run;
use crate::config::{self, Layers};

/// Show the effective settings of `host run`, and where each comes from: the command line, an environment variable, the
/// file or the default.
///
/// The output has the form of a file of settings. Values of `env` and passwords are not shown.
#[derive(Debug, clap::Args)]
pub struct Config {
    /// Show the JSON Schema of the file instead, for editors.
    #[arg(long)]
    schema: bool,

    #[command(flatten)]
    run: Run,
}

impl Config {
    /// The text to print.
    ///
    /// # Errors
    ///
    /// If something is wrong in the file.
    pub fn text(self, layers: &Layers) -> anyhow::Result<String> {
        if self.schema {
            return Ok(format!("{:#}\n", config::schema(&layers.keys())));
        }
        let document = self.run.document(layers)?;
        config::show(layers, document.as_ref())
    }
}
