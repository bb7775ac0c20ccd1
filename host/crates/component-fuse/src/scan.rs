//! A component, taken apart into the items that matter to its core instances.

use std::borrow::Cow;
use std::collections::HashMap;

use wasm_encoder::reencode::{Reencode, ReencodeComponent};
use wasm_encoder::{CanonicalFunctionSection, ComponentTypeSection};
use wasmparser::{
    CanonicalFunction, Chunk, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, ComponentTypeSectionReader, Export, Import, Instance, Parser, Payload,
};

use super::error::{Error, MISSING, NoSuchIndex};
use super::indices::{Counters, IndexSpace, count};
use super::parts::Parts;

/// A core instance that is made from a module, and the number of one of the module's exports.
pub(super) type ExportOf = (u32, u32);

/// Whether core modules are used for anything but core instances of the component that they are in.
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
    /// An export of a core instance: its index space, and the index that it gets.
    CoreAlias(IndexSpace, u32),
    /// A canonical function. Its index among the core functions, if it is a core function.
    Canonical(CanonicalFunction, Option<u32>),
    /// Types. Resources name the core functions that destroy them.
    Types(ComponentTypeSectionReader<'a>),
    Alias(ComponentAlias<'a>),
    Component(Cow<'a, [u8]>),
    /// A section that names nothing of the core. Whether it instantiates components, whose code may then run.
    Other {
        id: u8,
        data: &'a [u8],
        instantiates: bool,
    },
}

impl Item<'_> {
    /// The core items that it names, unless it is a core instance.
    pub(super) fn uses(&self) -> Result<Vec<(IndexSpace, u32)>, Error> {
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

/// What a core function, table and so on of the component is. An item may have several names, in instances that pass on
/// what others export; it is the same entity however long that chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entity {
    Export(ExportOf),
    /// A function that the component makes, and its index among the core functions.
    Canonical(u32),
}

pub(super) struct CoreModule<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) parts: Parts<'a>,
    /// How many instances are made from it.
    pub(super) instances: u32,
}

struct CoreInstance<'a> {
    instance: Instance<'a>,
    /// The places of names in its list of arguments or exports.
    positions: HashMap<&'a str, usize>,
}

