//! Rewrites a component so that its first core instances are one.

use std::collections::{BTreeSet, HashMap, HashSet};

use wasm_encoder::reencode::{Reencode, ReencodeComponent};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentSectionId, ComponentTypeSection,
    ExportKind, InstanceSection, Module, ModuleArg, RawSection,
};
use wasmparser::{Export, Instance, Validator, WasmFeatures};

use super::error::{Error, NoSuchIndex};
use super::group::Group;
use super::indices::{Counters, IndexSpace, Indices};
use super::module;
use super::scan::{Entity, ExportOf, Item, Scan, hands_modules_on};

/// How many components may lie in each other and still be looked at.
const DEPTH: u32 = 8;

/// Joins the first core instances of a component, and those of the components inside it. `None` if there is nothing to
/// join.
///
/// # Errors
///
/// If the component is invalid, or has something that cannot be rewritten.
pub fn fuse(bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    // All that follows relies on valid input: counts, indices and nesting are bounded then. Compact imports are refused,
    // as the validator itself would keep a shared name once for each import; wasmtime does not accept them either.
    let features = WasmFeatures::all().difference(WasmFeatures::COMPACT_IMPORTS);
    Validator::new_with_features(features).validate_all(bytes)?;
    if hands_modules_on(bytes)? { Ok(None) } else { fuse_component(bytes, DEPTH) }
}

fn fuse_component(bytes: &[u8], depth: u32) -> Result<Option<Vec<u8>>, Error> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
    let mut scan = Scan::of(bytes)?;
    // All that follows goes through the imports of every instance. They are only more than this where one module has many
    // instances.
    if scan.linked > bytes.len() {
        return Ok(None);
    }
    let mut changed = false;
    for item in &mut scan.items {
        if let Item::Component(bytes) = item
            && let Some(fused) = fuse_component(bytes, depth)?
        {
            *bytes = fused.into();
            changed = true;
        }
    }
    let group = Group::of(&scan)?;
    if !group.members.is_empty() {
        let needed = Needed::by_others(&scan, &group)?;
        let exported =
            needed.exports.iter().filter_map(|(instance, export)| Some((group.number(*instance)?, *export))).collect();
        let (members, outside) = group.modules(&scan)?;
        if let Some(joined) = module::join(&members, &exported)? {
            return Rewriter::new(&scan, &group, &needed).rewrite(&joined, &outside).map(Some);
        }
    }
    if !changed {
        return Ok(None);
    }
    let group = Group::default();
    let needed = Needed::by_others(&scan, &group)?;
    Rewriter::new(&scan, &group, &needed).rewrite(&[], &[]).map(Some)
}

/// What is still used, by name or by index, once the members are one instance.
#[derive(Default)]
struct Needed {
    entities: HashSet<(IndexSpace, u32)>,
    instances: HashSet<u32>,
    exports: BTreeSet<ExportOf>,
}

impl Needed {
    fn by_others(scan: &Scan<'_>, group: &Group) -> Result<Self, Error> {
        let mut needed = Self::default();
        for item in &scan.items {
            match item {
                Item::Instance(number) if group.number(*number).is_none() => {
                    if let Instance::Instantiate { args, .. } = scan.instance(*number)? {
                        for arg in args {
                            needed.instance(scan, arg.index)?;
                        }
                        needed.imports_of(scan, *number)?;
                    }
                }
                _ => {
                    for (space, index) in item.uses()? {
                        needed.entity(scan, space, index)?;
                    }
                }
            }
        }
        Ok(needed)
    }

    fn imports_of(&mut self, scan: &Scan<'_>, number: u32) -> Result<(), Error> {
        for (import, from) in scan.imports(number)? {
            if let Entity::Export(export) = scan.named(from, import.name)? {
                self.exports.insert(export);
            }
        }
        Ok(())
    }

    fn entity(&mut self, scan: &Scan<'_>, space: IndexSpace, index: u32) -> Result<(), Error> {
        if self.entities.insert((space, index))
            && let Entity::Export(export) = scan.entity(space, index)?
        {
            self.exports.insert(export);
        }
        Ok(())
    }

