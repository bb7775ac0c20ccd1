//! Which indices members have in the joined module.

use std::collections::{BTreeSet, HashMap};

use wasm_encoder::Instruction;
use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{ConstExpr, DataSectionReader, ElementSectionReader, Operator};

use super::constant::Constant;
use super::module::{Member, Source};
use super::parts::{Parts, kind_of};
use super::{Counters, Error, Indices, Kind, MISSING, NoSuchIndex};

/// Where one member's indices are in the joined module.
#[derive(Default)]
struct Map {
    types: u32,
    elements: u32,
    data: u32,
    indices: Indices,
    /// What its exports are, in their order.
    exports: Vec<(Kind, u32)>,
}

pub(super) struct Numbering {
    maps: Vec<Map>,
    /// Values of globals that never change. Known values are what offsets need to have for tables and memories to be
    /// filled ahead of time; all offsets have them, as globals come from members only.
    constants: HashMap<u32, Constant>,
}

impl Numbering {
    pub(super) fn of(members: &[Member<'_>]) -> Result<Self, Error> {
        // Imports have the first indices of each kind.
        let mut imported = Counters::default();
        let mut defined = Counters::default();
        for member in members {
            for (import, source) in member.parts.imports.iter().zip(&member.sources) {
                if *source == Source::Outside {
                    defined.next(kind_of(&import.ty));
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
                let kind = kind_of(&import.ty);
                let index = match *source {
                    Source::Outside => imported.next(kind),
                    Source::Member(member, export) => numbering.exported(member, export, kind)?,
                };
                map.indices.insert(kind, own.next(kind), index);
            }
            for (kind, count) in parts.defined() {
                for _ in 0..count {
                    map.indices.insert(kind, own.next(kind), defined.next(kind));
                }
            }
            for export in &parts.exports {
                let kind = Kind::from(export.kind);
                map.exports.push((kind, map.indices.get(kind, export.index)?));
            }
            numbering.maps.push(map);
            numbering.add_constants(parts)?;
        }
        Ok(numbering)
    }

    fn exported(&self, member: usize, export: u32, kind: Kind) -> Result<u32, Error> {
        let found = self.maps.get(member).and_then(|map| map.exports.get(export as usize));
        let index = found.filter(|(found, _)| *found == kind).map(|(_, index)| *index);
        index.ok_or(MISSING)
    }

    /// Those of the latest member.
    fn add_constants(&mut self, parts: &Parts<'_>) -> Result<(), Error> {
        let globals = parts.globals.iter().flat_map(|globals| globals.clone());
        for (number, global) in (parts.imported(Kind::Global)..).zip(globals) {
            let global = global?;
            let renumber = self.member(self.maps.len() - 1)?;
            let value = if global.ty.mutable { None } else { renumber.value(&global.init_expr)? };
            let index = renumber.index(Kind::Global, number)?;
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

/// Takes one member's code over.
pub(super) struct Renumber<'n> {
    map: &'n Map,
    constants: &'n HashMap<u32, Constant>,
    /// Functions that the code refers to other than by calling them.
    pub(super) referenced: BTreeSet<u32>,
}

impl Renumber<'_> {
    pub(super) fn index(&self, kind: Kind, index: u32) -> Result<u32, Error> {
        self.map.indices.get(kind, index)
    }

    /// What an expression comes to, where that is known.
    pub(super) fn value(&self, expression: &ConstExpr<'_>) -> Result<Option<Constant>, Error> {
        Constant::of(expression, |global| self.constants.get(&self.index(Kind::Global, global).ok()?).copied())
    }
}

impl Reencode for Renumber<'_> {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(Kind::Function, index)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(Kind::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(Kind::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(Kind::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, Error> {
        self.index(Kind::Tag, index)
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

    /// Wasmtime takes an offset for known where it is one constant only.
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
                self.referenced.insert(self.index(Kind::Function, function_index)?);
            }
            _ => {}
        }
        utils::instruction(self, operator)
    }
}
