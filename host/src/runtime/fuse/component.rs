//! A component whose first core instances are one.

use std::collections::{HashMap, HashSet};

use wasm_encoder::reencode::{Error as ReencodeError, Reencode, ReencodeComponent};
use wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentSectionId, ComponentTypeSection,
    ExportKind, InstanceSection, Module, ModuleArg, RawSection,
};
use wasmparser::{Import, Instance, Validator, WasmFeatures};

use super::module::{self, kind_of};
use super::scan::{Entity, ExportOf, Group, Item, Scan, hands_modules_on};
use super::{Counters, Error, Indices, Kind, NoSuchIndex};

/// How deep components are looked for in components.
const DEPTH: u32 = 8;

/// Joins the first core modules of a component, and of those that it consists of. None: there is nothing to join.
///
/// # Errors
///
/// Where the component is invalid, or has something that cannot be taken over.
pub(in crate::runtime) fn fuse(bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    // What follows relies on it: counts, indices and nesting are bounded then.
    Validator::new_with_features(WasmFeatures::all()).validate_all(bytes)?;
    if hands_modules_on(bytes)? { Ok(None) } else { fuse_component(bytes, DEPTH) }
}

fn fuse_component(bytes: &[u8], depth: u32) -> Result<Option<Vec<u8>>, Error> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
    let mut scan = Scan::of(bytes)?;
    let mut changed = false;
    for item in &mut scan.items {
        if let Item::Component(bytes) = item
            && let Some(fused) = fuse_component(bytes, depth)?
        {
            *bytes = fused.into();
            changed = true;
        }
    }
    let group = scan.group()?;
    if group.members.is_empty() && !changed {
        return Ok(None);
    }
    let needed = Needed::by_others(&scan, &group)?;
    let mut outside = Vec::new();
    let mut members = Vec::new();
    for member in &group.members {
        members.push(scan.member(*member, &group, &mut outside)?);
    }
    let exported =
        needed.exports.iter().filter_map(|(instance, name)| Some((group.number(*instance)?, *name))).collect();
    let joined = module::join(&members, &exported)?;
    Rewriter::new(&scan, &group, &needed).rewrite(&joined, &outside).map(Some)
}

/// What is still needed where the members are one.
#[derive(Default)]
struct Needed<'a> {
    entities: HashSet<(Kind, u32)>,
    instances: HashSet<u32>,
    exports: HashSet<ExportOf<'a>>,
}

impl<'a> Needed<'a> {
    fn by_others(scan: &Scan<'a>, group: &Group) -> Result<Self, Error> {
        let mut needed = Self::default();
        for item in &scan.items {
            match item {
                Item::Instance(number) if group.number(*number).is_none() => {
                    if let Instance::Instantiate { module_index, args } = scan.instance(*number)? {
                        for arg in args {
                            for entity in needed.instance(scan, arg.index) {
                                needed.entity(scan, entity);
                            }
                            if group.number(arg.index).is_some() {
                                let imports = scan.imports_from(*module_index, arg.name)?;
                                needed.exports.extend(imports.map(|import| (arg.index, import.name)));
                            }
                        }
                    }
                }
                _ => {
                    for used in item.uses()? {
                        needed.entity(scan, used);
                    }
                }
            }
        }
        Ok(needed)
    }

    fn entity(&mut self, scan: &Scan<'a>, entity: (Kind, u32)) {
        let mut pending = vec![entity];
        while let Some(entity) = pending.pop() {
            if self.entities.insert(entity)
                && let Some(Entity::Export(export)) = scan.entities.get(&entity)
            {
                self.exports.insert(*export);
                pending.extend(self.instance(scan, export.0));
            }
        }
    }