    /// Adds an instance, and what it lists.
    fn instance(&mut self, scan: &Scan<'_>, number: u32) -> Result<(), Error> {
        if self.instances.insert(number)
            && let Instance::FromExports(exports) = scan.instance(number)?
        {
            for export in exports {
                self.entity(scan, export.kind.into(), export.index)?;
            }
        }
        Ok(())
    }
}

/// The number of the joined instance. Instance 0 has all its imports.
const JOINED: u32 = 1;

/// Writes the component with one core instance instead of the members.
struct Rewriter<'r, 'a> {
    scan: &'r Scan<'a>,
    group: &'r Group,
    needed: &'r Needed,
    indices: Indices,
    counters: Counters,
    /// New numbers of core instances. A member has one if it is an argument of others: an instance of its exports.
    instances: HashMap<u32, u32>,
    instance_count: u32,
    /// Each export has only one alias, however many the component had.
    aliases: HashMap<ExportOf, u32>,
    written: Component,
}

impl<'r, 'a> Rewriter<'r, 'a> {
    fn new(scan: &'r Scan<'a>, group: &'r Group, needed: &'r Needed) -> Self {
        Self {
            scan,
            group,
            needed,
            indices: Indices::default(),
            counters: Counters::default(),
            instances: HashMap::new(),
            instance_count: 0,
            aliases: HashMap::new(),
            written: Component::new(),
        }
    }

    fn rewrite(mut self, joined: &[u8], outside: &[u32]) -> Result<Vec<u8>, Error> {
        let (before, after) = self.scan.items.split_at_checked(self.group.end).unwrap_or((&self.scan.items, &[]));
        let names_members = |item: &&Item<'_>| matches!(item, Item::Instance(_) | Item::CoreAlias(..));
        for item in before.iter().filter(|item| !names_members(item)) {
            self.item(item, joined)?;
        }
        self.join(outside)?;
        for item in before.iter().filter(names_members).chain(after) {
            self.item(item, joined)?;
        }
        Ok(self.written.finish())
    }

    fn item(&mut self, item: &Item<'a>, joined: &[u8]) -> Result<(), Error> {
        match item {
            Item::Module(number) => self.module(*number, joined),
            Item::Instance(number) => self.instance(*number),
            Item::CoreAlias(space, index) => self.core_alias(*space, *index),
            Item::Canonical(function, index) => {
                let mut section = CanonicalFunctionSection::new();
                self.parse_component_canonical(&mut section, function.clone())?;
                self.written.section(&section);
                if let Some(index) = index {
                    self.define(IndexSpace::Function, *index);
                }
                Ok(())
            }
            Item::Types(types) => {
                let mut section = ComponentTypeSection::new();
                self.parse_component_type_section(&mut section, types.clone())?;
                self.written.section(&section);
                Ok(())
            }
            Item::Alias(alias) => {
                let mut section = ComponentAliasSection::new();
                section.alias(self.component_alias(alias.clone())?);
                self.written.section(&section);
                Ok(())
            }
            Item::Component(data) => {
                self.written.section(&RawSection { id: ComponentSectionId::Component.into(), data });
                Ok(())
            }
            Item::Other { id, data, .. } => {
                self.written.section(&RawSection { id: *id, data });
                Ok(())
            }
        }
    }

    fn define(&mut self, space: IndexSpace, old: u32) {
        let new = self.counters.next(space);
        self.indices.insert(space, old, new);
    }

    /// Modules keep their numbers: the joined module replaces the first member's, and the other members' become empty.
    fn module(&mut self, number: u32, joined: &[u8]) -> Result<(), Error> {
        let id = ComponentSectionId::CoreModule.into();
        let empty = Module::new().finish();
        let data = match self.group.made_from(number) {
            Some(0) => joined,
            Some(_) => &empty,
            None => self.scan.module(number)?.bytes,
        };
        self.written.section(&RawSection { id, data });
        Ok(())
    }

