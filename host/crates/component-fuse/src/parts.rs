//! A core module, taken apart into its sections.

use std::collections::HashMap;

use wasmparser::{
    DataSectionReader, ElementItems, ElementKind, ElementSectionReader, Export, FunctionBody, FunctionSectionReader,
    GlobalSectionReader, Import, KnownCustom, MemorySectionReader, NameSectionReader, Parser, Payload,
    TableSectionReader, TagSectionReader, TypeSectionReader,
};

use super::error::Error;
use super::indices::{IndexSpace, count};

/// The sections of a core module.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) types: Option<TypeSectionReader<'a>>,
    pub(super) imports: Vec<Import<'a>>,
    /// Bytes of the section of imports.
    pub(super) import_bytes: usize,
    pub(super) functions: Option<FunctionSectionReader<'a>>,
    pub(super) tables: Option<TableSectionReader<'a>>,
    pub(super) memories: Option<MemorySectionReader<'a>>,
    pub(super) tags: Option<TagSectionReader<'a>>,
    pub(super) globals: Option<GlobalSectionReader<'a>>,
    pub(super) exports: Vec<Export<'a>>,
    export_numbers: HashMap<&'a str, u32>,
    pub(super) start: Option<u32>,
    pub(super) elements: Option<ElementSectionReader<'a>>,
    pub(super) code: Vec<FunctionBody<'a>>,
    pub(super) data: Option<DataSectionReader<'a>>,
    pub(super) names: Option<NameSectionReader<'a>>,
    /// Whether it has debug information. That holds places of code in the module's own bytes.
    pub(super) debuggable: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn parse(module: &'a [u8]) -> Result<Self, Error> {
        let mut parts = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => parts.types = Some(section),
                Payload::ImportSection(section) => {
                    parts.import_bytes = section.range().len();
                    parts.imports = section.into_imports().collect::<Result<_, _>>()?;
                }
                Payload::FunctionSection(section) => parts.functions = Some(section),
                Payload::TableSection(section) => parts.tables = Some(section),
                Payload::MemorySection(section) => parts.memories = Some(section),
                Payload::TagSection(section) => parts.tags = Some(section),
                Payload::GlobalSection(section) => parts.globals = Some(section),
                Payload::ExportSection(section) => parts.exports = section.into_iter().collect::<Result<_, _>>()?,
                Payload::StartSection { func, .. } => parts.start = Some(func),
                Payload::ElementSection(section) => parts.elements = Some(section),
                Payload::CodeSectionEntry(body) => parts.code.push(body),
                Payload::DataSection(section) => parts.data = Some(section),
                Payload::CustomSection(section) if section.name().starts_with(".debug_") => parts.debuggable = true,
                Payload::CustomSection(section) => {
                    if let KnownCustom::Name(names) = section.as_known() {
                        parts.names = Some(names);
                    }
                }
                _ => {}
            }
        }
        parts.export_numbers = parts.exports.iter().map(|export| export.name).zip(0..).collect();
        Ok(parts)
    }

    /// The number of the export that has a name.
    pub(super) fn export(&self, name: &str) -> Option<u32> {
        self.export_numbers.get(name).copied()
    }

    pub(super) fn imported(&self, space: IndexSpace) -> u32 {
        count(self.imports.iter().filter(|import| IndexSpace::of(&import.ty) == space).count())
    }

    pub(super) fn count_types(&self) -> Result<u32, Error> {
        let mut types = 0;
        for group in self.types.iter().flat_map(|types| types.clone()) {
            types += count(group?.types().len());
        }
        Ok(types)
    }

    pub(super) fn defined(&self) -> [(IndexSpace, u32); 5] {
        [
            (IndexSpace::Function, self.functions.as_ref().map_or(0, FunctionSectionReader::count)),
            (IndexSpace::Table, self.tables.as_ref().map_or(0, TableSectionReader::count)),
            (IndexSpace::Memory, self.memories.as_ref().map_or(0, MemorySectionReader::count)),
            (IndexSpace::Global, self.globals.as_ref().map_or(0, GlobalSectionReader::count)),
            (IndexSpace::Tag, self.tags.as_ref().map_or(0, TagSectionReader::count)),
        ]
    }

    /// Whether it puts computed values into a table, and not only functions that are known ahead of time.
    pub(super) fn computes_elements(&self) -> Result<bool, Error> {
        for element in self.elements.iter().flat_map(|elements| elements.clone()) {
            let element = element?;
            if matches!((element.kind, element.items), (ElementKind::Active { .. }, ElementItems::Expressions(..))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
