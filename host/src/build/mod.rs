//! From a handler's source to its component: calls the tools of its language, and says which are missing. Makes new
//! projects, too.
//!
//! Nothing is installed unless the user asks for it ([`Options::install`]).

mod cargo;
mod javascript;
mod made;
mod new;
mod npm;
mod producers;
mod python;
mod sdk;
mod source;
mod supervise;
mod tool;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::hint::{self, HintExt};

pub use javascript::Engine;
pub use new::{Language, create};
pub use source::Source;
pub use supervise::supervise;

/// How to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Install what is missing: a Cargo target into the user's Rust, an npm project's packages into the project, all
    /// else into the cache.
    pub install: bool,
    /// Packages of an npm project that are installed may run their scripts.
    pub allow_scripts: bool,
    /// Build although nothing has changed.
    pub rebuild: bool,
    /// The JavaScript engine.
    pub engine: Option<Engine>,
    /// Folder for the SDKs, their tools, and earlier results; none if nothing is to be kept.
    pub cache: Option<PathBuf>,
}

impl Options {
    fn cache(&self) -> anyhow::Result<&Path> {
        let cache = self.cache.as_deref().context("building this needs the cache folder, and --no-cache turns it off");
        cache.hint("drop --no-cache, or build it before: `host build SOURCE -o handler.wasm`")
    }
}

/// Builds the component of a source; does nothing if it is a component already.
///
/// # Errors
///
/// If the source is of no known kind, or a tool is missing or fails. A tool that fails has said why on stderr.
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

/// A digest of several parts, each with its length.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// The first 128 bits of a digest in hexadecimal, for names of files.
fn hex(digest: &[u8]) -> String {
    digest.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
