//! `host new`: makes a small project to start from.

use std::path::PathBuf;

use crate::build::{self, Language};

/// Make a small project: a handler, one test, and the parts of the SDK that it needs.
#[derive(Debug, clap::Args)]
pub struct New {
    /// Folder to make for the project. Its last part is the project's name and its namespace.
    #[arg(value_name = "NAME")]
    dir: PathBuf,

    /// Language of the handler.
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    lang: Language,
}

impl New {
    /// Makes the project, and returns a text that says what to do next.
    ///
    /// # Errors
    ///
    /// See [`build::create`].
    pub fn execute(self) -> anyhow::Result<String> {
        build::create(&self.dir, self.lang)?;
        let (dir, test) = (self.dir.display(), self.lang.test_command());
        Ok(format!(
            "made {dir}; its README.md explains the files. Next:\n\n  cd {dir}\n  host run --install\n  {test}\n"
        ))
    }
}
