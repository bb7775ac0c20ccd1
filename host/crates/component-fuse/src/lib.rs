//! Joins the core modules of a component that are always instantiated together, before it is compiled.
//!
//! Every event starts an instance, and what that costs grows with the number of core instances in the component and with
//! what they import of each other: each import is looked up, and each function that a module puts into a table which
//! another one defines is put there anew. Toolchains link in that way (`wit-component` puts a module of trampolines before
//! every module, and the languages that are linked dynamically consist of several modules that share a memory and a table).
//! In one module the same calls are direct, and the table is filled when it is read.
//!
//! What is joined: the first core instances of the component, as long as they need nothing that was made from an earlier
//! one of them but its exports. What is not understood is left as it is; nothing is lost but speed. The result is validated
//! as every component is, when it is compiled.

mod component;
mod constant;
mod group;
mod image;
mod module;
mod numbering;
mod parts;
mod scan;

use std::collections::HashMap;

use wasm_encoder::reencode;
use wasmparser::ExternalKind;

pub use component::fuse;

/// Counted up with every change of what [`fuse`] makes of a component, for those who keep what it made.
pub const VERSION: u32 = 3;

/// Of a component that cannot be joined, or is invalid.
pub type Error = reencode::Error<NoSuchIndex>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an index that nothing has")]
pub struct NoSuchIndex;

const MISSING: Error = reencode::Error::UserError(NoSuchIndex);

/// The index spaces that a component and its core modules share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Function,
    Table,
    Memory,
    Global,
    Tag,
}

impl From<ExternalKind> for Kind {
    fn from(kind: ExternalKind) -> Self {
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => Self::Function,
            ExternalKind::Table => Self::Table,
            ExternalKind::Memory => Self::Memory,
            ExternalKind::Global => Self::Global,
            ExternalKind::Tag => Self::Tag,
        }
    }
}

/// The next index of each kind.
#[derive(Debug, Default, Clone)]
struct Counters(HashMap<Kind, u32>);

impl Counters {
    fn next(&mut self, kind: Kind) -> u32 {
        let count = self.0.entry(kind).or_default();
        *count += 1;
        *count - 1
    }
}

/// From old indices to new ones.
#[derive(Debug, Default)]
struct Indices(HashMap<(Kind, u32), u32>);

impl Indices {
    fn insert(&mut self, kind: Kind, old: u32, new: u32) {
        self.0.insert((kind, old), new);
    }

    fn get(&self, kind: Kind, old: u32) -> Result<u32, Error> {
        self.0.get(&(kind, old)).copied().ok_or(MISSING)
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
