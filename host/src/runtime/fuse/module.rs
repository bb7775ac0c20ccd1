//! Core modules, and one module that does what several do.

use std::collections::{HashMap, HashSet};

use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, ExportSection, FunctionSection, GlobalSection,
    ImportSection, Instruction, MemorySection, Module, NameMap, NameSection, StartSection, TableSection, TagSection,
    TypeSection,
};
use wasmparser::{
    DataSectionReader, ElementSectionReader, Export, FunctionBody, FunctionSectionReader, GlobalSectionReader, Import,
    KnownCustom, MemorySectionReader, Name, NameSectionReader, Operator, Parser, Payload, TableSectionReader,
    TagSectionReader, TypeRef, TypeSectionReader,
};

use super::{Counters, Error, Indices, Kind, NoSuchIndex};

/// The sections of a core module.
#[derive(Default)]
pub(super) struct Parts<'a> {
    types: Option<TypeSectionReader<'a>>,
    pub(super) imports: Vec<Import<'a>>,
    functions: Option<FunctionSectionReader<'a>>,
    tables: Option<TableSectionReader<'a>>,
    memories: Option<MemorySectionReader<'a>>,
    tags: Option<TagSectionReader<'a>>,
    globals: Option<GlobalSectionReader<'a>>,
    exports: Vec<Export<'a>>,
    pub(super) start: Option<u32>,
    elements: Option<ElementSectionReader<'a>>,
    code: Vec<FunctionBody<'a>>,
    data: Option<DataSectionReader<'a>>,
    names: Option<NameSectionReader<'a>>,
    /// It has debug information, which tells where in the module's own bytes the code is.
    pub(super) debuggable: bool,
}

impl<'a> Parts<'a> {
    pub(super) fn parse(module: &'a [u8]) -> Result<Self, Error> {
        let mut parts = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => parts.types = Some(section),
                Payload::ImportSection(section) => {
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
        Ok(parts)
    }

    fn count_types(&self) -> Result<u32, Error> {
        let mut count = 0;
        for group in self.types.iter().flat_map(|types| types.clone()) {
            count += u32::try_from(group?.types().len()).unwrap_or(u32::MAX);
        }
        Ok(count)
    }

    fn defined(&self) -> [(Kind, u32); 5] {
        [
            (Kind::Function, self.functions.as_ref().map_or(0, FunctionSectionReader::count)),
            (Kind::Table, self.tables.as_ref().map_or(0, TableSectionReader::count)),
            (Kind::Memory, self.memories.as_ref().map_or(0, MemorySectionReader::count)),
            (Kind::Global, self.globals.as_ref().map_or(0, GlobalSectionReader::count)),
            (Kind::Tag, self.tags.as_ref().map_or(0, TagSectionReader::count)),
        ]
    }
}

pub(super) fn kind_of(import: &TypeRef) -> Kind {
    match import {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => Kind::Function,
        TypeRef::Table(_) => Kind::Table,
        TypeRef::Memory(_) => Kind::Memory,
        TypeRef::Global(_) => Kind::Global,
        TypeRef::Tag(_) => Kind::Tag,
    }
}

/// Where a module's import comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// An export of an earlier one of the modules.
    Member(usize, &'a str),
    /// Something else, which the joined module imports, too.
    Outside,
}

/// A module, and where each of its imports comes from.
pub(super) struct Member<'a> {
    pub(super) parts: &'a Parts<'a>,
    pub(super) sources: Vec<Source<'a>>,
}

/// Joins modules, of which only the last one may have a start function.
///
/// What comes from outside is imported under the names `0`, `1` … of the module ``, in the order in which the members import
/// it. `exported` says which exports of which member are exported, under [`export_name`].
///
/// # Errors
///
/// Where a member is invalid, or imports what no earlier one exports.
pub(super) fn join(members: &[Member<'_>], exported: &HashSet<(usize, &str)>) -> Result<Vec<u8>, Error> {
    let numbering = Numbering::of(members)?;
    let mut joined = Joined::default();
    for (number, (member, map)) in members.iter().zip(&numbering.maps).enumerate() {
        let exported = |name: &str| exported.contains(&(number, name)).then(|| export_name(number, name));
        joined.add(member, &mut Renumber { map, constants: &numbering.constants }, exported)?;
    }
    Ok(joined.finish())
}

pub(super) fn export_name(member: usize, name: &str) -> String {
    format!("{member}:{name}")
}

/// Where one member's indices are in the joined module.
#[derive(Default)]
struct Map<'a> {
    types: u32,
    elements: u32,
    data: u32,
    indices: Indices,
    exports: HashMap<&'a str, (Kind, u32)>,
}

