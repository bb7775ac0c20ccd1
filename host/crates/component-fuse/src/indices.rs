//! Indices of functions, tables and so on, and how they change.

use std::collections::HashMap;

use wasmparser::{ExternalKind, TypeRef};

use super::error::{Error, MISSING};

/// The index spaces that a component and its core modules share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum IndexSpace {
    Function,
    Table,
    Memory,
    Global,
    Tag,
}

impl IndexSpace {
    /// Where what is imported gets its index.
    pub(super) fn of(import: &TypeRef) -> Self {
        match import {
            TypeRef::Func(_) | TypeRef::FuncExact(_) => Self::Function,
            TypeRef::Table(_) => Self::Table,
            TypeRef::Memory(_) => Self::Memory,
            TypeRef::Global(_) => Self::Global,
            TypeRef::Tag(_) => Self::Tag,
        }
    }
}

impl From<ExternalKind> for IndexSpace {
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

/// The next index in each space.
#[derive(Debug, Default, Clone)]
pub(super) struct Counters(HashMap<IndexSpace, u32>);

impl Counters {
    pub(super) fn next(&mut self, space: IndexSpace) -> u32 {
        let count = self.0.entry(space).or_default();
        *count += 1;
        *count - 1
    }
}

/// From old indices to new ones.
#[derive(Debug, Default)]
pub(super) struct Indices(HashMap<(IndexSpace, u32), u32>);

impl Indices {
    pub(super) fn insert(&mut self, space: IndexSpace, old: u32, new: u32) {
        self.0.insert((space, old), new);
    }

    pub(super) fn get(&self, space: IndexSpace, old: u32) -> Result<u32, Error> {
        self.0.get(&(space, old)).copied().ok_or(MISSING)
    }
}

/// A number of items as an index.
pub(super) fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