/// One component, without the insides of the components in it.
#[derive(Default)]
pub(super) struct Scan<'a> {
    pub(super) items: Vec<Item<'a>>,
    modules: Vec<CoreModule<'a>>,
    instances: Vec<CoreInstance<'a>>,
    entities: HashMap<(IndexSpace, u32), Entity>,
    /// Bytes of the imports of all core instances. A module's imports count once for every instance of it.
    pub(super) linked: usize,
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
                self.items.push(Item::Module(count(self.modules.len())));
                let bytes = bytes.get(unchecked_range).unwrap_or_default();
                self.modules.push(CoreModule { bytes, parts: Parts::parse(bytes)?, instances: 0 });
            }
            Payload::ComponentSection { unchecked_range, .. } => {
                self.items.push(Item::Component(bytes.get(unchecked_range).unwrap_or_default().into()));
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    self.add_instance(instance?)?;
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    let item = self.alias(alias?, counters)?;
                    self.items.push(item);
                }
            }
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    let function = function?;
                    let is_core = !matches!(function, CanonicalFunction::Lift { .. });
                    let index = is_core.then(|| counters.next(IndexSpace::Function));
                    if let Some(index) = index {
                        self.entities.insert((IndexSpace::Function, index), Entity::Canonical(index));
                    }
                    self.items.push(Item::Canonical(function, index));
                }
            }
            Payload::ComponentTypeSection(types) => self.items.push(Item::Types(types)),
            // Names of items by indices, which change.
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = bytes.get(range).unwrap_or_default();
                    self.items.push(Item::Other { id, data, instantiates: instantiates(other) });
                }
            }
        }
        Ok(())
    }

    fn add_instance(&mut self, instance: Instance<'a>) -> Result<(), Error> {
        let positions = match &instance {
            Instance::Instantiate { module_index, args } => {
                let module = self.modules.get_mut(*module_index as usize);
                let module = module.ok_or(MISSING)?;
                module.instances += 1;
                self.linked = self.linked.saturating_add(module.parts.import_bytes);
                args.iter().map(|arg| arg.name).zip(0..).collect()
            }
            Instance::FromExports(exports) => exports.iter().map(|export| export.name).zip(0..).collect(),
        };
        self.items.push(Item::Instance(count(self.instances.len())));
        self.instances.push(CoreInstance { instance, positions });
        Ok(())
    }

    fn alias(&mut self, alias: ComponentAlias<'a>, counters: &mut Counters) -> Result<Item<'a>, Error> {
        let ComponentAlias::CoreInstanceExport { kind, instance_index, name } = alias else {
            return Ok(Item::Alias(alias));
        };
        let space = IndexSpace::from(kind);
        let index = counters.next(space);
        self.entities.insert((space, index), self.named(instance_index, name)?);
        Ok(Item::CoreAlias(space, index))
    }

    pub(super) fn module(&self, number: u32) -> Result<&CoreModule<'a>, Error> {
        self.modules.get(number as usize).ok_or(MISSING)
    }

    fn core_instance(&self, number: u32) -> Result<&CoreInstance<'a>, Error> {
        self.instances.get(number as usize).ok_or(MISSING)
    }

    pub(super) fn instance(&self, number: u32) -> Result<&Instance<'a>, Error> {
        Ok(&self.core_instance(number)?.instance)
    }

    /// The module that an instance is made from.
    pub(super) fn module_of(&self, instance: u32) -> Result<u32, Error> {
        match self.instance(instance)? {
            Instance::Instantiate { module_index, .. } => Ok(*module_index),
            Instance::FromExports(_) => Err(MISSING),
        }
    }

    pub(super) fn export(&self, (instance, export): ExportOf) -> Result<&Export<'a>, Error> {
        let exports = &self.module(self.module_of(instance)?)?.parts.exports;
        exports.get(export as usize).ok_or(MISSING)
    }

    pub(super) fn entity(&self, space: IndexSpace, index: u32) -> Result<Entity, Error> {
        self.entities.get(&(space, index)).copied().ok_or(MISSING)
    }

    /// The entity that an instance exports under a name.
    pub(super) fn named(&self, number: u32, name: &str) -> Result<Entity, Error> {
        let CoreInstance { instance, positions } = self.core_instance(number)?;
        match instance {
            Instance::Instantiate { module_index, .. } => {
                let export = self.module(*module_index)?.parts.export(name);
                Ok(Entity::Export((number, export.ok_or(MISSING)?)))
            }
            Instance::FromExports(exports) => {
                let export = positions.get(name).and_then(|position| exports.get(*position));
                let export = export.ok_or(MISSING)?;
                self.entity(export.kind.into(), export.index)
            }
        }
    }

    /// The imports of an instance's module, each with the instance that it is taken from.
    pub(super) fn imports(&self, number: u32) -> Result<Vec<(&Import<'a>, u32)>, Error> {
        let CoreInstance { instance, positions } = self.core_instance(number)?;
        let Instance::Instantiate { module_index, args } = instance else { return Ok(Vec::new()) };
        let imports = self.module(*module_index)?.parts.imports.iter().map(|import| {
            let arg = positions.get(import.module).and_then(|position| args.get(*position));
            Ok((import, arg.ok_or(MISSING)?.index))
        });
        imports.collect()
    }
}

fn instantiates(section: Payload<'_>) -> bool {
    let Payload::ComponentInstanceSection(instances) = section else { return false };
    instances.into_iter().any(|instance| matches!(instance, Ok(ComponentInstance::Instantiate { .. })))
}

/// Collects the indices of core items that are named.
struct Uses(Vec<(IndexSpace, u32)>);

impl Uses {
    fn add(&mut self, space: IndexSpace, index: u32) -> u32 {
        self.0.push((space, index));
        index
    }
}

impl Reencode for Uses {
    type Error = NoSuchIndex;

    fn function_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.add(IndexSpace::Function, index))
    }

    fn table_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.add(IndexSpace::Table, index))
    }

    fn memory_index(&mut self, index: u32) -> Result<u32, Error> {
        Ok(self.add(IndexSpace::Memory, index))
    }
}

impl ReencodeComponent for Uses {}