struct Numbering<'a> {
    maps: Vec<Map<'a>>,
    /// Values of globals that never change. Known values are what offsets need to have for tables and memories to be
    /// filled ahead of time.
    constants: HashMap<u32, Instruction<'static>>,
}

impl<'a> Numbering<'a> {
    fn of(members: &[Member<'a>]) -> Result<Self, Error> {
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
                    Source::Member(member, name) => numbering.exported(member, name, kind)?,
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
                map.exports.insert(export.name, (kind, map.indices.get(kind, export.index)?));
            }
            numbering.add_constants(parts, &map)?;
            numbering.maps.push(map);
        }
        Ok(numbering)
    }

    fn exported(&self, member: usize, name: &str, kind: Kind) -> Result<u32, Error> {
        let found = self.maps.get(member).and_then(|map| map.exports.get(name));
        let index = found.filter(|(found, _)| *found == kind).map(|(_, index)| *index);
        index.ok_or(ReencodeError::UserError(NoSuchIndex))
    }

    fn add_constants(&mut self, parts: &Parts<'a>, map: &Map<'a>) -> Result<(), Error> {
        let imports = parts.imports.iter().filter(|import| kind_of(&import.ty) == Kind::Global).count();
        for (number, global) in (imports..).zip(parts.globals.iter().flat_map(|globals| globals.clone())) {
            let global = global?;
            let mut operators = global.init_expr.get_operators_reader();
            let value = match operators.read()? {
                Operator::I32Const { value } => Instruction::I32Const(value),
                Operator::I64Const { value } => Instruction::I64Const(value),
                _ => continue,
            };
            if !global.ty.mutable && operators.is_end_then_eof() {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                self.constants.insert(map.indices.get(Kind::Global, number)?, value);
            }
        }
        Ok(())
    }
}

/// Takes one member's code over.
struct Renumber<'m> {
    map: &'m Map<'m>,
    constants: &'m HashMap<u32, Instruction<'static>>,
}

impl Reencode for Renumber<'_> {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        self.map.indices.get(Kind::Function, index)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        self.map.indices.get(Kind::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        self.map.indices.get(Kind::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, Error> {
        self.map.indices.get(Kind::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, Error> {
        self.map.indices.get(Kind::Tag, index)
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

    fn instruction<'a>(&mut self, operator: Operator<'a>) -> Result<Instruction<'a>, Error> {
        if let Operator::GlobalGet { global_index } = operator
            && let Some(value) = self.constants.get(&self.global_index(global_index)?)
        {
            return Ok(value.clone());
        }
        wasm_encoder::reencode::utils::instruction(self, operator)
    }
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
    /// For the backtraces of traps.
    names: NameMap,
}

impl Joined {
    fn add(
        &mut self,
        member: &Member<'_>,
        renumber: &mut Renumber<'_>,
        exported: impl Fn(&str) -> Option<String>,
    ) -> Result<(), Error> {
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
        for export in &parts.exports {
            if let Some(name) = exported(export.name) {
                let index = renumber.external_index(export.kind, export.index)?;
                self.exports.export(&name, renumber.export_kind(export.kind)?, index);
            }
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
        self.add_names(parts, renumber)
    }

    fn add_names(&mut self, parts: &Parts<'_>, renumber: &mut Renumber<'_>) -> Result<(), Error> {
        let imported = parts.imports.iter().filter(|import| kind_of(&import.ty) == Kind::Function).count();
        for names in parts.names.iter().flat_map(|names| names.clone()) {
            let Name::Function(names) = names? else { continue };
            for name in names {
                let name = name?;
                if name.index as usize >= imported {
                    self.names.append(renumber.function_index(name.index)?, name.name);
                }
            }
        }
        Ok(())
    }

    fn finish(self) -> Vec<u8> {
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
