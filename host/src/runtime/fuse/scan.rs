//! What a component consists of, and which of its core instances can be one.

use std::borrow::Cow;
use std::collections::HashMap;

use wasm_encoder::reencode::{Error as ReencodeError, Reencode, ReencodeComponent};
use wasm_encoder::{CanonicalFunctionSection, ComponentTypeSection};
use wasmparser::{
    CanonicalFunction, Chunk, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, ComponentTypeSectionReader, Import, Instance, Parser, Payload,
};

use super::module::{Member, Parts, Source, kind_of};
use super::{Counters, Error, Kind, NoSuchIndex};

/// A core instance, and a name of an export of it.
pub(super) type ExportOf<'a> = (u32, &'a str);

/// Whether core modules are used in other ways than to make core instances of the component that they are in.
pub(super) fn hands_modules_on(bytes: &[u8]) -> Result<bool, Error> {
    for payload in Parser::new(0).parse_all(bytes) {
        let found = match payload? {
            Payload::ComponentImportSection(imports) => imports
                .into_iter()
                .any(|import| matches!(import.map(|import| import.ty), Ok(ComponentTypeRef::Module(_)))),
            Payload::ComponentExportSection(exports) => exports
                .into_iter()
                .any(|export| matches!(export.map(|export| export.kind), Ok(ComponentExternalKind::Module))),
            Payload::ComponentAliasSection(aliases) => aliases.into_iter().any(|alias| {
                matches!(
                    alias,
                    Ok(ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. }
                        | ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. })
                )
            }),
            Payload::ComponentInstanceSection(instances) => instances.into_iter().any(|instance| match instance {
                Ok(ComponentInstance::Instantiate { args, .. }) => {
                    args.iter().any(|arg| arg.kind == ComponentExternalKind::Module)
                }
                Ok(ComponentInstance::FromExports(exports)) => {
                    exports.iter().any(|export| export.kind == ComponentExternalKind::Module)
                }
                Err(_) => false,
            }),
            _ => false,
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A part of a component.
pub(super) enum Item<'a> {
    /// The number of a core module.
    Module(u32),
    /// The number of a core instance.
    Instance(u32),
    /// An export of a core instance: its kind, and the index that it gets.
    CoreAlias(Kind, u32),
    /// The index that it has among the core functions, if it is one.
    Canonical(CanonicalFunction, Option<u32>),
    /// Resources name the core functions that destroy them.
    Types(ComponentTypeSectionReader<'a>),
    Alias(ComponentAlias<'a>),
    Component(Cow<'a, [u8]>),
    /// A section that names nothing of the core.
    Other(u8, &'a [u8]),
}

impl Item<'_> {
    /// What of the core it names, other than core instances do.
    pub(super) fn uses(&self) -> Result<Vec<(Kind, u32)>, Error> {
        let mut uses = Uses(Vec::new());
        match self {
            Self::Canonical(function, _) => {
                uses.parse_component_canonical(&mut CanonicalFunctionSection::new(), function.clone())?;
            }
            Self::Types(types) => {
                uses.parse_component_type_section(&mut ComponentTypeSection::new(), types.clone())?;
            }
            _ => {}
        }
        Ok(uses.0)
    }
}

/// What a core function, table, … of the component is.
#[derive(Clone, Copy)]
pub(super) enum Entity<'a> {
    Export(ExportOf<'a>),
    Canonical,
}

/// One component, without what is inside of those that it consists of.
#[derive(Default)]
pub(super) struct Scan<'a> {
    pub(super) items: Vec<Item<'a>>,
    modules: Vec<(&'a [u8], Parts<'a>)>,
    instances: Vec<Instance<'a>>,
    pub(super) entities: HashMap<(Kind, u32), Entity<'a>>,
}

/// Core instances that become one.
pub(super) struct Group {
    /// Their numbers.
    pub(super) members: Vec<u32>,
    /// The first item that needs one of them.
    pub(super) end: usize,
}

impl Group {
    pub(super) fn number(&self, instance: u32) -> Option<usize> {
        self.members.iter().position(|member| *member == instance)
    }
}

impl<'a> Scan<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut scan = Self::default();
        let mut counters = Counters::default();
        let mut parser = Parser::new(0);
        let mut rest = bytes;
        while !rest.is_empty() {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else { break };
            rest = rest.get(consumed..).unwrap_or_default();
            if let Payload::ModuleSection { unchecked_range: range, .. }
            | Payload::ComponentSection { unchecked_range: range, .. } = &payload
            {
                rest = rest.get(range.len()..).unwrap_or_default();
            }
            scan.add(payload, bytes, &mut counters)?;
        }
        Ok(scan)
    }

    fn add(&mut self, payload: Payload<'a>, bytes: &'a [u8], counters: &mut Counters) -> Result<(), Error> {
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                self.items.push(Item::Module(number(self.modules.len())));
                let module = bytes.get(unchecked_range).unwrap_or_default();
                self.modules.push((module, Parts::parse(module)?));
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                self.items.push(Item::Component(bytes.get(unchecked_range).unwrap_or_default().into()));
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    self.items.push(Item::Instance(number(self.instances.len())));
                    self.instances.push(instance?);
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    self.items.push(match alias? {
                        ComponentAlias::CoreInstanceExport { kind, instance_index, name } => {
                            let kind = Kind::from(kind);
                            let index = counters.next(kind);
                            self.entities.insert((kind, index), Entity::Export((instance_index, name)));
                            Item::CoreAlias(kind, index)
                        }
                        other => Item::Alias(other),
                    });
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    let function = function?;
                    let is_core = !matches!(function, CanonicalFunction::Lift { .. });
                    let index = is_core.then(|| counters.next(Kind::Function));
                    if let Some(index) = index {
                        self.entities.insert((Kind::Function, index), Entity::Canonical);
                    }
                    self.items.push(Item::Canonical(function, index));
                }
            }
            Payload::ComponentTypeSection(types) => self.items.push(Item::Types(types)),
            // Names of indices that will be others.
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    self.items.push(Item::Other(id, bytes.get(range).unwrap_or_default()));
                }
            }
        }
        Ok(())
    }

    pub(super) fn instance(&self, number: u32) -> Result<&Instance<'a>, Error> {
        self.instances.get(number as usize).ok_or(ReencodeError::UserError(NoSuchIndex))
    }

    pub(super) fn module(&self, number: u32) -> Result<&(&'a [u8], Parts<'a>), Error> {
        self.modules.get(number as usize).ok_or(ReencodeError::UserError(NoSuchIndex))
    }

    /// The first core instances, up to the first item that needs more of them than a name for an export. None or several.
    pub(super) fn group(&self) -> Result<Group, Error> {
        let mut group = Group { members: Vec::new(), end: self.items.len() };
        for (position, item) in self.items.iter().enumerate() {
            match item {
                Item::Instance(number) => {
                    let Instance::Instantiate { module_index, .. } = self.instance(*number)? else { continue };
                    let (_, parts) = self.module(*module_index)?;
                    if parts.debuggable || self.is_shared(*module_index) {
                        group.end = position;
                        break;
                    }
                    group.members.push(*number);
                    // It runs before anything else is put into memories and tables.
                    if parts.start.is_some() {
                        group.end = position + 1;
                        break;
                    }
                }
                _ => {
                    if item.uses()?.iter().any(|used| matches!(self.entities.get(used), Some(Entity::Export(_)))) {
                        group.end = position;
                        break;
                    }
                }
            }
        }
        if group.members.len() < 2 {
            group.members.clear();
        }
        Ok(group)
    }

    /// What a module imports under one module name.
    pub(super) fn imports_from(&self, module: u32, name: &str) -> Result<impl Iterator<Item = &Import<'a>>, Error> {
        let (_, parts) = self.module(module)?;
        Ok(parts.imports.iter().filter(move |import| import.module == name))
    }

    /// Whether several instances are made from a module.
    fn is_shared(&self, module: u32) -> bool {
        let made = |instance: &&Instance<'_>| matches!(instance, Instance::Instantiate { module_index, .. } if *module_index == module);
        self.instances.iter().filter(made).count() > 1
    }

    /// A member with the sources of its imports; those from outside are added to `outside`.
    pub(super) fn member(
        &self,
        number: u32,
        group: &Group,
        outside: &mut Vec<(Kind, u32)>,
    ) -> Result<Member<'_>, Error> {
        let Instance::Instantiate { module_index, args } = self.instance(number)? else {
            return Err(ReencodeError::UserError(NoSuchIndex));
        };
        let (_, parts) = self.module(*module_index)?;
        let mut sources = Vec::new();
        for import in &parts.imports {
            let arg = args.iter().find(|arg| arg.name == import.module);
            let source = arg.and_then(|arg| self.source((arg.index, import.name), group));
            sources.push(match source.ok_or(ReencodeError::UserError(NoSuchIndex))? {
                Origin::Member(source) => source,
                Origin::Outside(index) => {
                    outside.push((kind_of(&import.ty), index));
                    Source::Outside
                }
            });
        }
        Ok(Member { parts, sources })
    }

    fn source(&self, mut export: ExportOf<'a>, group: &Group) -> Option<Origin<'a>> {
        loop {
            let (number, name) = export;
            let exports = match self.instances.get(number as usize)? {
                Instance::Instantiate { .. } => {
                    return Some(Origin::Member(Source::Member(group.number(number)?, name)));
                }
                Instance::FromExports(exports) => exports,
            };
            let found = exports.iter().find(|export| export.name == name)?;
            match self.entities.get(&(Kind::from(found.kind), found.index))? {
                // Of an instance before this one, so that this comes to an end.
                Entity::Export(origin) if origin.0 < number => export = *origin,
                Entity::Export(_) => return None,
                Entity::Canonical => return Some(Origin::Outside(found.index)),
            }
        }
    }
}

enum Origin<'a> {
    Member(Source<'a>),
    /// A core function of the component.
    Outside(u32),
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Collects the indices of what is taken over.
struct Uses(Vec<(Kind, u32)>);

impl Uses {
    fn add(&mut self, kind: Kind, index: u32) -> u32 {
        self.0.push((kind, index));
        index
    }
}

impl Reencode for Uses {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.add(Kind::Function, index))
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.add(Kind::Table, index))
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.add(Kind::Memory, index))
    }
}

impl ReencodeComponent for Uses {}
