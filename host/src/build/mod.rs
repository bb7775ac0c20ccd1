//! From a handler's source to its component: calls the tools of its language, and says what is missing. New projects, too.
//!
//! Nothing is installed unless the user asks for it ([`Options::install`]).

mod cargo;
mod javascript;
mod made;
mod new;
mod producers;
mod python;
mod sdk;
mod source;
mod tool;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::hint::{self, HintExt};

pub use javascript::Engine;
pub use new::{Language, create};
pub use source::Source;

/// How to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Install what is missing: in the cache, a Cargo target in the user's Rust, an npm project's packages in the project.
    pub install: bool,
    /// What runs JavaScript.
    pub engine: Option<Engine>,
    /// Folder for the SDKs, what they need, and what was made before; none where nothing is to be kept.
    pub cache: Option<PathBuf>,
}

impl Options {
    fn cache(&self) -> anyhow::Result<&Path> {
        let cache = self.cache.as_deref().context("a folder is needed to build this, and nothing is to be kept");
        cache.hint("drop --no-cache, or build it before: `host build SOURCE -o handler.wasm`")
    }
}

/// Builds the component of a source; where it is one already, nothing is done.
///
/// # Errors
///
/// Where the source is of no known kind, a tool is missing, or it fails: it has said why on stderr then.
pub fn build(source: &Path, options: &Options) -> anyhow::Result<PathBuf> {
    let kind = Source::of(source)?;
    if options.engine.is_some() && !matches!(kind, Source::JavaScript(_)) {
        let source = source.display();
        return Err(hint::error(format!("--engine is for JavaScript, and `{source}` is none"), "drop --engine"));
    }
    match kind {
        Source::Component(file) => Ok(file),
        Source::Cargo(dir) => cargo::build(&dir, options),
        Source::JavaScript(path) => javascript::build(&path, options),
        Source::Python(path) => python::build(&path, options),
    }
}

/// The first 128 bits of a digest, as the name of a file.
fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