    /// Adds an instance, and returns what it consists of.
    fn instance(&mut self, scan: &Scan<'a>, number: u32) -> Vec<(Kind, u32)> {
        match scan.instance(number) {
            Ok(Instance::FromExports(exports)) if self.instances.insert(number) => {
                exports.iter().map(|export| (export.kind.into(), export.index)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The number of the joined instance, after one that has all its imports.
const JOINED: u32 = 1;

/// Writes the component with one core instance in the place of the members.
struct Rewriter<'r, 'a> {
    scan: &'r Scan<'a>,
    group: &'r Group,
    needed: &'r Needed<'a>,
    indices: Indices,
    counters: Counters,
    /// Those of the members show what the latest instance that is made from them needs of them.
    instances: HashMap<u32, u32>,
    instance_count: u32,
    written: Component,
}

impl<'r, 'a> Rewriter<'r, 'a> {
    fn new(scan: &'r Scan<'a>, group: &'r Group, needed: &'r Needed<'a>) -> Self {
        Self {
            scan,
            group,
            needed,
            indices: Indices::default(),
            counters: Counters::default(),
            instances: HashMap::new(),
            instance_count: 0,
            written: Component::new(),
        }
    }

    fn rewrite(mut self, joined: &[u8], outside: &[(Kind, u32)]) -> Result<Vec<u8>, Error> {
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
            Item::CoreAlias(kind, index) => self.core_alias(*kind, *index),
            Item::Canonical(function, index) => {
                let mut section = CanonicalFunctionSection::new();
                self.parse_component_canonical(&mut section, function.clone())?;
                self.written.section(&section);
                if let Some(index) = index {
                    self.define(Kind::Function, *index);
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
            Item::Other(id, data) => {
                self.written.section(&RawSection { id: *id, data });
                Ok(())
            }
        }
    }

    fn define(&mut self, kind: Kind, old: u32) {
        let new = self.counters.next(kind);
        self.indices.insert(kind, old, new);
    }

    /// Modules keep their numbers: the joined one is in the place of the first member's, the others become empty.
    fn module(&mut self, number: u32, joined: &[u8]) -> Result<(), Error> {
        let id = ComponentSectionId::CoreModule.into();
        let empty = Module::new().finish();
        let data = match self.members_module(number)? {
            Some(0) => joined,
            Some(_) => &empty,
            None => self.scan.module(number)?.0,
        };
        self.written.section(&RawSection { id, data });
        Ok(())
    }

    /// Which member is made from a module.
    fn members_module(&self, number: u32) -> Result<Option<usize>, Error> {
        for (position, member) in self.group.members.iter().enumerate() {
            if matches!(self.scan.instance(*member)?, Instance::Instantiate { module_index, .. } if *module_index == number)
            {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Instantiates the joined module.
    fn join(&mut self, outside: &[(Kind, u32)]) -> Result<(), Error> {
        let mut imports = Vec::new();
        for (number, (kind, index)) in outside.iter().enumerate() {
            imports.push((number.to_string(), export_kind(*kind), self.indices.get(*kind, *index)?));
        }
        let Some(first) = self.group.members.first() else { return Ok(()) };
        let Instance::Instantiate { module_index, .. } = self.scan.instance(*first)? else {
            return Err(ReencodeError::UserError(NoSuchIndex));
        };
        let mut section = InstanceSection::new();
        section.export_items(imports.iter().map(|(name, kind, index)| (name.as_str(), *kind, *index)));
        section.instantiate(*module_index, [("", ModuleArg::Instance(0))]);
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
        if let Instance::Instantiate { module_index, args } = instance {
            for arg in args {
                if let Some(member) = self.group.number(arg.index) {
                    self.show(member, arg.index, self.scan.imports_from(*module_index, arg.name)?);
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

    /// Makes an instance of those exports of a member that somebody imports.
    fn show<'i>(&mut self, member: usize, number: u32, imports: impl Iterator<Item = &'i Import<'i>>) {
        let mut aliases = ComponentAliasSection::new();
        let mut exports = Vec::new();
        for import in imports {
            let kind = kind_of(&import.ty);
            let name = module::export_name(member, import.name);
            aliases.alias(Alias::CoreInstanceExport { instance: JOINED, kind: export_kind(kind), name: &name });
            exports.push((import.name, export_kind(kind), self.counters.next(kind)));
        }
        let mut instances = InstanceSection::new();
        instances.export_items(exports);
        self.written.section(&aliases).section(&instances);
        self.add_instance(number);
    }

    fn core_alias(&mut self, kind: Kind, index: u32) -> Result<(), Error> {
        let Some(Entity::Export((instance, name))) = self.scan.entities.get(&(kind, index)) else { return Ok(()) };
        if !self.needed.entities.contains(&(kind, index)) {
            return Ok(());
        }
        let joined = self.group.number(*instance).map(|member| module::export_name(member, name));
        let mut section = ComponentAliasSection::new();
        section.alias(Alias::CoreInstanceExport {
            instance: if joined.is_some() { JOINED } else { self.instance_index(*instance) },
            kind: export_kind(kind),
            name: joined.as_deref().unwrap_or(name),
        });
        self.written.section(&section);
        self.define(kind, index);
        Ok(())
    }
}

fn export_kind(kind: Kind) -> ExportKind {
    match kind {
        Kind::Function => ExportKind::Func,
        Kind::Table => ExportKind::Table,
        Kind::Memory => ExportKind::Memory,
        Kind::Global => ExportKind::Global,
        Kind::Tag => ExportKind::Tag,
    }
}

impl Reencode for Rewriter<'_, '_> {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(Kind::Function, index)
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(Kind::Table, index)
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(Kind::Memory, index)
    }

    fn global_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(Kind::Global, index)
    }

    fn tag_index(&mut self, index: u32) -> Result<u32, Error> {
        self.indices.get(Kind::Tag, index)
    }
}

impl ReencodeComponent for Rewriter<'_, '_> {
    fn instance_index(&mut self, index: u32) -> u32 {
        // One that is missing is found when the result is validated.
        self.instances.get(&index).copied().unwrap_or(u32::MAX)
    }
}
