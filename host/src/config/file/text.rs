//! The text of the file, and errors that say where in it.

use std::fmt::Display;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::hint::{self, HintExt};

/// A larger file is none that somebody wrote.
const LARGEST: usize = 1 << 20;

/// A file of settings.
#[derive(Debug, Clone)]
pub struct File {
    path: PathBuf,
    text: String,
}

impl File {
    /// What it is called where nobody names another.
    pub const NAME: &str = "host.toml";

    /// # Errors
    ///
    /// If it cannot be read, is no UTF-8, or larger than 1 MiB.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<String> {
            let mut text = String::new();
            fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_string(&mut text)?;
            anyhow::ensure!(text.len() <= LARGEST, "it has more than 1 MiB");
            Ok(text)
        };
        let text = read().with_context(|| format!("cannot read {}", path.display()));
        let text = text.hint("name a file of settings with --config; `host new` makes one")?;
        Ok(Self::new(path.to_owned(), text))
    }

    pub(super) fn new(path: PathBuf, text: String) -> Self {
        Self { path, text }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A path that the file names, which is relative to the file's folder.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        match self.path.parent() {
            Some(folder) => folder.join(path),
            None => path.into(),
        }
    }

    /// `host.toml:3:7`, from an offset in bytes.
    pub(super) fn place(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }

    /// An error at an offset in bytes.
    pub(super) fn error(&self, at: usize, message: impl Display, hint: impl Into<String>) -> anyhow::Error {
        hint::error(format!("{}: {message}", self.place(at)), hint)
    }

    /// An error of something that stands at an offset in bytes.
    pub(super) fn located(&self, at: usize, error: anyhow::Error) -> anyhow::Error {
        let hints = hint::hints(&error).join("; ");
        hint::add(anyhow::anyhow!("{}: {error}", self.place(at)), &hints)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let file = File::new("conf/host.toml".into(), "a = 1\né = 2\n".to_owned());
        assert_eq!(file.place(0), "conf/host.toml:1:1");
        assert_eq!(file.place(6), "conf/host.toml:2:1");
        assert_eq!(file.place("a = 1\né = ".len()), "conf/host.toml:2:5");
        assert_eq!(file.place(500), "conf/host.toml:3:1");
        assert_eq!(file.beside("web"), Path::new("conf/web"));
        assert_eq!(file.beside("/web"), Path::new("/web"));
    }
}
