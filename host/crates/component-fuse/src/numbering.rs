//! Which indices the items of members have in the joined module.

use std::collections::{BTreeSet, HashMap};

use wasm_encoder::Instruction;
use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{ConstExpr, DataSectionReader, ElementSectionReader, Operator};

use super::constant::Constant;
use super::error::{Error, MISSING, NoSuchIndex};
use super::indices::{Counters, IndexSpace, Indices};
use super::member::{Member, Source};
use super::parts::Parts;

/// Where one member's indices are in the joined module.
#[derive(Default)]
struct Map {
    types: u32,
    elements: u32,
    data: u32,
    indices: Indices,
    /// The new indices of its exports, in their order.
    exports: Vec<(IndexSpace, u32)>,
}

pub(super) struct Numbering {
    maps: Vec<Map>,
    /// Values of globals that never change. Tables and memories are filled ahead of time only where the offsets of segments
    /// are known. They all are, because globals come from members only.
    constants: HashMap<u32, Constant>,
}

impl Numbering {
    pub(super) fn of(members: &[Member<'_>]) -> Result<Self, Error> {
        // Imports have the first indices in each space.
        let mut imported = Counters::default();
        let mut defined = Counters::default();
        for member in members {
            for (import, source) in member.parts.imports.iter().zip(&member.sources) {
                if *source == Source::Outside {
                    defined.next(IndexSpace::of(&import.ty));
                }
            }
        }
        let mut numbering = Self { maps: Vec::new(), constants: HashMap::new() };
        let (mut types, mut elements, mut data) = (0, 0, 0);
        for Member { parts, sources } in members {
            let mut map = Map { types, elements, data, ..Map::default() };
            types += parts.count_types()?;
            elements += parts.elements.as_ref().map_or(0, ElementSectionReader::count);
            data += parts.data.as_ref().map_or(0, DataSectionReader::count);
            let mut own = Counters::default();
            for (import, source) in parts.imports.iter().zip(sources) {
                let space = IndexSpace::of(&import.ty);
                let index = match *source {
                    Source::Outside => imported.next(space),
                    Source::Member(member, export) => numbering.exported(member, export, space)?,
                };
                map.indices.insert(space, own.next(space), index);
            }
            for (space, count) in parts.defined() {
                for _ in 0..count {
                    map.indices.insert(space, own.next(space), defined.next(space));
                }
            }
            for export in &parts.exports {
                let space = IndexSpace::from(export.kind);
                map.exports.push((space, map.indices.get(space, export.index)?));
            }
            numbering.maps.push(map);
            numbering.add_constants(parts)?;
        }
        Ok(numbering)
    }

    fn exported(&self, member: usize, export: u32, space: IndexSpace) -> Result<u32, Error> {
        let found = self.maps.get(member).and_then(|map| map.exports.get(export as usize));
        let index = found.filter(|(found, _)| *found == space).map(|(_, index)| *index);
        index.ok_or(MISSING)
    }

    /// Adds those of the latest member.
    fn add_constants(&mut self, parts: &Parts<'_>) -> Result<(), Error> {
        let globals = parts.globals.iter().flat_map(|globals| globals.clone());
        for (number, global) in (parts.imported(IndexSpace::Global)..).zip(globals) {
            let global = global?;
            let renumber = self.member(self.maps.len() - 1)?;
            let value = if global.ty.mutable { None } else { renumber.value(&global.init_expr)? };
            let index = renumber.index(IndexSpace::Global, number)?;
            if let Some(value) = value {
                self.constants.insert(index, value);
            }
        }
        Ok(())
    }

    pub(super) fn member(&self, number: usize) -> Result<Renumber<'_>, Error> {
        let map = self.maps.get(number).ok_or(MISSING)?;
        Ok(Renumber { map, constants: &self.constants, referenced: BTreeSet::new() })
    }
}

/// Rewrites one member with its new indices.
pub(super) struct Renumber<'n> {
    map: &'n Map,
    constants: &'n HashMap<u32, Constant>,
    /// Functions that the code refers to without calling them.
    pub(super) referenced: BTreeSet<u32>,
}

impl Renumber<'_> {
    pub(super) fn index(&self, space: IndexSpace, index: u32) -> Result<u32, Error> {
        self.map.indices.get(space, index)
    }

    /// The value of an expression, if it is known.
    pub(super) fn value(&self, expression: &ConstExpr<'_>) -> Result<Option<Constant>, Error> {
        Constant::of(expression, |global| self.constants.get(&self.index(IndexSpace::Global, global).ok()?).copied())
    }
}

impl Reencode for Renumber<'_> {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(IndexSpace::Function, index)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(IndexSpace::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(IndexSpace::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(IndexSpace::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(IndexSpace::Tag, index)
    }

    fn type_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.map.types + index)
    }

    fn element_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.map.elements + index)
    }

    fn data_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.map.data + index)
    }

    /// Wasmtime treats an offset as known only if it is a single constant.
    fn const_expr(&mut self, expression: ConstExpr<'_>) -> Result<wasm_encoder::ConstExpr, Error> {
        match self.value(&expression)? {
            Some(value) => Ok(wasm_encoder::ConstExpr::extended([value.instruction()])),
            None => utils::const_expr(self, expression),
        }
    }

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>, Error> {
        match operator {
            Operator::GlobalGet { global_index } => {
                if let Some(value) = self.constants.get(&self.global_index(global_index)?) {
                    return Ok(value.instruction());
                }
            }
            Operator::RefFunc { function_index } => {
                self.referenced.insert(self.index(IndexSpace::Function, function_index)?);
            }
            _ => {}
        }
        utils::instruction(self, operator)
    }
}
