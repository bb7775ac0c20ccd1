//! From a handler's source to its component: calls the tools of its language, and says what is missing.
//!
//! Nothing is installed unless the user asks for it ([`Options::install`]).

mod cargo;
mod source;
mod tool;

use std::path::{Path, PathBuf};

pub use source::Source;

/// How to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Install what is missing.
    pub install: bool,
}

/// Builds the component of a source; where it is one already, nothing is done.
///
/// # Errors
///
/// Where the source is of no known kind, a tool is missing, or it fails: it has said why on stderr then.
pub fn build(source: &Path, options: &Options) -> anyhow::Result<PathBuf> {
    match Source::of(source)? {
        Source::Component(file) => Ok(file),
        Source::Cargo(dir) => cargo::build(&dir, options),
    }
}
