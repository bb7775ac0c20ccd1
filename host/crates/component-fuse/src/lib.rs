//! Joins the core modules of a component that are always instantiated together, before it is compiled.
//!
//! **Job.** Every event starts an instance. Its cost grows with the number of core instances in the component and with
//! what they import from each other: each import is looked up, and each function that one module puts into another one's
//! table is put there anew. Toolchains link in that way: `wit-component` puts a module of trampolines before every module,
//! and languages with dynamic linking make several modules that share a memory and a table. In one module the same calls
//! are direct, and the table is filled ahead of time. [`fuse`] joins the first core instances of a component, as long as
//! they need nothing from an earlier one of them but its exports.
//!
//! **Promises.** The joined component behaves like the given one: results, traps, memories, the order of start functions.
//! (If an instance cannot start because several segments do not fit, the error may be about another one of them.) Joining
//! takes time and space that are linear in the component's size. Instances of the result never cost more than before.
//! What is not understood is left as it is; nothing is lost but speed. `tests/seeds.rs` compares components, joined and not.
//!
//! **Must not know** wasmtime, Socket.IO, or what the component is for: it is bytes to bytes. Whoever compiles the result
//! validates it, as every component is validated. Comments name wasmtime where its habits decide what costs more.
//!
//! Each file uses only files below it:
//!
//! ```text
//! component         rewrites the component
//! ├─ group          chooses the core instances that are joined
//! │  └─ scan        takes a component apart
//! └─ module         writes the joined module
//!    └─ image       whether memories would lose their images
//!       └─ numbering      new indices
//!          └─ constant    values that are known ahead of time
//!
//! below them all: member ─> parts ─> indices ─> error
//! ```

#![warn(missing_docs, unreachable_pub)]

mod component;
mod constant;
mod error;
mod group;
mod image;
mod indices;
mod member;
mod module;
mod numbering;
mod parts;
mod scan;

pub use component::fuse;
pub use error::{Error, NoSuchIndex};

/// Counted up with every change of what [`fuse`] makes, so that nobody takes a result of an earlier version for one of
/// this version.
pub const VERSION: u32 = 3;

#[cfg(test)]
mod tests;