    /// Instantiates the joined module.
    fn join(&mut self, outside: &[u32]) -> Result<(), Error> {
        let Some(first) = self.group.members.first() else { return Ok(()) };
        let mut imports = Vec::new();
        for (number, index) in outside.iter().enumerate() {
            imports.push((number.to_string(), self.indices.get(IndexSpace::Function, *index)?));
        }
        let mut section = InstanceSection::new();
        section.export_items(imports.iter().map(|(name, index)| (name.as_str(), ExportKind::Func, *index)));
        section.instantiate(self.scan.module_of(*first)?, [("", ModuleArg::Instance(0))]);
        self.written.section(&section);
        self.instance_count = JOINED + 1;
        Ok(())
    }

    fn instance(&mut self, number: u32) -> Result<(), Error> {
        let instance = self.scan.instance(number)?;
        let unneeded = matches!(instance, Instance::FromExports(_)) && !self.needed.instances.contains(&number);
        if unneeded || self.group.number(number).is_some() {
            return Ok(());
        }
        if let Instance::Instantiate { args, .. } = instance {
            for arg in args {
                if self.group.number(arg.index).is_some() && !self.instances.contains_key(&arg.index) {
                    self.show(arg.index)?;
                }
            }
        }
        let mut section = InstanceSection::new();
        self.parse_instance(&mut section, instance.clone())?;
        self.written.section(&section);
        self.add_instance(number);
        Ok(())
    }

    fn add_instance(&mut self, number: u32) {
        self.instances.insert(number, self.instance_count);
        self.instance_count += 1;
    }

    /// Makes an instance that lists all exports of a member that others need.
    fn show(&mut self, member: u32) -> Result<(), Error> {
        let mut exports = Vec::new();
        for export in self.needed.exports.range((member, 0)..=(member, u32::MAX)) {
            let Export { name, kind, .. } = self.scan.export(*export)?;
            exports.push((*name, self.export_kind(*kind)?, self.alias(IndexSpace::from(*kind), *export)?));
        }
        let mut section = InstanceSection::new();
        section.export_items(exports);
        self.written.section(&section);
        self.add_instance(member);
        Ok(())
    }

    fn core_alias(&mut self, space: IndexSpace, index: u32) -> Result<(), Error> {
        if self.needed.entities.contains(&(space, index)) {
            let new = match self.scan.entity(space, index)? {
                Entity::Export(export) => self.alias(space, export)?,
                Entity::Canonical(function) => self.indices.get(space, function)?,
            };
            self.indices.insert(space, index, new);
        }
        Ok(())
    }

    /// The index of an export of a core instance.
    fn alias(&mut self, space: IndexSpace, export: ExportOf) -> Result<u32, Error> {
        if let Some(index) = self.aliases.get(&export) {
            return Ok(*index);
        }
        let joined = self.group.number(export.0).map(|member| module::export_name(member, export.1));
        let mut section = ComponentAliasSection::new();
        section.alias(Alias::CoreInstanceExport {
            instance: if joined.is_some() { JOINED } else { self.instance_index(export.0) },
            kind: export_kind(space),
            name: joined.as_deref().map_or_else(|| self.scan.export(export).map(|export| export.name), Ok)?,
        });
        self.written.section(&section);
        let index = self.counters.next(space);
        self.aliases.insert(export, index);
        Ok(index)
    }
}

fn export_kind(space: IndexSpace) -> ExportKind {
    match space {
        IndexSpace::Function => ExportKind::Func,
        IndexSpace::Table => ExportKind::Table,
        IndexSpace::Memory => ExportKind::Memory,
        IndexSpace::Global => ExportKind::Global,
        IndexSpace::Tag => ExportKind::Tag,
    }
}

impl Reencode for Rewriter<'_, '_> {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(IndexSpace::Function, index)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(IndexSpace::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(IndexSpace::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(IndexSpace::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(IndexSpace::Tag, index)
    }
}

impl ReencodeComponent for Rewriter<'_, '_> {
    fn instance_index(&mut self, index: u32) -> u32 {
        // A missing one is noticed when the result is validated.
        self.instances.get(&index).copied().unwrap_or(u32::MAX)
    }
}
