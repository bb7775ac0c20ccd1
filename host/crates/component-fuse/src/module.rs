//! Writes one core module that does what several did.

use std::collections::BTreeSet;

use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, Elements, ExportSection, FunctionSection,
    GlobalSection, ImportSection, MemorySection, Module, NameMap, NameSection, StartSection, TableSection, TagSection,
    TypeSection,
};
use wasmparser::Name;

use super::error::Error;
use super::image;
use super::indices::IndexSpace;
use super::member::{Member, Source};
use super::numbering::{Numbering, Renumber};
use super::parts::Parts;

/// Joins modules, of which only the last may have a start function. `None` if instances would cost more than before.
///
/// Imports from outside have the empty module name and the names `0`, `1` …, in the order in which the members import
/// them. `exported` lists pairs of a member and the number of its export; these are exported under [`export_name`].
///
/// # Errors
///
/// If a member is invalid, or imports something that no earlier member exports.
pub(super) fn join(members: &[Member<'_>], exported: &BTreeSet<(usize, u32)>) -> Result<Option<Vec<u8>>, Error> {
    let numbering = Numbering::of(members)?;
    if image::would_be_lost(members, &numbering)? {
        return Ok(None);
    }
    let mut joined = Joined::default();
    for (number, member) in members.iter().enumerate() {
        let mut renumber = numbering.member(number)?;
        joined.add(member, &mut renumber)?;
        for (export, of) in member.parts.exports.iter().zip(0..) {
            if exported.contains(&(number, of)) {
                let index = renumber.external_index(export.kind, export.index)?;
                joined.exports.export(&export_name(number, of), renumber.export_kind(export.kind)?, index);
            }
        }
        joined.referenced.append(&mut renumber.referenced);
    }
    Ok(Some(joined.finish()))
}

/// The name of a member's export in the joined module. The member's own name for it may be long, and each alias of the
/// export repeats the name.
pub(super) fn export_name(member: usize, export: u32) -> String {
    format!("{member}:{export}")
}

/// The sections of the joined module.
#[derive(Default)]
struct Joined {
    types: TypeSection,
    imports: ImportSection,
    imported: u32,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    tags: TagSection,
    globals: GlobalSection,
    exports: ExportSection,
    start: Option<u32>,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
    referenced: BTreeSet<u32>,
    /// For the backtraces of traps.
    names: NameMap,
}

impl Joined {
    fn add(&mut self, member: &Member<'_>, renumber: &mut Renumber<'_>) -> Result<(), Error> {
        let parts = member.parts;
        if let Some(types) = &parts.types {
            renumber.parse_type_section(&mut self.types, types.clone())?;
        }
        for (import, source) in parts.imports.iter().zip(&member.sources) {
            if *source == Source::Outside {
                self.imports.import("", &self.imported.to_string(), renumber.entity_type(import.ty)?);
                self.imported += 1;
            }
        }
        if let Some(functions) = &parts.functions {
            renumber.parse_function_section(&mut self.functions, functions.clone())?;
        }
        if let Some(tables) = &parts.tables {
            renumber.parse_table_section(&mut self.tables, tables.clone())?;
        }
        if let Some(memories) = &parts.memories {
            renumber.parse_memory_section(&mut self.memories, memories.clone())?;
        }
        if let Some(tags) = &parts.tags {
            renumber.parse_tag_section(&mut self.tags, tags.clone())?;
        }
        if let Some(globals) = &parts.globals {
            renumber.parse_global_section(&mut self.globals, globals.clone())?;
        }
        if let Some(start) = parts.start {
            self.start = Some(renumber.function_index(start)?);
        }
        if let Some(elements) = &parts.elements {
            renumber.parse_element_section(&mut self.elements, elements.clone())?;
        }
        for body in &parts.code {
            renumber.parse_function_body(&mut self.code, body.clone())?;
        }
        if let Some(data) = &parts.data {
            renumber.parse_data_section(&mut self.data, data.clone())?;
        }
        self.add_names(parts, renumber);
        Ok(())
    }

    /// Adds the names up to the first one that is malformed: validation does not look at them.
    fn add_names(&mut self, parts: &Parts<'_>, renumber: &Renumber<'_>) {
        let imported = parts.imported(IndexSpace::Function);
        for names in parts.names.iter().flat_map(|names| names.clone()).map_while(Result::ok) {
            let Name::Function(names) = names else { continue };
            for name in names.into_iter().map_while(Result::ok).filter(|name| name.index >= imported) {
                if let Ok(index) = renumber.index(IndexSpace::Function, name.index) {
                    self.names.append(index, name.name);
                }
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        // A function that code refers to must also be named outside of code. That may have been an export that is gone.
        if !self.referenced.is_empty() {
            self.elements.declared(Elements::Functions(self.referenced.into_iter().collect()));
        }
        let mut module = Module::new();
        module
            .section(&self.types)
            .section(&self.imports)
            .section(&self.functions)
            .section(&self.tables)
            .section(&self.memories)
            .section(&self.tags)
            .section(&self.globals)
            .section(&self.exports);
        if let Some(function_index) = self.start {
            module.section(&StartSection { function_index });
        }
        let mut names = NameSection::new();
        names.functions(&self.names);
        module
            .section(&self.elements)
            .section(&DataCountSection { count: self.data.len() })
            .section(&self.code)
            .section(&self.data)
            .section(&names);
        module.finish()
    }
}
